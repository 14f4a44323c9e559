package schema

import (
	"slices"
	"strings"
)

// This file finds the comments and blank lines of a YAML source and what they belong to. The YAML reader reports comments,
// too, but loses some: those within brackets, and those where it expects none.
//
// A comment behind something on its line belongs to that. One on a line of its own belongs to what comes next; if it is
// indented deeper than that, to the end of the list or mapping that it is indented like.

// A note is what stands around an entry or item, or at the end of a list or mapping. In head and end "" is a blank line.
type note struct {
	head []string // on lines before it
	line string   // behind it on its line
	end  []string // of a list or mapping: after its last item
}

// notes are by the value of the entry, the item, or the list or mapping.
type notes map[*value]*note

func (n notes) at(v *value) *note {
	if n[v] == nil {
		n[v] = &note{}
	}
	return n[v]
}

// head writes what stands before a value, at the beginning of a line that is indented already. first says that nothing
// comes before it in its list or mapping, so that there are no blank lines.
func (n notes) head(b []byte, v *value, indent int, first bool) []byte {
	if n[v] == nil {
		return b
	}
	return appendLines(b, n[v].head, indent, first, false)
}

// line writes what stands behind a value on its line.
func (n notes) line(b []byte, v *value) []byte {
	if n[v] == nil || n[v].line == "" {
		return b
	}
	return append(append(b, ' '), n[v].line...)
}

// tail writes what stands at the end of a list or mapping.
func (n notes) tail(b []byte, v *value, indent int) []byte {
	if n[v] == nil || len(n[v].end) == 0 {
		return b
	}
	return appendLines(b, n[v].end, indent, false, true)
}

// appendLines writes comments and blank lines: before the place where b ends, which is the indentation of a line, or
// behind it.
func appendLines(b []byte, lines []string, indent int, first, behind bool) []byte {
	for _, line := range lines {
		if line == "" && first {
			continue
		}
		first = false
		switch {
		case line == "" && behind:
			b = append(b, '\n')
		case line == "":
			b = newLine(b[:len(b)-indent], indent)
		case behind:
			b = append(newLine(b, indent), line...)
		default:
			b = newLine(append(b, line...), indent)
		}
	}
	return b
}

// none reports whether there are no comments within a list or mapping.
func (n notes) none(v *value) bool {
	if n == nil {
		return true
	}
	if n[v] != nil && len(n[v].end) > 0 {
		return false
	}
	quiet := func(item *value) bool {
		x := n[item]
		return (x == nil || x.line == "" && strings.Join(x.head, "") == "") && n.none(item)
	}
	return !slices.ContainsFunc(v.items, func(item *value) bool { return !quiet(item) }) &&
		!slices.ContainsFunc(v.fields, func(e entry) bool { return !quiet(e.value) })
}

// hoist moves comments to where the canonical layout has room for them: before an item those of its first entry, and
// those behind the dash of a list or mapping on lines of its own, or behind the bar of a literal block.
func (n notes) hoist(v *value) {
	for _, e := range v.fields {
		n.hoist(e.value)
		if e.value.literal() {
			n.lift(e.value)
		}
	}
	for _, item := range v.items {
		n.hoist(item)
		if item.shape == shapeMap && len(item.fields) > 0 || item.shape == shapeList && !n.none(item) || item.literal() {
			n.lift(item)
		}
		var first *value
		switch {
		case len(item.fields) > 0:
			first = item.fields[0].value
		case len(item.items) > 0 && !n.none(item):
			first = item.items[0]
		}
		if first != nil && n[first] != nil && len(n[first].head) > 0 {
			for _, line := range n[first].head {
				if line != "" {
					n.at(item).head = append(n.at(item).head, line)
				}
			}
			n[first].head = nil
		}
	}
}

// lift makes a line before a value of the comment behind it.
func (n notes) lift(v *value) {
	if n[v] != nil && n[v].line != "" {
		n[v].head, n[v].line = append(n[v].head, n[v].line), ""
	}
}

