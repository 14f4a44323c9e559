package bpmn

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/replank/replank/workflow/schema"
)

// This file tells what the import finds in a file that a tool has changed from what it finds in any file of the process,
// whatever the lines and the ids.

// known are the ids that the import gives what has another id, and those that it gave it before.
func (m *merge) known() map[string]string {
	all := maps.Clone(m.was)
	for raw, was := range m.was { //lint:sorted each is on its own
		if m.file[raw] != nil && isNode(m.file[raw].name.Local) {
			all[ID(raw)] = ID(was)
		}
	}
	return all
}

// news are the findings that were not there before, wherever they stood.
func (m *merge) news(before, now []schema.Finding) (list []schema.Finding) {
	type said struct{ code, node, message string }
	seen, aside := map[said]int{}, map[string]bool{}
	for _, f := range before {
		seen[said{f.Code, f.Node, f.Message}]++
		if f.Code == "bpmn/left-aside" {
			aside[asideName(f)] = true
		}
	}
	for _, f := range now {
		key := said{f.Code, f.Node, f.Message}
		if was := m.was[f.Node]; was != "" {
			key.node, key.message = was, strings.ReplaceAll(f.Message, fmt.Sprintf("%q", clip(f.Node)), fmt.Sprintf("%q", clip(was)))
		}
		switch seen[key]--; {
		case seen[key] >= 0:
		case f.Code == "bpmn/left-aside" && aside[asideName(f)]:
			list = append(list, m.added(f)...)
		default:
			list = append(list, f)
		}
	}
	return list
}

// asideName is what a finding says is left aside, wherever.
func asideName(f schema.Finding) string {
	name, _, _ := strings.Cut(f.Message, " of ")
	return name
}

// asideMost is in how many lines the import says that something is left aside.
const asideMost = 21

// added are findings about what a tool has added, of one that is about several places. What it has changed in what was
// there is an edit itself.
func (m *merge) added(f schema.Finding) (list []schema.Finding) {
	lines := []int{f.Pos.Line}
	message, more, _ := strings.Cut(f.Message, " (also in line ")
	for word := range strings.SplitSeq(strings.TrimSuffix(more, ")"), ", ") {
		if line, err := strconv.Atoi(word); err == nil {
			lines = append(lines, line)
		}
	}
	_, says, _ := strings.Cut(message, " is left aside")
	for _, line := range lines {
		if e := m.at(line); e != nil && m.written[m.origin(e.attr("id"))] == nil {
			g := f
			g.Pos, g.Node = schema.Pos{Line: e.line, Col: e.col}, e.attr("id")
			g.Message = fmt.Sprintf("%s of %s %q is left aside%s", asideName(f), e.name.Local, clip(e.attr("id")), says)
			list = append(list, g)
		}
	}
	if len(list) == 0 && len(lines) >= asideMost && m.grown() {
		return []schema.Finding{f}
	}
	return list
}

// at is the innermost node or flow at a line, a new one if there are several.
func (m *merge) at(line int) (found *plainElement) {
	for _, raw := range slices.Sorted(maps.Keys(m.file)) {
		e := m.file[raw]
		if e.line > line || line > e.endLine {
			continue
		}
		if found == nil || e.line > found.line || e.line == found.line && m.written[m.origin(raw)] == nil {
			found = e
		}
	}
	return found
}

// grown reports whether a tool has added a node.
func (m *merge) grown() bool {
	for raw := range m.file { //lint:sorted any
		if m.written[m.origin(raw)] == nil {
			return true
		}
	}
	return false
}
