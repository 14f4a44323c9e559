package petri

import (
	"encoding/binary"
	"slices"
)

// Places that letters alone lead on from, one token at a time, form a graph of their own: tasks in a row, choices,
// loops. What matters of such a place is where the way out of the graph leads, for nobody sees how far a token in it has
// come. So places are one if they have the same exits in common, the steps between them aside (branching bisimulation;
// by refinement of a partition, after Blom and Orzan, "Distributed branching bisimulation reduction of state spaces").
// Only places among which one token moves are compared: beside one another they could hold two.

// sequence is such a graph.
type sequence struct {
	r      *reducer
	places []Place
	steps  [][]*node       // by place: the letters that take it
	number map[Place]int   // of a place that belongs to it
	class  []int           // by place
	count  int             // of classes
	exits  []map[int]bool  // by place: classes, or the others as -1-place, that its token may go to next
	fires  []Marking       // by place: all that its token may do before it leaves the graph, and as it leaves
	group  map[Place]Place // union-find: places among which a token moves
}

// end is the exit of a token that is consumed.
const end = -1 - int(NoPlace)

// sequences makes one place of each class of places with the same exits.
func (r *reducer) sequences() {
	r.prune()
	s := &sequence{r: r, number: make(map[Place]int), group: make(map[Place]Place)}
	candidate := make(map[Place]bool)
	for p := range r.begin {
		if r.mayGo(p) && !slices.ContainsFunc(r.consumers[p], func(x *node) bool { return x.Post.Len() > 1 }) {
			candidate[p] = true
			for _, x := range r.consumers[p] {
				if !x.Post.Empty() {
					s.join(p, first(x.Post))
				}
			}
		}
	}
	wide := make(map[Place]bool) // groups in which something marks two places
	for _, x := range r.nodes {
		seen := make(map[Place]bool)
		for p := range x.Post.Each {
			if candidate[p] {
				g := s.find(p)
				wide[g] = wide[g] || seen[g]
				seen[g] = true
			}
		}
	}
	for p := range r.begin {
		if candidate[p] && !wide[s.find(p)] {
			s.number[p] = len(s.places)
			s.places = append(s.places, p)
			s.steps = append(s.steps, r.consumers[p])
		}
	}
	s.partition()
	for s.refine() {
	}
	s.merge()
}

func (s *sequence) find(p Place) Place {
	for {
		q, known := s.group[p]
		if !known || q == p {
			return p
		}
		if far, known := s.group[q]; known { // shorter from now on
			s.group[p] = far
		}
		p = q
	}
}

func (s *sequence) join(p, q Place) { s.group[s.find(p)] = s.find(q) }

// partition begins with a class for each group of places that no test tells apart.
func (s *sequence) partition() {
	s.class = make([]int, len(s.places))
	classes := make(map[string]int)
	for i, p := range s.places {
		key := binary.LittleEndian.AppendUint16(nil, uint16(s.find(p)))
		for _, test := range s.r.tests {
			if test.Has(p) {
				key = append(key, 1)
			} else {
				key = append(key, 0)
			}
		}
		c, known := classes[string(key)]
		if !known {
			c = len(classes)
			classes[string(key)] = c
		}
		s.class[i] = c
	}
	s.count = len(classes)
}

// to is where letter x leads: a class, or an exit.
func (s *sequence) to(x *node) (class int, place int) {
	if x.Post.Empty() {
		return end, -1
	}
	p := first(x.Post)
	if i, member := s.number[p]; member {
		return s.class[i], i
	}
	return -1 - int(p), -1
}

// refine splits the classes whose places differ in their exits, and reports whether there were any.
func (s *sequence) refine() bool {
	s.exits = make([]map[int]bool, len(s.places))
	for i := range s.places {
		s.exits[i] = make(map[int]bool)
		for _, x := range s.steps[i] {
			if c, _ := s.to(x); c != s.class[i] {
				s.exits[i][c] = true
			}
		}
	}
	for changed := true; changed; {
		changed = false
		for i := len(s.places) - 1; i >= 0; i-- {
			for _, x := range s.steps[i] {
				c, j := s.to(x)
				if c != s.class[i] {
					continue
				}
				//lint:sorted a union has no order
				for e := range s.exits[j] {
					if !s.exits[i][e] {
						s.exits[i][e] = true
						changed = true
					}
				}
			}
		}
	}
	classes := make(map[string]int)
	next := make([]int, len(s.places))
	for i := range s.places {
		list := make([]int, 0, len(s.exits[i])+1)
		//lint:sorted below
		for e := range s.exits[i] {
			list = append(list, e)
		}
		slices.Sort(list)
		key := binary.LittleEndian.AppendUint32(nil, uint32(s.class[i]))
		for _, e := range list {
			key = binary.LittleEndian.AppendUint32(key, uint32(int32(e)))
		}
		c, known := classes[string(key)]
		if !known {
			c = len(classes)
			classes[string(key)] = c
		}
		next[i] = c
	}
	more := len(classes) > s.count
	s.class, s.count = next, len(classes)
	return more
}

