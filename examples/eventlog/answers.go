package main

import (
	"regexp"

	"github.com/replank/replank/internal/xes"
)

// Answers make the decisions of a recorded case, of which the record keeps
// only the outcome. A schema for this program writes each decision as a
// comparison of a variable with the id of a step,
//
//	when: confirmation == "adjust"
//
// and the step before it has that variable under out. Whoever completes that
// step answers with the id, among those that the schema compares the variable
// with, whose step comes next in the case's record; if none comes any more,
// with the empty string. What is needed is the future of the case and nothing
// of the engine, so the engine decides alone whether the answer fits.
type answers struct {
	nodes   map[string]string          // activity of the log -> id of the step
	options map[string]map[string]bool // variable -> ids of steps
}

// comparison is a variable and the text that it is compared with, as CEL
// writes it.
var comparison = regexp.MustCompile(`\b([A-Za-z_][A-Za-z0-9_]*) *[!=]= *(?:"([^"]*)"|'([^']*)')`)

// newAnswers reads the decisions off the text of a schema. The map gives the
// id of the step that each activity of the log is; it is kept, not copied.
func newAnswers(schema string, nodes map[string]string) *answers {
	a := &answers{nodes: nodes, options: map[string]map[string]bool{}}
	for _, m := range comparison.FindAllStringSubmatch(schema, -1) {
		variable, id := m[1], m[2]+m[3]
		if a.options[variable] == nil {
			a.options[variable] = map[string]bool{}
		}
		a.options[variable][id] = true
	}
	return a
}

// answer is the value of a variable that makes the rest of a case possible.
func (a *answers) answer(variable string, rest []xes.Event) string {
	for _, e := range rest {
		if id := a.nodes[e.Name]; id != "" && a.options[variable][id] {
			return id
		}
	}
	return ""
}
