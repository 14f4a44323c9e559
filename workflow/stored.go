package workflow

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/store"
	"github.com/replank/replank/workflow/schema"
)

// stored is one instance as a snapshot has it, for queries: nothing of it is shared with the shard that runs it. It
// reads values as they are asked for, so it lives no longer than its snapshot.
type stored struct {
	e       *Engine
	ctx     context.Context // of the query that made it
	snap    store.Reader
	id      keys.ID
	version *version
	head    codec.Head
	chunk   codec.Tail   // the history chunk that was read last
	fresh   []largeValue // large values that the store does not have yet
}

// fetch reads an instance, live or ended.
func (e *Engine) fetch(ctx context.Context, snap store.Reader, t keys.Tenant, id keys.ID) (*stored, error) {
	key := keys.AppendHead(nil, t, id)
	value, err := snap.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		key = keys.AppendEnded(nil, t, id)
		value, err = snap.Get(ctx, key)
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil, explain(ErrNotFound, fmt.Sprintf("there is no instance %s", id))
	}
	if err != nil {
		return nil, err
	}
	in := &stored{ctx: ctx, snap: snap, id: id}
	return in, e.open(in, t, key, value)
}

// open decodes the head record value, which stands under key, into in.
func (e *Engine) open(in *stored, t keys.Tenant, key, value []byte) error {
	in.e = e
	p, err := codec.PeekHead(value)
	if err != nil {
		return corrupt(key, err)
	}
	if in.version, err = e.version(t, p.Process, p.Version); err != nil {
		return err
	}
	if err := codec.DecodeHead(value, in.version.shape, &in.head); err != nil {
		return corrupt(key, err)
	}
	in.version.machine.Shape(in.head.State)
	if codec.Pages(in.version.shape.Slots) == 0 {
		return nil
	}
	lo, hi := keys.SlotPageRange(t, in.id)
	for entry, err := range in.snap.Scan(in.ctx, lo, hi) {
		if err != nil {
			return err
		}
		_, page, ok := keys.ParseSlotPage(entry.Key)
		if !ok {
			return corrupt(entry.Key, errors.New("no key of a slot page"))
		}
		if err := codec.DecodeSlotPage(entry.Value, in.head.State.Slots, int(page)); err != nil {
			return corrupt(entry.Key, err)
		}
	}
	return nil
}

// context is what the kernel needs to evaluate expressions on the instance.
func (in *stored) context() kernel.Context {
	return kernel.Context{Values: in, Location: in.version.location}
}

// input is what an activity is given now.
func (in *stored) input(node int32) (expr.Value, error) {
	return in.version.machine.Input(in.head.State, in.context(), node)
}

// Value implements kernel.Values: the value stands in the head's tail, or in the history chunk that holds the event, or
// in a record of its own.
func (in *stored) Value(slot int, version uint64) (expr.Value, error) {
	for _, look := range [...]func(uint64) (*codec.Tail, error){
		func(uint64) (*codec.Tail, error) { return &in.head.Tail, nil },
		func(uint64) (*codec.Tail, error) { return &in.chunk, nil },
		in.readChunk,
	} {
		tail, err := look(version)
		if err != nil {
			return expr.Value{}, err
		}
		v, place, err := tail.Value(slot, version)
		switch {
		case err != nil:
			return expr.Value{}, fmt.Errorf("%w: history of instance %s, event %d: %w", ErrCorrupt, in.id, version, err)
		case place == codec.Here:
			return v, nil
		case place == codec.OwnRecord:
			return in.large(int32(slot), version)
		}
	}
	return expr.Value{}, fmt.Errorf("%w: history of instance %s: event %d did not write variable %s", ErrCorrupt, in.id, version,
		in.version.prog.Vars[slot].Name)
}

// readChunk reads the history record that holds event n.
func (in *stored) readChunk(n uint64) (*codec.Tail, error) {
	lo, hi := keys.HistoryUpTo(in.version.tenant, in.id, n)
	for entry, err := range in.snap.ScanBack(in.ctx, lo, hi) {
		if err != nil {
			return nil, err
		}
		_, first, ok := keys.ParseHistory(entry.Key)
		if !ok {
			return nil, corrupt(entry.Key, errors.New("no key of history"))
		}
		if err := codec.DecodeChunk(entry.Value, first, &in.chunk); err != nil {
			return nil, corrupt(entry.Key, err)
		}
		return &in.chunk, nil
	}
	return nil, fmt.Errorf("%w: history of instance %s: event %d is missing", ErrCorrupt, in.id, n)
}

