package main

import (
	"os"
	"strings"
	"testing"
)

func Example() {
	main()
	// Output: approved: true
}

// TestReadmeShowsThisProgram: word for word, from the imports on.
func TestReadmeShowsThisProgram(t *testing.T) {
	src, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, program, _ := strings.Cut(string(src), "package main\n")
	if !strings.Contains(string(readme), "```go\npackage main\n"+program+"```\n") {
		t.Error("README.md does not show examples/first/main.go as it is")
	}
}
