package bpmn

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/replank/replank/workflow/schema"
)

// TestCorpus reads every BPMN file under the folder that REPLANK_CORPUS names, and prints what becomes of each distinct
// one: imported, or the codes of the findings that refuse it. Without the variable there is nothing to read.
func TestCorpus(t *testing.T) {
	dir := os.Getenv("REPLANK_CORPUS")
	if dir == "" {
		t.Skip("REPLANK_CORPUS names no folder")
	}
	seen := map[[32]byte]bool{}
	var files, imported int
	var took time.Duration
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(filepath.Ext(path), "bpmn") {
			return err
		}
		src, err := os.ReadFile(path)
		if sum := sha256.Sum256(src); err != nil || seen[sum] {
			return err
		} else {
			seen[sum] = true
		}
		files++
		for mode, o := range map[string]Options{"full": {}, "control": {ControlOnly: true}, "strict": {Strict: true}} {
			began := time.Now()
			_, err := o.Parse(path, src)
			if mode == "full" {
				took += time.Since(began)
			}
			if err == nil {
				if mode == "full" {
					imported++
				}
				t.Logf("%s imported %s", mode, path)
				continue
			}
			refused := (*schema.Error)(nil)
			if !errors.As(err, &refused) || len(refused.Findings) == 0 {
				t.Errorf("%s: %v", path, err)
				continue
			}
			var codes []string
			for _, f := range refused.Findings {
				if f.Severity == schema.Fatal {
					codes = append(codes, f.Code)
				}
				if f.Pos.Line == 0 && f.Code != "schema/more" {
					t.Errorf("%s: not located: %v", path, f)
				}
				t.Logf("%s finding %s %s %s %q", mode, path, f.Severity, f.Code, f.Message)
			}
			slices.Sort(codes)
			t.Logf("%s refused %s %s", mode, path, strings.Join(slices.Compact(codes), " "))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files, %d imported, %v", files, imported, took.Round(time.Millisecond))
}
