package schema

import (
	"fmt"
	"slices"
	"strings"
)

// String says the change in words: "insert user check after draft".
func (c Change) String() string {
	if c.op == 0 {
		return "no change"
	}
	d := &deeds[c.op]
	return d.name + " " + d.text(&c)
}

// Op names what the change does: "insert", "move", "set guard".
func (c Change) Op() string { return deeds[c.op].name }

// step is the step that a change brings: "user check".
func (c *Change) step() string {
	if c.v.stepKind() == 0 {
		return "nothing"
	}
	id := c.v.stepID()
	if c.as != "" {
		id = c.as
	}
	return c.v.stepKind().String() + " " + id
}

// way is the case that a change brings: "when amount > 3".
func (c *Change) way() string {
	if c.v == nil {
		return "nothing"
	}
	var parts []string
	for _, key := range []string{"id", "when", "else", "next"} {
		if w := c.v.get(key); w != nil && w.scalar() {
			parts = append(parts, key+" "+clip(w.text))
		} else if w != nil {
			parts = append(parts, key)
		}
	}
	if len(parts) == 0 {
		return "do"
	}
	return strings.Join(parts, ", ")
}

// updated names the keys that an update is about.
func (c *Change) updated() string {
	if len(c.nodes) > 0 {
		return fmt.Sprintf("%s of %s", listed(c.nodes), c.node)
	}
	return c.node
}

// setting is what a key of the process is set to.
func (c *Change) setting() string {
	if c.v == nil {
		return c.text + " to nothing"
	}
	return c.text + " to " + clip(string(appendFlow(nil, c.v)))
}

func listed(ids []string) string { return strings.Join(ids, ", ") }

// names are the ids of the steps that a change is about.
func (c *Change) names() []string {
	ids := append([]string{c.node, c.at.node}, c.nodes...)
	if c.op == opInsertBetween {
		ids = append(ids, c.text)
	}
	var all []string
	for _, id := range ids {
		first, last, _ := strings.Cut(id, ":")
		all = append(all, first, last)
	}
	return slices.DeleteFunc(all, func(id string) bool { return id == "" })
}

// brings are the ids that are new with a change.
func (c *Change) brings() []string {
	var ids []string
	if c.v.stepKind() != 0 {
		ids = stepsIn(c.v)
	}
	if c.op == opRename {
		ids = append(ids, c.text)
	}
	return slices.DeleteFunc(append(ids, c.as), func(id string) bool { return id == "" })
}
