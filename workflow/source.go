package workflow

import (
	"io/fs"

	"github.com/replank/replank/workflow/schema"
)

// Text is a source in YAML or JSON. Findings call it "text".
func Text(src string) schema.Source { return textSource(src) }

type textSource string

// Schemas implements schema.Source.
func (s textSource) Schemas() ([]*schema.Process, error) {
	p, err := schema.Parse("text", []byte(s))
	if err != nil {
		return nil, err
	}
	return []*schema.Process{p}, nil
}

// Files is every file of fsys that matches a glob (see io/fs.Glob); each holds one process in YAML or JSON. A glob that
// matches nothing is an error.
func Files(fsys fs.FS, globs ...string) schema.Source { return fileSource{fsys, globs} }

type fileSource struct {
	fsys  fs.FS
	globs []string
}

// Schemas implements schema.Source.
func (s fileSource) Schemas() ([]*schema.Process, error) { return schema.ParseFS(s.fsys, s.globs...) }
