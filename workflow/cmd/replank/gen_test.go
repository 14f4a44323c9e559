package main

import (
	"os"
	"strings"
	"testing"
)

// The code of examples/typed is what gen writes today.
func TestExampleIsGenerated(t *testing.T) {
	const dir = "../../../examples/typed/"
	want, err := os.ReadFile(dir + "loan_gen.go")
	if err != nil {
		t.Fatal(err)
	}
	var out, complaints strings.Builder
	if code := run([]string{"gen", "--package", "main", dir + "loan.yaml"}, nil, &out, &complaints); code != yes {
		t.Fatalf("exit %d %s", code, complaints.String())
	}
	if out.String() != string(want) {
		t.Errorf("examples/typed/loan_gen.go is old: run go generate ./examples/typed\n%s", out.String())
	}
}