// An anchor is what a comment can belong to: an entry or an item.
type anchor struct {
	v  *value
	at mark
	in *container
}

// A container is a list or mapping.
type container struct {
	v   *value
	col int // where its items begin, dashes included
	up  *container
}

// notes finds the comments of a source that was read as v.
func (s *source) notes(v *value) notes {
	c := commenter{source: s, notes: notes{}, inside: make([][]masking, len(s.lines)+1)}
	c.collect(v, nil)
	c.attach(v)
	return c.notes
}

// masking is a part of a line, in characters from 0, half open.
type masking struct{ from, to int }

type commenter struct {
	source  *source
	notes   notes
	anchors []anchor
	inside  [][]masking // by line from 0: parts that lie within a scalar in quotes or a literal block
}

const wholeLine = 1 << 30

// collect finds the anchors in v and the scalars in which # means nothing.
func (c *commenter) collect(v *value, up *container) {
	in := &container{v: v, col: v.at.col, up: up}
	for _, e := range v.fields {
		c.anchors = append(c.anchors, anchor{v: e.value, at: e.at, in: in})
		c.mask(e.at, 0)
		c.below(e.value, e.at.col-1, in)
	}
	for _, item := range v.items {
		c.anchors = append(c.anchors, anchor{v: item, at: item.at, in: in})
		c.below(item, v.at.col-1, in)
	}
}

func (c *commenter) below(v *value, indent int, in *container) {
	if v.scalar() {
		c.mask(v.at, indent)
		return
	}
	c.collect(v, in)
}

// mask notes what a scalar covers if it stands in quotes or in a block; indent is that of the list or mapping around it.
func (c *commenter) mask(at mark, indent int) {
	if at.line < 1 || at.line > len(c.source.lines) {
		return
	}
	line := []rune(c.source.lines[at.line-1])
	if at.col < 1 || at.col > len(line) {
		return
	}
	switch quote := line[at.col-1]; quote {
	case '"', '\'':
		c.maskQuoted(at, quote)
	case '|', '>':
		c.maskBlock(at, indent)
	}
}

func (c *commenter) maskQuoted(at mark, quote rune) {
	from := at.col - 1
	for n := at.line - 1; n < len(c.source.lines); n++ {
		line := []rune(c.source.lines[n])
		i := from
		if n == at.line-1 {
			i++
		}
		for ; i < len(line); i++ {
			switch {
			case line[i] == '\\' && quote == '"':
				i++
			case line[i] == quote && quote == '\'' && i+1 < len(line) && line[i+1] == quote:
				i++
			case line[i] == quote:
				c.inside[n] = append(c.inside[n], masking{from, i + 1})
				return
			}
		}
		c.inside[n] = append(c.inside[n], masking{from, wholeLine})
		from = 0
	}
}

func (c *commenter) maskBlock(at mark, indent int) {
	header := []rune(c.source.lines[at.line-1])[at.col:]
	within := 0 // of the content; 0: that of its first line
	for _, r := range header[:min(2, len(header))] {
		if '1' <= r && r <= '9' {
			within = indent + int(r-'0')
		}
	}
	last := at.line - 1
	for n := at.line; n < len(c.source.lines); n++ {
		line := c.source.lines[n]
		if strings.Trim(line, " ") == "" {
			continue
		}
		lead := len(line) - len(strings.TrimLeft(line, " "))
		if within == 0 && lead > indent {
			within = lead
		}
		if within == 0 || lead < within {
			break
		}
		last = n
	}
	for n := at.line; n <= last; n++ {
		c.inside[n] = append(c.inside[n], masking{0, wholeLine})
	}
}

// masked reports whether a character lies within a scalar.
func (c *commenter) masked(line, col int) bool {
	return slices.ContainsFunc(c.inside[line], func(s masking) bool { return s.from <= col && col < s.to })
}

