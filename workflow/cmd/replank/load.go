package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/replank/replank/workflow/bpmn"
	"github.com/replank/replank/workflow/schema"
)

// maxFile bounds what is read of a file, in bytes; schemas have limits of their own below it.
const maxFile = 64 << 20

// read returns the bytes of a file, or of the standard input if its name is "-".
func (t *terminal) read(name string) ([]byte, error) {
	var from io.Reader = t.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		from = f
	}
	src, err := io.ReadAll(io.LimitReader(from, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(src) > maxFile {
		return nil, fmt.Errorf("%s: more than %d MiB", name, maxFile>>20)
	}
	return src, nil
}

// isBPMN tells BPMN from YAML and JSON, neither of which begins with "<", nor with the byte order marks of UTF-16.
func isBPMN(name string, src []byte) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".bpmn", ".bpmn2", ".bpmn20", ".xml":
		return true
	case ".yaml", ".yml", ".json":
		return false
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(src, []byte("\xEF\xBB\xBF")), " \t\r\n")
	return bytes.HasPrefix(text, []byte("<")) || bytes.HasPrefix(src, []byte("\xFE\xFF")) || bytes.HasPrefix(src, []byte("\xFF\xFE"))
}

// processes reads the processes of a file: all, or the one that the options name.
func (t *terminal) processes(name string, o bpmn.Options) ([]*schema.Process, error) {
	src, err := t.read(name)
	if err != nil {
		return nil, err
	}
	if isBPMN(name, src) {
		return o.Parse(name, src)
	}
	parse := schema.Parse
	if o.ControlOnly {
		parse = schema.ParseControl
	}
	p, err := parse(name, src)
	if err != nil {
		return nil, err
	}
	if o.Process != "" && p.ID() != o.Process {
		return nil, fmt.Errorf("%s: there is no process %q; the file has %q", name, o.Process, p.ID())
	}
	return []*schema.Process{p}, nil
}

// process reads the one process that is meant.
func (t *terminal) process(name, id string, controlOnly bool) (*schema.Process, error) {
	all, err := t.processes(name, bpmn.Options{Process: id, ControlOnly: controlOnly})
	if err != nil {
		return nil, err
	}
	p, err := single(name, all)
	if err == nil && len(p.Open()) > 0 { // what it does is not settled: no question about it has an answer
		return nil, &schema.Error{Findings: p.Open()}
	}
	return p, err
}

// single is the one process of a file.
func single(name string, all []*schema.Process) (*schema.Process, error) {
	if len(all) == 1 {
		return all[0], nil
	}
	ids := make([]string, len(all))
	for i, p := range all {
		ids[i] = p.ID()
	}
	return nil, fmt.Errorf("%s has %d processes: %s; say which with --process", name, len(all), strings.Join(ids, ", "))
}

// nodeID is the id in a schema of the node that a trace names: traces of BPMN tools have the ids of the file.
func nodeID(p *schema.Process, id string) string {
	if p.Node(id) == nil {
		if own := bpmn.ID(id); p.Node(own) != nil {
			return own
		}
	}
	return id
}
