package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// activity counts one activity of a record.
type activity struct {
	name                string
	events, first, last int // events of it; cases that begin and that end with it
}

// activities are those of a record, most frequent first.
func (r *record) activities() []*activity {
	byName := map[string]*activity{}
	var all []*activity
	of := func(name string) *activity {
		if byName[name] == nil {
			byName[name] = &activity{name: name}
			all = append(all, byName[name])
		}
		return byName[name]
	}
	for _, c := range r.cases {
		for i, e := range c.Events {
			a := of(e.Name)
			a.events++
			if i == 0 {
				a.first++
			}
			if i == len(c.Events)-1 {
				a.last++
			}
		}
	}
	slices.SortFunc(all, func(a, b *activity) int {
		return cmp.Or(cmp.Compare(b.events, a.events), cmp.Compare(a.name, b.name))
	})
	return all
}

// summarise prints what a log holds.
func (r *record) summarise(w io.Writer) error {
	all := r.activities()
	fmt.Fprintf(w, "%d cases, %d events of %d activities", len(r.cases), len(r.order), len(all))
	if n := len(r.order); n > 0 {
		first, last := r.event(r.order[0]).Time, r.event(r.order[n-1]).Time
		fmt.Fprintf(w, ", from %s to %s", first.Format(time.DateOnly), last.Format(time.DateOnly))
	}
	fmt.Fprintf(w, "\n\n")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "events\tfirst\tlast\t  activity")
	for _, a := range all {
		fmt.Fprintf(t, "%d\t%d\t%d\t  %s\n", a.events, a.first, a.last, a.name)
	}
	return t.Flush()
}
