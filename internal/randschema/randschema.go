// Package randschema makes random process schemas, in the text form, for property tests: block-structured, race-free,
// sound by construction, with data, guards, loops, boundary events and sub-processes.
package randschema

import (
	"fmt"
	"strings"
)

// Config bounds what Make makes. The zero Config is small and uses every element.
type Config struct {
	Depth int // nesting of blocks; 0: 3
	Width int // steps in a list; 0: 3
	Vars  int // variables v0..; 0: 4
}

// Make returns a schema. intn returns a number in [0, n) and decides everything, so equal numbers make equal schemas.
//
// All variables are ints that default to 0 and belong to one strand of control at a time: a parallel branch reads and
// writes only its own share, so there are no races. Loops contain a user task, so nothing runs by itself for ever.
func Make(intn func(n int) int, c Config) string {
	if c.Depth == 0 {
		c.Depth = 3
	}
	if c.Width == 0 {
		c.Width = 3
	}
	if c.Vars == 0 {
		c.Vars = 4
	}
	g := &maker{intn: intn, width: c.Width}
	var vars []string
	for i := range c.Vars {
		vars = append(vars, fmt.Sprintf("v%d", i))
	}
	g.line(0, "process: random")
	g.line(0, "in: [%s]", vars[0])
	g.line(0, "vars:")
	for _, v := range vars {
		g.line(1, "%s: {type: int, default: 0}", v)
	}
	g.line(0, "steps:")
	g.list(1, c.Depth, vars)
	return g.out.String()
}

type maker struct {
	intn  func(n int) int
	width int
	out   strings.Builder
	n     int
	users []string // ids of user tasks so far
}

func (g *maker) line(indent int, format string, args ...any) {
	g.out.WriteString(strings.Repeat("  ", indent))
	fmt.Fprintf(&g.out, format, args...)
	g.out.WriteByte('\n')
}

func (g *maker) id(prefix string) string {
	g.n++
	return fmt.Sprintf("%s%d", prefix, g.n)
}

func (g *maker) pick(vars []string) string { return vars[g.intn(len(vars))] }

func (g *maker) guard(vars []string) string {
	return fmt.Sprintf("%s %s %d", g.pick(vars), []string{">", "<", "==", "!="}[g.intn(4)], g.intn(4))
}

// list writes one or more steps.
func (g *maker) list(indent, depth int, vars []string) {
	for range 1 + g.intn(g.width) {
		g.step(indent, depth, vars)
	}
}

func (g *maker) step(indent, depth int, vars []string) {
	k := g.intn(14)
	if depth <= 0 {
		k = g.intn(6)
	}
	switch k {
	case 0, 1:
		g.user(indent, depth, vars)
	case 2:
		g.service(indent, depth, vars)
	case 3:
		g.line(indent, "- script: %s", g.id("s"))
		v := g.pick(vars)
		g.line(indent+1, "out: {%s: (%s + %d) %% 5}", v, g.pick(vars), g.intn(3))
	case 4:
		g.line(indent, "- receive: %s", g.id("r"))
		g.line(indent+1, "message: m%d", g.intn(3))
		g.line(indent+1, "key: string(%s)", g.pick(vars))
		if g.intn(2) == 0 {
			g.line(indent+1, "out: {%s: message.x}", g.pick(vars))
		}
	case 5:
		g.line(indent, "- wait: %s", g.id("w"))
		g.line(indent+1, "for: PT%dH", 1+g.intn(48))
	case 6, 7:
		g.choose(indent, depth, vars)
	case 8:
		g.parallel(indent, depth, vars)
	case 9:
		g.some(indent, depth, vars)
	case 10:
		g.race(indent, depth, vars)
	case 11, 12:
		g.repeat(indent, depth, vars)
	case 13:
		g.line(indent, "- subprocess: %s", g.id("sub"))
		g.line(indent+1, "do:")
		g.list(indent+2, depth-1, vars)
		g.boundary(indent+1, depth, vars)
	}
}

func (g *maker) user(indent, depth int, vars []string) {
	id := g.id("u")
	g.line(indent, "- user: %s", id)
	g.line(indent+1, "in: [%s]", g.pick(vars))
	if g.intn(3) > 0 {
		opt := ""
		if g.intn(4) == 0 {
			opt = "?"
		}
		g.line(indent+1, "out: [%q]", g.pick(vars)+opt) // YAML reads no unquoted question mark before a bracket
	}
	if len(g.users) > 0 && g.intn(4) == 0 {
		g.line(indent+1, "separate-from: [%s]", g.pick(g.users))
	}
	g.users = append(g.users, id)
	g.boundary(indent+1, depth, vars)
}

