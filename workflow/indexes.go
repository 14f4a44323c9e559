package workflow

import (
	"cmp"
	"slices"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/store"
)

// Index entries follow from what an instance waits for (kernel.Work), and nothing else: a write-out compares that with
// what it was at the last one, and writes the difference. So there is one place that says which entries a state has,
// and no event that could forget one. The same comparison tells which jobs to hand out, which timers to arm, and which
// messages to look for.

// indexWrites collects index writes, so that they reach the batch kind by kind. The keys and values share one arena.
type indexWrites struct {
	arena []byte
	list  []indexWrite
	kind  keys.Kind
	key   []byte // the arena while a key is appended to it
	from  int
}

// indexWrite is one put or delete; offsets are in the arena.
type indexWrite struct {
	kind            keys.Kind
	drop            bool
	from, mid, upto int // key: from to mid; value: mid to upto
}

func (w *indexWrites) reset() { w.arena, w.list = w.arena[:0], w.list[:0] }

// begin starts a write: append the key to w.key, then call put or drop.
func (w *indexWrites) begin(k keys.Kind) { w.kind, w.key, w.from = k, w.arena, len(w.arena) }

func (w *indexWrites) put(value func(dst []byte) []byte) {
	mid := len(w.key)
	w.arena = value(w.key)
	w.list = append(w.list, indexWrite{w.kind, false, w.from, mid, len(w.arena)})
}

func (w *indexWrites) drop() {
	w.arena = w.key
	w.list = append(w.list, indexWrite{w.kind, true, w.from, len(w.key), len(w.key)})
}

func (w *indexWrites) writeTo(b *store.Batch) {
	if len(w.list) > 1 {
		slices.SortStableFunc(w.list, func(a, b indexWrite) int { return cmp.Compare(a.kind, b.kind) })
	}
	for _, x := range w.list {
		if x.drop {
			b.Delete(w.arena[x.from:x.mid])
		} else {
			b.Put(w.arena[x.from:x.mid], w.arena[x.mid:x.upto])
		}
	}
}

// compare writes the difference between what in waited for at its last write-out and what it waits for now, and adds
// the effects to the turn.
func (s *shard) compare(t *turn, in *instance) {
	old, now := in.works, in.head.State.Works
	for i, j := 0, 0; i < len(old) || j < len(now); {
		switch {
		case j == len(now) || i < len(old) && old[i].Node < now[j].Node:
			s.differ(t, in, in.v, &old[i], nil)
			i++
		case i == len(old) || now[j].Node < old[i].Node:
			s.differ(t, in, in.v, nil, &now[j])
			s.dispatch(t, in, nil, &now[j])
			j++
		default:
			s.differ(t, in, in.v, &old[i], &now[j])
			s.dispatch(t, in, &old[i], &now[j])
			i++
			j++
		}
	}
	in.works = append(in.works[:0], now...)
	in.retried = in.retried[:0]
}

// compareMoved is compare for an instance that moved in this turn. Nodes have other numbers, and messages perhaps other
// names, so every entry of the old version goes and every one of the new is put. What runs goes on.
func (s *shard) compareMoved(t *turn, in *instance) {
	for i := range in.works {
		s.differ(t, in, in.from, &in.works[i], nil)
	}
	now := in.head.State.Works
	for i := range now {
		var was *kernel.Work
		for j := range in.works {
			if in.works[j].Since == now[i].Since {
				was = &in.works[j]
			}
		}
		s.differ(t, in, in.v, nil, &now[i])
		if was == nil || was.Job {
			s.dispatch(t, in, was, &now[i])
		} else {
			s.dispatch(t, in, nil, &now[i]) // a person had it until now
		}
	}
	in.works = append(in.works[:0], now...)
	in.retried = in.retried[:0]
}

// differ writes the difference of the index entries of one node of version v; was and is may be nil.
func (s *shard) differ(t *turn, in *instance, v *version, was, is *kernel.Work) {
	if was != nil && is != nil && *was == *is && len(in.retried) == 0 {
		return
	}
	x := &v.prog.Nodes[work(was, is).Node]
	if was != nil && was.Incident {
		if is == nil || !is.Incident {
			s.dropIncident(in, was)
		}
	}
	if is != nil && is.Incident && (was == nil || !was.Incident || was.Since != is.Since) {
		s.putIncident(in, is)
	}
	if x.Kind == program.UserTask {
		s.differTask(in, was, is)
	}
	s.differTimer(t, in, x, was, is)
	if x.Message != "" {
		s.differSubscription(t, in, x, was, is)
	}
}

