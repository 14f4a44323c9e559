package workflow

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/migrate"
	"github.com/replank/replank/workflow/history"
)

// History yields the events from number from on; 0 and 1 are the beginning. They are of one moment: what happens while
// they are read is not among them.
func (i *Instance) History(ctx context.Context, from uint64) iter.Seq2[history.Event, error] {
	return func(yield func(history.Event, error) bool) {
		err := i.read(ctx, "history", func(in *stored) error { return in.history(max(from, 1), yield) })
		if err != nil {
			yield(history.Event{}, err)
		}
	}
}

// history yields events as the surface shows them, until yield returns false.
func (in *stored) history(from uint64, yield func(history.Event, error) bool) error {
	start := from
	var past *migrate.Folder // where the loops stand: only the fold of what came before tells
	loops, err := in.loops()
	if err != nil {
		return err
	}
	if loops {
		start = 1
		if past, err = migrate.NewFolder(in.head.VersionAt(1), in.e.versions(in.version)); err != nil {
			return err
		}
	}
	for ev, err := range in.events(start) {
		if err != nil {
			return err
		}
		if ev.Seq >= from {
			v, err := in.at(ev.Seq)
			if err != nil {
				return err
			}
			if !yield(shown(v, &ev, past), nil) {
				return nil
			}
		}
		if past != nil {
			if err := past.Add(&ev); err != nil {
				return fmt.Errorf("%w: history of instance %s: %w", ErrCorrupt, in.id, err)
			}
		}
	}
	return nil
}

// loops reports whether a version that the instance was on has loops.
func (in *stored) loops() (bool, error) {
	for _, m := range in.head.Moves {
		v, err := in.e.version(in.version.tenant, in.version.process, m.From)
		if err != nil {
			return false, err
		}
		if len(v.prog.Loops) > 0 {
			return true, nil
		}
	}
	return len(in.version.prog.Loops) > 0, nil
}

// events yields the events from number from on: those of the history records, then those of the head's tail.
func (in *stored) events(from uint64) iter.Seq2[kernel.Event, error] {
	return func(yield func(kernel.Event, error) bool) {
		next := from
		some := func(tail *codec.Tail) bool {
			for ev, err := range tail.Events(func(slot int32, version uint64) (expr.Value, error) { return in.large(slot, version) }) {
				switch {
				case err != nil:
					yield(ev, fmt.Errorf("%w: history of instance %s near event %d: %w", ErrCorrupt, in.id, next, err))
					return false
				case ev.Seq < next:
					continue
				case ev.Seq > next:
					yield(ev, fmt.Errorf("%w: history of instance %s: event %d is missing", ErrCorrupt, in.id, next))
					return false
				}
				next++
				if !yield(ev, nil) {
					return false
				}
			}
			return true
		}
		if tail := &in.head.Tail; tail.N == 0 || from < tail.First {
			for chunk, err := range in.chunks(from) {
				if err != nil {
					yield(kernel.Event{}, err)
					return
				}
				if !some(chunk) {
					return
				}
			}
		}
		if some(&in.head.Tail) && next <= in.head.State.Seq {
			yield(kernel.Event{}, fmt.Errorf("%w: history of instance %s: it ends before event %d", ErrCorrupt, in.id, next))
		}
	}
}

// chunks yields the history records from that which holds event from on.
func (in *stored) chunks(from uint64) iter.Seq2[*codec.Tail, error] {
	return func(yield func(*codec.Tail, error) bool) {
		lo, hi := keys.HistoryRange(in.version.tenant, in.id)
		if from > 1 {
			first, end := keys.HistoryUpTo(in.version.tenant, in.id, from)
			for entry, err := range in.snap.ScanBack(in.ctx, first, end) {
				if err != nil {
					yield(nil, err)
					return
				}
				lo = append([]byte(nil), entry.Key...)
				break
			}
		}
		var chunk codec.Tail
		for entry, err := range in.snap.Scan(in.ctx, lo, hi) {
			if err != nil {
				yield(nil, err)
				return
			}
			_, first, ok := keys.ParseHistory(entry.Key)
			if !ok {
				yield(nil, corrupt(entry.Key, errors.New("no key of history")))
				return
			}
			if err := codec.DecodeChunk(entry.Value, first, &chunk); err != nil {
				yield(nil, corrupt(entry.Key, err))
				return
			}
			if !yield(&chunk, nil) {
				return
			}
		}
	}
}

// shown turns an event into what the surface shows. v is the version that was in force, past the fold up to it, nil if
// there are no loops.
func shown(v *version, ev *kernel.Event, past *migrate.Folder) history.Event {
	prog := v.prog
	e := history.Event{
		Seq: ev.Seq, Kind: ev.Kind, At: instant(ev.At), Version: int(v.number), Actor: ev.Actor, Attempt: int(ev.Attempt),
		Due: instant(ev.Due), Key: ev.Key, Code: ev.Code, Note: ev.Note,
	}
	if ev.Node >= 0 && int(ev.Node) < len(prog.Nodes) {
		n := &prog.Nodes[ev.Node]
		e.Node = n.ID
		for _, l := range n.Loops {
			if past != nil && past.State.Loops[l].Iteration > 0 {
				e.Path = append(e.Path, history.Iteration{Loop: prog.Loops[l].ID, N: int(past.State.Loops[l].Iteration)})
			}
		}
		if ev.Flows != 0 {
			e.Flow = flows(prog, ev)
		}
	}
	if mv := ev.Move; mv != nil {
		e.Move = &history.Move{From: int(mv.From), Criteria: migrate.Criteria(mv.Criteria).String(), Dropped: mv.Dropped, Order: mv.Order}
	}
	if len(ev.Wrote) > 0 {
		e.Wrote = make(map[string]any, len(ev.Wrote))
		for _, w := range ev.Wrote {
			e.Wrote[prog.Vars[w.Slot].Name] = w.Value.Go()
		}
	}
	return e
}

// flows names the flows that a decision took. A node with two decisions, the test of a "while", has flows of the same
// ids in both.
func flows(prog *program.Program, ev *kernel.Event) string {
	var ids []string
	for i := range prog.Decisions {
		d := &prog.Decisions[i]
		if d.Node != ev.Node {
			continue
		}
		for k := range d.Flows {
			if ev.Flows&(1<<k) != 0 {
				ids = append(ids, d.Flows[k].ID)
			}
		}
		break
	}
	return strings.Join(ids, ",")
}