func (g *maker) service(indent, depth int, vars []string) {
	g.line(indent, "- service: %s", g.id("j"))
	g.line(indent+1, "in: {x: %s + 1}", g.pick(vars))
	g.line(indent+1, "out: {%s: result.x}", g.pick(vars))
	g.boundary(indent+1, depth, vars)
}

func (g *maker) boundary(indent, depth int, vars []string) {
	if g.intn(4) != 0 {
		return
	}
	g.line(indent, "boundary:")
	for i := range 1 + g.intn(2) {
		switch (i + g.intn(3)) % 3 {
		case 0:
			g.line(indent+1, "- timer: %s", g.id("bt"))
			g.line(indent+2, "after: P%dD", 1+g.intn(5))
		case 1:
			g.line(indent+1, "- message: %s", g.id("bm"))
			g.line(indent+2, "key: string(%s)", g.pick(vars))
		case 2:
			g.line(indent+1, "- error: %s", g.id("be"))
			g.line(indent+2, "code: c%d", i) // one host catches each code once
		}
		if g.intn(2) == 0 {
			g.line(indent+2, "do:")
			g.list(indent+3, min(depth-1, 1), vars)
		}
	}
}

func (g *maker) branches(indent, depth int, vars []string, key string) {
	if g.intn(4) == 0 {
		return
	}
	g.line(indent, "%s:", key)
	g.list(indent+1, depth-1, vars)
}

func (g *maker) choose(indent, depth int, vars []string) {
	g.line(indent, "- choose: %s", g.id("x"))
	g.line(indent+1, "cases:")
	for range 1 + g.intn(2) {
		g.line(indent+2, "- when: %s && %q != %q", g.guard(vars), g.id("c"), "")
		g.branches(indent+3, depth, vars, "do")
	}
	g.line(indent+2, "- else:")
	g.list(indent+4, depth-1, vars)
}

// share splits the variables among n strands; a strand without any gets none to write and reads nothing.
func (g *maker) share(vars []string, n int) [][]string {
	out := make([][]string, n)
	for i, v := range vars {
		out[i%n] = append(out[i%n], v)
	}
	return out
}

func (g *maker) parallel(indent, depth int, vars []string) {
	n := 2
	if len(vars) < n {
		g.user(indent, 0, vars)
		return
	}
	g.line(indent, "- parallel: %s", g.id("p"))
	g.line(indent+1, "branches:")
	users := g.users
	for _, share := range g.share(vars, n) {
		g.users = nil // four eyes across branches would be a race of actors
		g.line(indent+2, "- do:")
		g.list(indent+4, depth-1, share)
	}
	g.users = users
}

func (g *maker) some(indent, depth int, vars []string) {
	if len(vars) < 2 {
		g.user(indent, 0, vars)
		return
	}
	g.line(indent, "- some: %s", g.id("o"))
	g.line(indent+1, "cases:")
	users := g.users
	for _, share := range g.share(vars, 2) {
		g.users = nil
		g.line(indent+2, "- when: %s && %q != %q", g.guard(vars), g.id("c"), "")
		g.branches(indent+3, depth, share, "do")
	}
	g.users = users
	g.line(indent+2, "- else: []")
}

func (g *maker) race(indent, depth int, vars []string) {
	g.line(indent, "- race: %s", g.id("e"))
	g.line(indent+1, "cases:")
	g.line(indent+2, "- timer: %s", g.id("et"))
	g.line(indent+3, "after: PT%dH", 1+g.intn(30))
	g.branches(indent+3, depth, vars, "do")
	g.line(indent+2, "- message: %s", g.id("em"))
	g.line(indent+3, "name: m%d", g.intn(3))
	g.line(indent+3, "key: string(%s)", g.pick(vars))
	g.branches(indent+3, depth, vars, "do")
}

func (g *maker) repeat(indent, depth int, vars []string) {
	g.line(indent, "- repeat: %s", g.id("l"))
	g.line(indent+1, "%s: %s", []string{"until", "while"}[g.intn(2)], g.guard(vars))
	g.line(indent+1, "do:")
	g.user(indent+2, 0, vars)
	if g.intn(2) == 0 {
		g.list(indent+2, depth-1, vars)
	}
}
