package main

import (
	"fmt"
	"os"
	"slices"

	"github.com/replank/replank/internal/xes"
	"github.com/replank/replank/workflow/schema"
)

// A plan is a schema as this program uses it: its user tasks by the activities
// of the log, which are their titles.
type plan struct {
	*schema.Process
	tasks map[string]*schema.Node // activity -> user task
	*answers
}

// readPlan reads a schema. It refuses one that could not be driven by a log
// alone: work that people do not do, data that a log does not have.
func readPlan(path string) (*plan, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p, err := schema.Parse(path, src)
	if err != nil {
		return nil, err
	}
	if in := p.In(); len(in) > 0 {
		return nil, fmt.Errorf("%s: an event log has no value for %s, which the process takes in", path, in[0])
	}
	text := map[string]bool{}
	for _, v := range p.Vars() {
		text[v.Name] = v.Type == schema.String
	}
	pl := &plan{Process: p, tasks: map[string]*schema.Node{}}
	ids := map[string]string{}
	for n := range p.Nodes() {
		switch n.Kind() {
		case schema.ServiceTask, schema.ReceiveTask:
			return nil, fmt.Errorf("%v: %s is a %v; an event log drives user tasks only", n.Pos(), n.ID(), n.Kind())
		case schema.UserTask:
		default:
			continue
		}
		if other := pl.tasks[title(n)]; other != nil {
			return nil, fmt.Errorf("%v: %s and %s are both called %q, so an event cannot tell which it is", n.Pos(), other.ID(), n.ID(), title(n))
		}
		for _, v := range n.Writes() {
			if !text[v] {
				return nil, fmt.Errorf("%v: %s writes %s, which is no string: answers are the ids of steps", n.Pos(), n.ID(), v)
			}
		}
		pl.tasks[title(n)], ids[title(n)] = n, n.ID()
	}
	pl.answers = newAnswers(string(src), ids)
	return pl, nil
}

// title is what a log calls a step.
func title(n *schema.Node) string {
	if n.Title() != "" {
		return n.Title()
	}
	return n.ID()
}

// results are what a task is completed with, by what the case does afterwards.
func (p *plan) results(n *schema.Node, rest []xes.Event) map[string]any {
	out := map[string]any{}
	for _, v := range n.Writes() {
		out[v] = p.answer(v, rest)
	}
	return out
}

// titles are those of nodes, sorted.
func (p *plan) titles(nodes []string) []string {
	var list []string
	for _, id := range nodes {
		list = append(list, title(p.Node(id)))
	}
	slices.Sort(list)
	return list
}
