package bpmn

import (
	"encoding/json"
	"slices"
)

// This file finds what lanes and pools say of the nodes in them: Format draws neither, so each has been put there since.
// A lane is who does a user task, a flow of messages says who is at its other end. Around other nodes they only draw.

// around adds an edit for each node of which a lane or a flow of messages says something. peers are the names of those
// at the other end of its flows, by node.
func (d *edits) around(process, root *plainElement, peers map[string][]string) {
	seen := map[string]bool{}
	says := func(e *plainElement, key, name string, at *plainElement) {
		id := d.origin(e.attr("id"))
		if known := key + " " + id; d.written[id] != nil && !seen[known] && name != "" {
			seen[known] = true
			d.add(edit{owner: e, id: id, path: []string{key}, now: name, at: at})
		}
	}
	var lanes func(e *plainElement, name string)
	lanes = func(e *plainElement, name string) {
		for _, c := range e.children {
			switch {
			case c.name.Space != model:
			case c.name.Local == "lane":
				lanes(c, laneName(c.attr("name"), c.attr("id")))
			case c.name.Local == "childLaneSet" || c.name.Local == "laneSet":
				lanes(c, name)
			case isOwner(c) && name == "":
				lanes(c, "") // a sub-process
			}
		}
		for _, c := range e.children {
			if node := d.file[c.text]; c.name.Local == "flowNodeRef" && node != nil && roles[node.name.Local] == user {
				says(node, "lane", name, c)
			}
		}
	}
	lanes(process, "")
	for _, c := range root.children {
		for _, flow := range c.children {
			if flow.name.Space != model || flow.name.Local != "messageFlow" {
				continue
			}
			for _, end := range [...]string{"sourceRef", "targetRef"} {
				id := flow.attr(end)
				if node := d.file[id]; node != nil && node.messages() && len(peers[id]) > 0 {
					says(node, "partner", peers[id][0], flow)
				}
			}
		}
	}
}

// messages reports whether a node sends or receives a message.
func (e *plainElement) messages() bool {
	return e.attr("messageRef") != "" || slices.ContainsFunc(e.children, func(c *plainElement) bool { return c.name.Local == "messageEventDefinition" })
}

// surrounded reports whether what a lane or a flow of messages says of a node holds, whoever says it.
func (m *merge) surrounded(x *edit, id string) bool {
	if x.path[0] == "lane" {
		var groups []string
		_ = json.Unmarshal(m.theirs[id]["groups"], &groups) // none if there is none
		return slices.Contains(groups, x.now)
	}
	return word(m.theirs[id]["partner"]) == x.now
}