// merge makes one place of each class.
func (s *sequence) merge() {
	s.happen()
	members := make([][]int, s.count)
	for i, c := range s.class {
		members[c] = append(members[c], i)
	}
	type leaving struct {
		class, to int
	}
	left := make(map[leaving]*node)
	var steps, rounds []*node
	for c, list := range members {
		stays := true // a token that can only go round is not stuck: one step remains
		for _, i := range list {
			for _, x := range s.steps[i] {
				if to, _ := s.to(x); to != c {
					steps = append(steps, x)
				} else if len(s.exits[i]) > 0 || !stays {
					s.r.absorb(x)
				} else {
					steps, rounds = append(steps, x), append(rounds, x)
					stays = false
				}
			}
		}
	}
	for _, x := range steps {
		x.fires = s.r.happens() // of several that become one, only those happen whose place is marked: see below
	}
	for i, p := range s.places { // whoever marks a place sets off what its token may do
		for _, x := range s.r.live(p) {
			x.add(s.fires[i])
		}
	}
	for _, x := range rounds {
		x.fires = s.r.happens() // that was set off with the token, if one ever comes to where x takes it
	}
	for _, x := range steps {
		to, _ := s.to(x)
		from := s.class[s.number[first(x.Pre)]]
		if y := left[leaving{from, to}]; y != nil {
			y.plan = &plan{sort: any, parts: []*plan{y.plan, x.plan}}
			y.fires = y.fires.Clone()
			intersect(y.fires, x.fires)
			y.marks = append(slices.Clip(y.marks), x.marks...)
			s.r.drop(x)
			continue
		}
		left[leaving{from, to}] = x
		x.Pre = s.r.set(s.places[members[from][0]])
	}
	for _, list := range members {
		one := s.places[list[0]]
		for _, i := range list[1:] {
			p := s.places[i]
			for _, x := range s.r.live(p) {
				x.Post.Remove(p)
				x.Post.Add(one)
				s.r.producers[one] = append(s.r.producers[one], x)
			}
			s.r.image[one] = append(slices.Clip(s.r.image[one]), s.r.image[p]...)
			s.r.changed = true
		}
	}
	s.r.prune()
}

// happen finds, for each place, what may happen until its token has left the graph.
func (s *sequence) happen() {
	s.fires = make([]Marking, len(s.places))
	next := make([][]int, len(s.places)) // where a token may go within the graph
	for i := range s.places {
		s.fires[i] = s.r.happens()
		for _, x := range s.steps[i] {
			s.fires[i].Union(x.fires)
			if _, j := s.to(x); j >= 0 {
				next[i] = append(next[i], j)
			}
		}
	}
	order := backwards(next)
	for changed := true; changed; {
		changed = false
		for _, i := range order {
			for _, j := range next[i] {
				if !s.fires[i].Contains(s.fires[j]) {
					s.fires[i].Union(s.fires[j])
					changed = true
				}
			}
		}
	}
}

// backwards lists the nodes of a graph so that each comes after those that it leads to, circles aside.
func backwards(next [][]int) []int {
	var order []int
	seen := make([]bool, len(next))
	type frame struct{ node, after int }
	for root := range next {
		if seen[root] {
			continue
		}
		seen[root] = true
		path := []frame{{root, 0}}
		for len(path) > 0 {
			f := &path[len(path)-1]
			if f.after == len(next[f.node]) {
				order = append(order, f.node)
				path = path[:len(path)-1]
				continue
			}
			to := next[f.node][f.after]
			f.after++
			if !seen[to] {
				seen[to] = true
				path = append(path, frame{to, 0})
			}
		}
	}
	return order
}
