package schema

import "slices"

// Runs on which a variable has no value, with as few letters as any.

// A passage is where a run can be: a state of the space, whether the variable has a value there, and whether an activity has
// been completed.
type passage struct {
	state     int32
	has, done bool
}

// search looks for a run to a passage that found accepts; nil if there is none. given says that the variable has a value
// at first; host is the activity whose completion passages tell, -1: none.
func (d *dataFlow) search(slot int, given bool, host int32, found func(passage) bool) []int {
	type came struct {
		from  passage
		trans int32
	}
	start := passage{0, given, false}
	back := map[passage]came{start: {trans: -1}}
	for now := []passage{start}; len(now) > 0; {
		var later []passage // by way of one more letter
		for ; len(now) > 0; now = now[1:] {
			x := now[0]
			if found(x) {
				run := []int{}
				for c := back[x]; c.trans >= 0; c = back[c.from] {
					run = append(run, int(c.trans))
				}
				slices.Reverse(run)
				return run
			}
			for _, m := range d.space.Moves(int(x.state)) {
				e, t := d.does(m.Trans), d.ofProgram(m.Trans)
				to := passage{
					state: m.To,
					has:   (x.has || contains(e.writes, slot)) && !contains(e.resets, slot),
					done:  x.done || host >= 0 && t >= 0 && d.completed(int(t)) == host,
				}
				if _, seen := back[to]; seen {
					continue
				}
				back[to] = came{x, m.Trans}
				if d.silent(m.Trans) {
					now = append(now, to)
				} else {
					later = append(later, to)
				}
			}
		}
		now = later
	}
	return nil
}

// unwrittenRun is a run to a state after which slot has no value; if there is none, any run to it.
func (d *dataFlow) unwrittenRun(state, slot int) []int {
	if run := d.search(slot, d.given().has(slot), -1, func(x passage) bool { return int(x.state) == state && !x.has }); run != nil {
		return run
	}
	return d.space.Run(state)
}