// comment is the place of the comment of a line, or -1.
func (c *commenter) comment(n int, line []rune) int {
	for i, r := range line {
		if r == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') && !c.masked(n, i) {
			return i
		}
	}
	return -1
}

// attach goes through the lines and gives each comment to an anchor or container.
func (c *commenter) attach(root *value) {
	var waiting []string // for what comes next
	var cols []int       // where they begin, from 1; 0: a blank line
	next := 0            // the first anchor on this line or behind it
	for n, text := range c.source.lines {
		line := []rune(text)
		from := next
		for next < len(c.anchors) && c.anchors[next].at.line == n+1 {
			next++
		}
		if from < next {
			c.give(root, from, waiting, cols)
			waiting, cols = nil, nil
		}
		i := c.comment(n, line)
		switch {
		case strings.TrimSpace(text) == "" && len(c.inside[n]) == 0:
			if len(waiting) == 0 || waiting[len(waiting)-1] != "" {
				waiting, cols = append(waiting, ""), append(cols, 0)
			}
		case i < 0:
		case from == next && strings.Trim(string(line[:i]), " \t-") == "":
			col := strings.IndexFunc(text, func(r rune) bool { return r != ' ' && r != '\t' }) // of the dash, if there is one
			waiting, cols = append(waiting, worded(line[i:])), append(cols, col+1)
		default:
			c.behind(root, n, i, line, from, next)
		}
	}
	c.give(root, len(c.anchors), waiting, cols)
}

// worded is a comment without the white space behind it.
func worded(comment []rune) string { return strings.TrimRight(string(comment), " \t\r") }

// behind gives a comment to what stands before it on line n: anchors from to to, or what began before.
func (c *commenter) behind(root *value, n, i int, line []rune, from, to int) {
	depth := func(col int) (open int) {
		for k := range min(col, len(line)) {
			switch {
			case c.masked(n, k):
			case line[k] == '[' || line[k] == '{':
				open++
			case line[k] == ']' || line[k] == '}':
				open--
			}
		}
		return open
	}
	v := root
	if to > 0 {
		v = c.anchors[to-1].v
	}
	for k := to - 1; k >= from; k-- {
		if depth(c.anchors[k].at.col-1) <= depth(i) {
			v = c.anchors[k].v
			break
		}
	}
	x := c.notes.at(v)
	if x.line != "" { // of an earlier line of the same value
		x.head = append(x.head, x.line)
	}
	x.line = worded(line[i:])
}

// give gives lines to the anchor that comes next, but those that are indented deeper to what came before.
func (c *commenter) give(root *value, next int, lines []string, cols []int) {
	var chain []*container // around the anchor before, innermost first
	if next > 0 {
		for in := c.anchors[next-1].in; in != nil; in = in.up {
			chain = append(chain, in)
		}
	}
	around := map[*container]bool{}
	least := 0
	if next < len(c.anchors) {
		least = c.anchors[next].in.col
		for in := c.anchors[next].in; in != nil; in = in.up {
			around[in] = true
		}
	}
	taken := 0
	for i, col := range cols {
		if col == 0 {
			continue
		}
		k := slices.IndexFunc(chain, func(in *container) bool { return in.col <= col })
		if k < 0 && next == len(c.anchors) && len(chain) > 0 {
			k = len(chain) - 1
		}
		if col <= least || k < 0 || around[chain[k]] {
			break
		}
		x := c.notes.at(chain[k].v)
		x.end = append(x.end, lines[taken:i+1]...)
		taken = i + 1
		chain = chain[k:] // what stands deeper is written before
	}
	if next < len(c.anchors) {
		x := c.notes.at(c.anchors[next].v)
		x.head = append(x.head, lines[taken:]...)
		return
	}
	for taken < len(lines) && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	if len(lines) > taken {
		x := c.notes.at(root)
		x.end = append(x.end, lines[taken:]...)
	}
}
