package workflow

import (
	"slices"

	"github.com/replank/replank/internal/keys"
)

// lanes is a queue that serves tenants in turn, so that one tenant's flood delays the others by no more than their
// own work: first in, first out within a tenant, a few items of each tenant at a time. The zero lanes is empty. Not
// safe for concurrent use.
type lanes[T any] struct {
	n      int
	byName map[keys.Tenant]*lane[T]
	active []*lane[T] // those with items, in the order in which they are served
	last   *lane[T]   // where push went last
	at     int        // in active: whose turn it is
	served int        // of it, in this turn
}

// laneTurn is how many items of a tenant are served in a row.
const laneTurn = 8

// maxIdleLanes bounds the lanes that are kept without items.
const maxIdleLanes = 1024

type lane[T any] struct {
	tenant keys.Tenant
	items  []T
	head   int // items before it have been served
}

func (l *lanes[T]) push(t keys.Tenant, item T) {
	ln := l.last
	if ln == nil || ln.tenant != t {
		if ln = l.byName[t]; ln == nil {
			if l.byName == nil || len(l.byName) >= len(l.active)+maxIdleLanes {
				l.forget()
			}
			ln = &lane[T]{tenant: t}
			l.byName[t] = ln
		}
		l.last = ln
	}
	if ln.head == len(ln.items) {
		l.active = append(l.active, ln)
	}
	ln.items = append(ln.items, item)
	l.n++
}

// forget drops the lanes without items.
func (l *lanes[T]) forget() {
	l.byName = make(map[keys.Tenant]*lane[T], len(l.active)+1)
	for _, ln := range l.active {
		l.byName[ln.tenant] = ln
	}
	l.last = nil
}

// length is how many items a tenant has.
func (l *lanes[T]) length(t keys.Tenant) int {
	if l.n == 0 {
		return 0
	}
	if ln := l.byName[t]; ln != nil {
		return len(ln.items) - ln.head
	}
	return 0
}

// popIf is pop among the tenants that may.
func (l *lanes[T]) popIf(may func(keys.Tenant) bool) (item T, ok bool) {
	for range l.active {
		l.turn()
		if may(l.active[l.at].tenant) {
			return l.pop()
		}
		l.at, l.served = l.at+1, 0
	}
	return item, false
}

// drop takes away the first of a tenant's items that is the one, and reports whether there was one.
func (l *lanes[T]) drop(t keys.Tenant, is func(T) bool) bool {
	ln := l.byName[t]
	if ln == nil {
		return false
	}
	for i := ln.head; i < len(ln.items); i++ {
		if !is(ln.items[i]) {
			continue
		}
		last := len(ln.items) - 1
		copy(ln.items[i:], ln.items[i+1:])
		var none T
		ln.items[last] = none
		ln.items = ln.items[:last]
		l.n--
		if ln.head == len(ln.items) {
			l.retire(slices.Index(l.active, ln))
		}
		return true
	}
	return false
}

// turn moves on to the tenant whose turn it is. There is one with items.
func (l *lanes[T]) turn() {
	if l.served >= laneTurn {
		l.at, l.served = l.at+1, 0
	}
	if l.at >= len(l.active) {
		l.at = 0
	}
}

// retire takes a lane without items out of those that are served: l.active[i].
func (l *lanes[T]) retire(i int) {
	ln := l.active[i]
	ln.items, ln.head = ln.items[:0], 0
	l.active = slices.Delete(l.active, i, i+1)
	switch {
	case i < l.at:
		l.at--
	case i == l.at:
		l.served = 0
	}
}

func (l *lanes[T]) pop() (item T, ok bool) {
	if l.n == 0 {
		return item, false
	}
	l.turn()
	ln := l.active[l.at]
	var none T
	item, ln.items[ln.head] = ln.items[ln.head], none
	ln.head++
	l.served++
	l.n--
	switch {
	case ln.head == len(ln.items):
		l.retire(l.at)
	case ln.head >= 1024 && ln.head > len(ln.items)/2:
		n := copy(ln.items, ln.items[ln.head:])
		clear(ln.items[n:])
		ln.items, ln.head = ln.items[:n], 0
	}
	return item, true
}