// large reads a value that has a record of its own.
func (in *stored) large(slot int32, version uint64) (expr.Value, error) {
	for i := range in.fresh {
		if l := &in.fresh[i]; l.slot == slot && l.event == version {
			return l.value, nil
		}
	}
	key := keys.AppendValue(nil, in.version.tenant, in.id, uint32(slot), version)
	b, err := in.snap.Get(in.ctx, key)
	if err != nil {
		return expr.Value{}, fmt.Errorf("value (key %x): %w", key, err)
	}
	v, err := codec.DecodeLarge(b)
	if err != nil {
		return expr.Value{}, corrupt(key, err)
	}
	return v, nil
}

// state is the state that the surface shows.
func state(s kernel.Status, incidents int) State {
	switch {
	case s >= kernel.Completed:
		return Completed
	case incidents > 0:
		return Failed
	}
	return Running
}

// info describes the instance. Nothing in it is shared with the instance.
func (in *stored) info() *InstanceInfo {
	s := in.head.State
	info := &InstanceInfo{
		ID: in.id.String(), Key: in.head.BusinessKey, Process: in.version.name, Version: int(in.version.number),
		State: state(s.Status, s.Incidents()), Started: instant(s.Created), Due: instant(in.head.Due),
		Priority: in.head.Priority, Seq: s.Seq, Cursor: in.id.String(),
	}
	if len(in.head.Labels) > 0 {
		info.Labels = maps.Clone(in.head.Labels)
	}
	if s.Ended() {
		info.Ended = instant(s.Updated)
	}
	info.Rules = in.rules()
	for i := range s.Works {
		w := &s.Works[i]
		n := &in.version.prog.Nodes[w.Node]
		wait := Wait{Node: n.ID, Kind: schema.Kind(n.Kind), Until: instant(w.Due)}
		if w.Incident {
			info.Incidents = append(info.Incidents, workID(in.id, w.Since))
		}
		if n.Kind == program.UserTask {
			wait.Task = workID(in.id, w.Since)
		}
		info.Waits = append(info.Waits, wait)
	}
	return info
}

// rules is what the instance says about the rules whose states it keeps.
func (in *stored) rules() []RuleInfo {
	var list []RuleInfo
	for i := range in.version.prog.Rules {
		if v := in.version.machine.Verdict(in.head.State, i); v != 0 {
			list = append(list, RuleInfo{in.version.prog.Rules[i].ID, v.String()})
		}
	}
	return list
}

// workID names one thing that an instance waits for: a task, job or incident. since is the number of the event that
// opened it, so an id is never used twice.
func workID(id keys.ID, since uint64) string {
	return string(strconv.AppendUint(append([]byte(id.String()), '-'), since, 10))
}

// parseWorkID reads what workID writes. what is "task" or "incident", for the error.
func parseWorkID(what, s string) (keys.ID, uint64, error) {
	first, second, ok := strings.Cut(s, "-")
	id, err := keys.ParseID(first)
	since, fault := strconv.ParseUint(second, 10, 64)
	if !ok || err != nil || fault != nil || since == 0 {
		return keys.ID{}, 0, explain(ErrNotFound, fmt.Sprintf("%q is no %s id: want an instance id, a dash and a number", s, what))
	}
	return id, since, nil
}

// instanceOf is the instance's part of what workID wrote, "" if s is no such id.
func instanceOf(s string) string {
	first, _, _ := strings.Cut(s, "-")
	if _, err := keys.ParseID(first); err != nil {
		return ""
	}
	return first
}

// bySince returns the open work that event number since opened, or nil.
func bySince(s *kernel.State, since uint64) *kernel.Work {
	for i := range s.Works {
		if s.Works[i].Since == since {
			return &s.Works[i]
		}
	}
	return nil
}

// gone says why there is no open work of that id: it was, or it never was.
func gone(what string, s *kernel.State, since uint64) error {
	if since <= s.Seq {
		return explain(ErrState, fmt.Sprintf("the %s is not open any more", what))
	}
	return explain(ErrNotFound, fmt.Sprintf("there is no such %s", what))
}
