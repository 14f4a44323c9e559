package schema

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/replank/replank/internal/expr"
)

// docs/schema.md is the reference for people. Its tables of keys are made from the key table, by
//
//	go test ./workflow/schema -run TestReference -update
//
// and its examples, limits and functions are checked here, so that it says what is built.
const reference = "../../docs/schema.md"

var update = flag.Bool("update", false, "write the tables of docs/schema.md anew")

// entries writes the rows of one mapping.
func entries[T any](b *strings.Builder, what string, rows []row[T]) {
	for _, r := range rows {
		if r.at == nil {
			continue
		}
		key := "`" + r.key + "`"
		if r.need {
			key = "**" + key + "**"
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", what, key, formWords[r.form])
		what = ""
	}
}

// keyTables are the tables of the reference.
func keyTables() string {
	var b strings.Builder
	b.WriteString("| in | key | value |\n|---|---|---|\n")
	entries(&b, "the process", processTable)
	for k := kindUser; k <= kindCancel; k++ {
		fmt.Fprintf(&b, "| **%s** | **`%s`** | id |\n", k, k)
		shown := make([]row[step], 0, len(stepTables[k]))
		for _, r := range stepTables[k] {
			if r.key != "title" && r.key != "doc" && r.key != "was" {
				shown = append(shown, r)
			}
		}
		entries(&b, "", shown)
	}
	entries(&b, "a case", whenTable)
	entries(&b, "an else", elseTable)
	entries(&b, "a branch", branchTable)
	entries(&b, "a flow", flowTable)
	entries(&b, "a row", rowTable)
	entries(&b, "a declaration", variableTable)
	entries(&b, "retry", retryTable)
	entries(&b, "defaults", defaultsTable)
	entries(&b, "a rule", ruleTable)
	return b.String()
}

func TestReference(t *testing.T) {
	file, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- keys: made from workflow/schema/keys.go -->\n", "<!-- end of keys -->\n"
	head, rest, found := strings.Cut(string(file), begin)
	tables, tail, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatal("the marks around the tables are gone")
	}
	if want := keyTables(); tables != want {
		if !*update {
			t.Fatalf("the tables differ from the key table; run with -update. Want\n%s", want)
		}
		if err := os.WriteFile(reference, []byte(head+begin+want+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text := head + tail

	for f := formText; f <= formOn; f++ {
		if formWords[f] == "" {
			t.Errorf("form %d has no words", f)
		}
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(text, -1)
	if len(examples) < 4 {
		t.Errorf("%d examples", len(examples))
	}
	for _, e := range examples {
		p, err := Parse(reference, []byte(e[1]))
		if err != nil {
			t.Errorf("an example is refused:\n%v", err)
		} else if found := p.Verify(Budget{}).Findings; len(found) > 0 {
			t.Errorf("an example has warnings: %v", found)
		}
	}

	functions, err := expr.Functions()
	if err != nil {
		t.Fatal(err)
	}
	_, listed, _ := strings.Cut(text, "<!-- functions -->\n")
	listed, _, _ = strings.Cut(listed, "<!-- end of functions -->")
	named := map[string]bool{}
	for _, m := range regexp.MustCompile("`([A-Za-z_.]+)`").FindAllStringSubmatch(listed, -1) {
		named[m[1]] = true
	}
	for _, f := range functions {
		if !named[f] {
			t.Errorf("function %q is not listed", f)
		}
		delete(named, f)
	}
	for f := range named {
		t.Errorf("there is no function %q", f)
	}
	for what, limit := range map[string]int{
		"steps and events": MaxSteps, "levels of blocks": MaxNesting, "bytes of an id": MaxID, "variables": MaxVars, "findings": MaxFindings,
		"KiB of a text": MaxText >> 10, "MiB of a source": MaxSize >> 20, "KiB of an expression": expr.MaxSource >> 10, "levels of a value": expr.MaxDepth,
	} {
		if !strings.Contains(text, fmt.Sprintf("%d %s", limit, what)) {
			t.Errorf("the limit %d %s is not there", limit, what)
		}
	}
}
