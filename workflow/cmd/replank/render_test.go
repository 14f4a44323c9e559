package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// The picture in the README is what the command of docs/pictures.md draws.
func TestPictureOfReadme(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "docs", "pictures")
	want, err := os.ReadFile(filepath.Join(dir, "claim.svg"))
	if err != nil {
		t.Fatal(err)
	}
	var out, complaints bytes.Buffer
	code := run([]string{"render", filepath.Join(dir, "claim.yaml"), "--instance", filepath.Join(dir, "claim.json")}, nil, &out, &complaints)
	if code != yes {
		t.Fatalf("exit %d: %s", code, complaints.String())
	}
	if !bytes.Equal(out.Bytes(), want) {
		t.Error("draw it again: go run ./workflow/cmd/replank render docs/pictures/claim.yaml --instance docs/pictures/claim.json -o docs/pictures/claim.svg")
	}
}
