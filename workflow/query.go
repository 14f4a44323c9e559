package workflow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/internal/ltlf"
	"github.com/replank/replank/store"
	"github.com/replank/replank/tenant"
)

// InstanceFilter selects instances; zero fields do not restrict.
type InstanceFilter struct {
	Process  string
	Version  int
	States   []State
	Key      string            // business key
	At       string            // it waits at this node
	Violated string            // it violated the rule of this id; AnyRule: any
	Labels   map[string]string // it has all of these
	Since    time.Time         // started at or after
	Until    time.Time         // started before
	After    string            // resume behind InstanceInfo.Cursor
}

// Instances yields matching instances, live and ended, newest first; stop by breaking. All of them are of one moment.
// It scans the heads of the tenant, from After on. A process that is not deployed is ErrNotFound, and so is a node (At)
// that no version of any process has.
func (t *Tenant) Instances(ctx context.Context, f InstanceFilter) iter.Seq2[InstanceInfo, error] {
	return func(yield func(InstanceInfo, error) bool) {
		err := t.scanInstances(ctx, "instances", f, func(q *instanceQuery, key keys.ID, e store.Entry) (bool, error) {
			in := &stored{ctx: ctx, snap: q.snap, id: key}
			if err := t.e.open(in, q.realm.id, e.Key, e.Value); err != nil {
				return false, err
			}
			if !in.waitsAt(f.At) || !in.violated(f.Violated) {
				return true, nil
			}
			q.found = true
			return yield(*in.info(), nil), nil
		})
		if err != nil {
			yield(InstanceInfo{}, err)
		}
	}
}

// Count counts matching instances. Without At and Violated it does not look into them, which is fast.
func (t *Tenant) Count(ctx context.Context, f InstanceFilter) (int, error) {
	n := 0
	err := t.scanInstances(ctx, "count", f, func(q *instanceQuery, key keys.ID, e store.Entry) (bool, error) {
		if f.At != "" || f.Violated != "" {
			in := &stored{ctx: ctx, snap: q.snap, id: key}
			if err := t.e.open(in, q.realm.id, e.Key, e.Value); err != nil {
				return false, err
			}
			if !in.waitsAt(f.At) || !in.violated(f.Violated) {
				return true, nil
			}
		}
		n++
		q.found = true
		return true, nil
	})
	return n, err
}

// AnyRule is every rule, for InstanceFilter.Violated.
const AnyRule = "*"

// violated reports whether the instance violated a rule.
func (in *stored) violated(rule string) bool {
	if rule == "" {
		return true
	}
	for i := range in.version.prog.Rules {
		if id := in.version.prog.Rules[i].ID; (rule == AnyRule || rule == id) && in.version.machine.Verdict(in.head.State, i) == ltlf.Violated {
			return true
		}
	}
	return false
}

func (in *stored) waitsAt(node string) bool {
	if node == "" {
		return true
	}
	for i := range in.head.State.Works {
		if in.version.prog.Nodes[in.head.State.Works[i].Node].ID == node {
			return true
		}
	}
	return false
}

// instanceQuery is an InstanceFilter that was checked against a tenant.
type instanceQuery struct {
	InstanceFilter
	realm        *realm
	snap         store.Snapshot
	process      uint32 // 0: any
	since, until int64  // unix milliseconds
	found        bool   // an instance matched
}

// scanInstances calls visit for each head that matches but for At, newest first, until it returns false.
func (t *Tenant) scanInstances(ctx context.Context, op string, f InstanceFilter, visit func(*instanceQuery, keys.ID, store.Entry) (bool, error)) error {
	err := func() error {
		r, err := t.enter(ctx, op, tenant.Read, f.Process)
		if err != nil {
			return err
		}
		q := &instanceQuery{InstanceFilter: f, realm: r, until: keys.NoTime}
		if f.Process != "" {
			if q.process, _, _, err = r.known(f.Process); err != nil {
				return err
			}
		}
		if !f.Since.IsZero() {
			q.since = f.Since.UnixMilli()
		}
		if !f.Until.IsZero() {
			q.until = f.Until.UnixMilli()
		}
		if q.snap, err = t.e.snapshot(ctx); err != nil {
			return err
		}
		defer q.snap.Close()
		for head, err := range q.heads(ctx) {
			if err != nil {
				return err
			}
			p, err := codec.PeekHead(head.Value)
			if err != nil {
				return corrupt(head.Key, err)
			}
			if !q.matches(&p) {
				continue
			}
			if more, err := visit(q, head.id, head.Entry); err != nil || !more {
				return err
			}
		}
		if f.At != "" && !q.found {
			return t.e.knownNode(r, f.At)
		}
		return nil
	}()
	return wrap(op, t.name, f.Process, "", "", err)
}

func (q *instanceQuery) matches(p *codec.Peek) bool {
	switch {
	case q.process != 0 && q.process != p.Process,
		q.Version != 0 && q.Version != int(p.Version),
		q.Key != "" && q.Key != string(p.BusinessKey),
		p.Created < q.since || p.Created >= q.until,
		len(q.States) > 0 && !slices.Contains(q.States, state(p.Status, p.Incidents)):
		return false
	}
	for name, want := range q.Labels {
		if have, ok := p.Label(name); !ok || have != want {
			return false
		}
	}
	return true
}

// headEntry is a head record and whose it is.
type headEntry struct {
	id keys.ID
	store.Entry
}

