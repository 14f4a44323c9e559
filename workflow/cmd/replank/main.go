// Command replank answers questions about process schemas: may they be deployed, and may an instance that has done this
// and that move to another version?
//
//	replank check --from OLD --to NEW --trace TRACE.json [--process ID[:NEWID]] [--criteria C] [--control-only] [--json]
//	replank verify [--control-only] [--strict] [--json] FILE...
//	replank diff OLD NEW [--process ID[:NEWID]] [--control-only] [--json]
//	replank render FILE [--instance TRACE.json | --diff NEW] [--format svg|mermaid] [-o OUT] [--process ID[:NEWID]] [--control-only] [--json]
//	replank fmt [-w] [-l] [-d] [--json] [FILE...]
//	replank convert IN [OUT] [--to yaml|json|bpmn] [--dialect D] [--process ID] [--control-only] [--open] [--json]
//	replank gen --package NAME [-o FILE.go] [--json] FILE...
//	replank schema
//
// It exits with 0 for yes, 1 for refused or findings, 2 for wrong input or usage. See the help of each verb.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// Exit codes.
const (
	yes     = 0
	refused = 1 // or findings
	wrong   = 2 // input or usage
)

// A verb is what the command can do.
type verb struct {
	name, does string
	run        func(t *terminal, args []string) (int, error)
}

// verbs are all verbs, in the order in which the help shows them.
var verbs = []verb{
	{"check", "may an instance with this trace move from one version of a process to another, and where does it land?", (*terminal).check},
	{"verify", "may the processes in these files be deployed?", (*terminal).verify},
	{"diff", "the changes that lead from one version of a process to another, and what they concern", (*terminal).diff},
	{"render", "a picture of a process, of an instance on it, or of what distinguishes two versions", (*terminal).render},
	{"fmt", "files of YAML or JSON in the canonical layout, comments kept", (*terminal).format},
	{"convert", "a process from YAML, JSON or BPMN to another of them", (*terminal).convert},
	{"gen", "typed Go for the tasks of processes, and an interface for their handlers", (*terminal).gen},
	{"schema", "the JSON Schema of the text form, for editors", (*terminal).schema},
}

// planned are verbs that the command will have.
var planned = []string{"list", "show", "history", "incidents", "backup", "export-traces"}

// usage is the help of the command.
func usage() string {
	var b strings.Builder
	b.WriteString("Usage: replank VERB [flags]\n\n")
	for _, v := range verbs {
		fmt.Fprintf(&b, "  %-8s %s\n", v.name, v.does)
	}
	b.WriteString("\n\"replank VERB --help\" tells more. Exit codes: 0 yes, 1 refused or findings, 2 wrong input or usage.\n")
	return b.String()
}

// named finds a verb. The error names those that there are.
func named(name string) (verb, error) {
	names := make([]string, len(verbs))
	for i, v := range verbs {
		if v.name == name {
			return v, nil
		}
		names[i] = v.name
	}
	known := strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
	if slices.Contains(planned, name) {
		return verb{}, fmt.Errorf("%s is not available yet; the verbs are %s", name, known)
	}
	return verb{}, fmt.Errorf("there is no verb %q; the verbs are %s", name, known)
}

// run is the whole command; what it returns is the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage())
		return wrong
	}
	if args[0] == "help" && len(args) == 2 {
		args = []string{args[1], "--help"}
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, usage())
		return yes
	}
	code := wrong
	verb, err := named(args[0])
	if err == nil {
		code, err = verb.run(&terminal{stdin: stdin, stdout: stdout, stderr: stderr}, args[1:])
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		return yes
	case err != nil:
		fmt.Fprintf(stderr, "replank: %v\n", err)
		return wrong
	}
	return code
}

// spared refuses to write to one of the files that are read.
func spared(out string, in ...string) error {
	target, err := os.Stat(out)
	if err != nil {
		return nil
	}
	for _, name := range in {
		if read, err := os.Stat(name); err == nil && os.SameFile(target, read) {
			return fmt.Errorf("%s is read and would be overwritten; name another file to write to", out)
		}
	}
	return nil
}

// terminal is what a verb reads and writes.
type terminal struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer // for what is said beside a text that somebody may read on
}

// flags makes the flags of a verb; asked for help, it prints text and them.
func (t *terminal) flags(verb, text string) *flag.FlagSet {
	f := flag.NewFlagSet(verb, flag.ContinueOnError)
	f.SetOutput(io.Discard) // mistakes are returned
	f.Usage = func() {
		fmt.Fprint(t.stdout, text, "\nFlags:\n")
		f.SetOutput(t.stdout)
		f.PrintDefaults()
		f.SetOutput(io.Discard)
	}
	return f
}

// parse reads flags and arguments, in any order, and returns the arguments.
func parse(f *flag.FlagSet, args []string) ([]string, error) {
	asked := f.Usage
	f.Usage = func() {} // for help only, not for mistakes
	var rest []string
	for {
		err := f.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			asked()
		}
		if err != nil {
			return nil, err
		}
		if f.NArg() == 0 {
			return rest, nil
		}
		taken := len(args) - f.NArg()
		if taken > 0 && args[taken-1] == "--" {
			return append(rest, f.Args()...), nil
		}
		rest, args = append(rest, f.Arg(0)), f.Args()[1:]
	}
}

// nothing reports arguments where none are wanted.
func nothing(rest []string) error {
	if len(rest) == 0 {
		return nil
	}
	return fmt.Errorf("unexpected %s; files are named by flags", strings.Join(rest, " "))
}
