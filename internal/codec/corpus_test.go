package codec

import (
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var addCorpus = flag.Bool("add-corpus", false, "write the corpus files that are missing; existing ones are never changed")

// The corpus holds records as releases wrote them, and what they mean. Every later release must read them the same. A
// file is never changed: a new form of a record gets a new example, and so a new file.
func TestCorpus(t *testing.T) {
	dir := filepath.Join("testdata", "corpus")
	known := map[string]bool{}
	for _, e := range examples {
		known[e.name+".txt"] = true
		path := filepath.Join(dir, e.name+".txt")
		text, err := os.ReadFile(path)
		if os.IsNotExist(err) && *addCorpus {
			b := e.encode()
			meaning, err := e.decode(b)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(hex.EncodeToString(b)+"\n"+meaning), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%v: run this test with -add-corpus", err)
			continue
		}
		dump, want, _ := strings.Cut(string(text), "\n")
		b, err := hex.DecodeString(dump)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		got, err := e.decode(b)
		if err != nil || got != want {
			t.Errorf("%s is read as\n%s(error: %v), want\n%s", path, got, err, want)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !known[f.Name()] {
			t.Errorf("%s has no example that reads it: what was written once must stay readable", f.Name())
		}
	}
}