// heads yields the heads of the instances that can match, newest first: live and ended ones lie apart and are merged.
func (q *instanceQuery) heads(ctx context.Context) iter.Seq2[headEntry, error] {
	return func(yield func(headEntry, error) bool) {
		var last []byte // its instance is not wanted any more
		if q.After != "" {
			id, err := keys.ParseID(q.After)
			if err != nil {
				yield(headEntry{}, explain(ErrType, fmt.Sprintf("After: %q is no cursor of an instance", q.After)))
				return
			}
			last = id[:]
		}
		live, ended := len(q.States) == 0, len(q.States) == 0
		for _, s := range q.States {
			live, ended = live || !s.Ended(), ended || s.Ended()
		}
		var streams []*headStream
		for _, s := range [...]struct {
			kind keys.Kind
			want bool
		}{{keys.KindHead, live}, {keys.KindEnded, ended}} {
			if !s.want {
				continue
			}
			lo, hi := keys.KindRange(q.realm.id, s.kind)
			if last != nil {
				hi = append(slices.Clone(lo), last...)
			}
			next, stop := iter.Pull2(q.snap.ScanBack(ctx, lo, hi))
			defer stop()
			streams = append(streams, &headStream{next: next})
		}
		for {
			var newest *headStream
			for _, s := range streams {
				if !s.fill() {
					continue
				}
				if s.err != nil {
					yield(headEntry{}, s.err)
					return
				}
				if newest == nil || bytes.Compare(s.head.id[:], newest.head.id[:]) > 0 {
					newest = s
				}
			}
			if newest == nil {
				return
			}
			newest.full = false
			if !yield(newest.head, nil) {
				return
			}
		}
	}
}

// headStream is the heads of one kind, of which the next one is looked at before it is taken.
type headStream struct {
	next func() (store.Entry, error, bool)
	head headEntry
	err  error
	full bool
	over bool
}

// fill looks at the next head. It returns false at the end.
func (s *headStream) fill() bool {
	if s.full || s.over {
		return s.full
	}
	entry, err, ok := s.next()
	if !ok {
		s.over = true
		return false
	}
	s.full, s.err, s.head.Entry = true, err, entry
	if err == nil {
		_, _, rest, ok := keys.Split(entry.Key)
		if !ok || len(rest) != len(s.head.id) {
			s.err = corrupt(entry.Key, errors.New("no key of a head"))
		} else {
			copy(s.head.id[:], rest)
		}
	}
	return true
}

// IncidentFilter selects open incidents; zero fields do not restrict.
type IncidentFilter struct {
	Process  string
	Instance string
	Node     string
	Since    time.Time // raised at or after
	After    string    // resume behind IncidentInfo.Cursor
}

// Incidents yields the open incidents, those of the oldest instance first, without IncidentInfo.In. All of them are of
// one moment.
func (t *Tenant) Incidents(ctx context.Context, f IncidentFilter) iter.Seq2[IncidentInfo, error] {
	return func(yield func(IncidentInfo, error) bool) {
		if err := t.incidents(ctx, f, yield); err != nil {
			yield(IncidentInfo{}, wrap("incidents", t.name, f.Process, f.Instance, "", err))
		}
	}
}

func (t *Tenant) incidents(ctx context.Context, f IncidentFilter, yield func(IncidentInfo, error) bool) error {
	r, err := t.enter(ctx, "incidents", tenant.Read, f.Process)
	if err != nil {
		return err
	}
	var process uint32
	if f.Process != "" {
		if process, _, _, err = r.known(f.Process); err != nil {
			return err
		}
	}
	lo, hi := keys.IncidentRange(r.id)
	if f.Instance != "" {
		id, err := parseInstanceID(f.Instance)
		if err != nil {
			return err
		}
		lo, hi = keys.InstanceIncidentRange(r.id, id)
	}
	if f.After != "" {
		if lo, err = resume(lo, hi, f.After); err != nil {
			return err
		}
	}
	snap, err := t.e.snapshot(ctx)
	if err != nil {
		return err
	}
	defer snap.Close()
	var in *stored // of the last incident
	for entry, err := range snap.Scan(ctx, lo, hi) {
		if err != nil {
			return err
		}
		id, node, ok := keys.ParseIncident(entry.Key)
		if !ok {
			return corrupt(entry.Key, errors.New("no key of an incident"))
		}
		of, _, err := codec.DecodeIncident(entry.Value)
		if err != nil {
			return corrupt(entry.Key, err)
		}
		if process != 0 && process != of {
			continue
		}
		if in == nil || in.id != id {
			if in, err = t.e.fetch(ctx, snap, r.id, id); err != nil {
				return err
			}
		}
		w := in.head.State.Work(int32(node))
		if w == nil || !w.Incident {
			return corrupt(entry.Key, errors.New("the instance has no such incident"))
		}
		info := in.incident(w)
		if f.Node != "" && f.Node != info.Node || info.Raised.Before(f.Since) {
			continue
		}
		info.Cursor = cursor(entry.Key)
		if !yield(*info, nil) {
			return nil
		}
	}
	return nil
}

// RetryIncidents retries all that match, one after the other, and returns how many. Those that were resolved meanwhile
// are passed over.
func (t *Tenant) RetryIncidents(ctx context.Context, f IncidentFilter) (int, error) {
	n := 0
	for info, err := range t.Incidents(ctx, f) {
		if err != nil {
			return n, err
		}
		switch err := t.Incident(info.ID).Retry(ctx); {
		case errors.Is(err, ErrState):
		case err != nil:
			return n, err
		default:
			n++
		}
	}
	return n, nil
}

// barred reports whether the four-eyes rule of the node speaks against the user: Claim would be ErrForbidden.
func (in *stored) barred(user string, node int32) bool {
	prog, s := in.version.prog, in.head.State
	for _, n := range prog.Nodes[node].Separate {
		if k, ok := slices.BinarySearch(prog.Witnesses, int(n)); ok && s.Actors[k] == user && user != "" {
			return true
		}
	}
	return false
}

var _ kernel.Values = (*stored)(nil)
