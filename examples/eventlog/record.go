package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/replank/replank/internal/xes"
)

// A record is an event log in memory: what happened, case by case, and the
// order in which all of it happened.
type record struct {
	cases []xes.Case
	order []step // every event once, in the order of happening
}

// A step is one event of a record, by the positions of its case and in it, and
// the time at which it takes its turn.
type step struct {
	c, e int
	at   time.Time
}

// load reads a log. Events that say that they are no completion (started,
// assigned, suspended...) are left out: what a person finished is what a
// process waits for. An event without a time is an error, because it has no
// place in the order of the whole.
func load(path string) (*record, error) {
	r := new(record)
	names := map[string]bool{}
	for c, err := range xes.Open(path) {
		if err != nil {
			return nil, err
		}
		if names[c.ID] {
			return nil, fmt.Errorf("%s: two cases are called %q", path, c.ID)
		}
		names[c.ID] = true
		c.Events = slices.DeleteFunc(c.Events, func(e xes.Event) bool {
			return e.Lifecycle != "" && !strings.EqualFold(e.Lifecycle, "complete")
		})
		for i, e := range c.Events {
			if e.Time.IsZero() {
				return nil, fmt.Errorf("%s: case %s, event %d (%s) has no time:timestamp", path, c.ID, i+1, e.Name)
			}
		}
		r.cases = append(r.cases, c)
	}
	if len(r.cases) == 0 {
		return nil, fmt.Errorf("%s: the log has no cases: it needs <trace> elements with <event> elements in them", path)
	}
	r.order = interleave(r.cases)
	return r, nil
}

// misnamed says so if a file that is called .gz is not packed; it is read all the same, since the content decides. It
// returns "" for other files, and for one that cannot be read, of which load says more.
func misnamed(path string) string {
	if !strings.EqualFold(filepath.Ext(path), ".gz") {
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close() // read only: nothing to lose
	magic := make([]byte, 2)
	if _, err := io.ReadFull(f, magic); err != nil || magic[0] == 0x1f && magic[1] == 0x8b {
		return ""
	}
	return path + " is not packed by gzip, whatever its name says: read as plain XES"
}

// interleave puts the events of all cases in the order of happening: by time,
// and at the same time by the order of the cases in the log. A case's own
// order is kept: an event that claims to be earlier than the one before it is
// taken to happen together with it.
func interleave(cases []xes.Case) []step {
	var order []step
	for c := range cases {
		var last time.Time
		for e, ev := range cases[c].Events {
			if e == 0 || ev.Time.After(last) {
				last = ev.Time
			}
			order = append(order, step{c, e, last})
		}
	}
	slices.SortStableFunc(order, func(a, b step) int { return a.at.Compare(b.at) })
	return order
}

// event is the event that a step stands for.
func (r *record) event(s step) *xes.Event { return &r.cases[s.c].Events[s.e] }

// rest is what is still to happen in the case of a step, after it.
func (r *record) rest(s step) []xes.Event { return r.cases[s.c].Events[s.e+1:] }