// dispatch hands out a job that runs from now on; was is what the node waited for before, or nil.
func (s *shard) dispatch(t *turn, in *instance, was, is *kernel.Work) {
	if !is.Job || !is.Started || is.Incident || is.Due != 0 {
		return
	}
	if was != nil && was.Since == is.Since && !was.Incident && !slices.Contains(in.retried, is.Node) {
		return
	}
	s.handOut(t, in, is, false)
}

// work is the one of two that is there.
func work(was, is *kernel.Work) *kernel.Work {
	if is != nil {
		return is
	}
	return was
}

func (s *shard) putIncident(in *instance, w *kernel.Work) {
	s.index.begin(keys.KindIncident)
	s.index.key = keys.AppendIncident(s.index.key, in.tenant, in.id, uint32(w.Node))
	s.index.put(func(dst []byte) []byte { return codec.AppendIncident(dst, in.v.process, w.Since) })
	if in.from != nil && w.Since <= in.wrote {
		return // it has moved with its instance
	}
	s.e.log.Warn("incident", "tenant", in.v.tenantName, "process", in.v.name, "instance", in.id.String(),
		"node", in.v.prog.Nodes[w.Node].ID, "cause", w.Key)
}

func (s *shard) dropIncident(in *instance, w *kernel.Work) {
	s.index.begin(keys.KindIncident)
	s.index.key = keys.AppendIncident(s.index.key, in.tenant, in.id, uint32(w.Node))
	s.index.drop()
}

// differTask keeps the entry of an open user task.
func (s *shard) differTask(in *instance, was, is *kernel.Work) {
	if was != nil && (is == nil || taskDue(was) != taskDue(is) || was.At != is.At) {
		s.index.begin(keys.KindTask)
		s.index.key = keys.AppendTask(s.index.key, in.tenant, taskDue(was), was.At, in.id, uint32(was.Node))
		s.index.drop()
	}
	if is != nil {
		s.index.begin(keys.KindTask)
		s.index.key = keys.AppendTask(s.index.key, in.tenant, taskDue(is), is.At, in.id, uint32(is.Node))
		s.index.put(func(dst []byte) []byte {
			return codec.AppendTask(dst, &codec.Task{
				Process: in.v.process, Version: in.v.number, Since: is.Since, Started: is.Started,
				Actor: is.Actor, Priority: in.head.Priority,
			})
		})
	}
}

func taskDue(w *kernel.Work) int64 {
	if w.Due == 0 {
		return keys.NoTime
	}
	return w.Due
}

// timed reports whether w has a timer entry: an armed timer, or a job that waits for its next attempt.
func timed(x *program.Node, w *kernel.Work) bool {
	return w != nil && w.Due != 0 && !w.Incident && (w.Job || x.Timer != nil)
}

func (s *shard) differTimer(t *turn, in *instance, x *program.Node, was, is *kernel.Work) {
	before, after := timed(x, was), timed(x, is)
	if before && after && was.Due == is.Due && was.Since == is.Since {
		return
	}
	if before {
		if !after || was.Due != is.Due {
			s.index.begin(keys.KindTimer)
			s.index.key = keys.AppendTimer(s.index.key, in.tenant, was.Due, in.id, uint32(was.Node))
			s.index.drop()
		}
		t.disarmed = append(t.disarmed, timer{was.Due, jobRef{in.tenant, in.id, was.Node, was.Since}})
	}
	if after {
		s.index.begin(keys.KindTimer)
		s.index.key = keys.AppendTimer(s.index.key, in.tenant, is.Due, in.id, uint32(is.Node))
		s.index.put(func(dst []byte) []byte { return codec.AppendTimer(dst, is.Since) })
		t.armed = append(t.armed, timer{is.Due, jobRef{in.tenant, in.id, is.Node, is.Since}})
	}
}

// subscribed reports whether w has a subscription entry.
func subscribed(w *kernel.Work) bool { return w != nil && !w.Incident }

func (s *shard) differSubscription(t *turn, in *instance, x *program.Node, was, is *kernel.Work) {
	before, after := subscribed(was), subscribed(is)
	if before && after && was.Key == is.Key && was.Since == is.Since {
		return
	}
	if before && (!after || was.Key != is.Key) {
		s.index.begin(keys.KindSubscription)
		s.index.key = keys.AppendSubscription(s.index.key, in.tenant, x.Message, was.Key, in.v.process, in.id, uint32(was.Node))
		s.index.drop()
	}
	if after {
		s.index.begin(keys.KindSubscription)
		s.index.key = keys.AppendSubscription(s.index.key, in.tenant, x.Message, is.Key, in.v.process, in.id, uint32(is.Node))
		s.index.put(func(dst []byte) []byte { return codec.AppendSubscription(dst, is.Since) })
		s.e.messages.expect(in.address)
		t.opened = append(t.opened, subscription{in.address, is.Node, is.Since, in.v.process, x.Message, is.Key})
	}
}
