package workflow

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/migrate"
	"github.com/replank/replank/store"
	"github.com/replank/replank/tenant"
)

// A preview costs one scan of the heads and one replay per class. A class is what all verdicts depend on (formal-core.md,
// KEY): the version, the digest of the run, where its tokens are, what runs, which variables were written. Only where a
// guard of the other version is decided by values is each instance of a class judged by itself.

// Class is instances that share a verdict.
type Class struct {
	Version int // that they are on
	Count   int
	Sample  []string // ids of a few of them, the oldest
	Verdict migrate.Verdict
}

// maxSample is how many ids a class names.
const maxSample = 3

// Preview judges all live instances that m selects, and changes nothing. They are of one moment. What is wrong with the
// plan itself is a *schema.Error.
func (t *Tenant) Preview(ctx context.Context, m Move) (*Plan, error) {
	const op = "preview"
	p, err := t.preview(ctx, op, m)
	return p, wrap(op, t.name, m.Process, "", "", err)
}

func (t *Tenant) preview(ctx context.Context, op string, m Move) (*Plan, error) {
	r, err := t.enter(ctx, op, tenant.Read, m.Process)
	if err != nil {
		return nil, err
	}
	if m.Process == "" {
		return nil, explain(ErrType, "Move.Process is empty")
	}
	if m.Only.Process != "" || m.Only.After != "" {
		return nil, explain(ErrType, "Move.Only has a Process or After, which do not apply")
	}
	to, err := t.e.target(r, m.Process, &m)
	if err != nil {
		return nil, err
	}
	_, _, latest, err := r.known(m.Process)
	if err != nil {
		return nil, err
	}
	p := &Plan{t: *t, move: m, to: to, latest: latest}
	if p.from, err = sources(&m, to.number, latest); err != nil {
		return nil, err
	}
	snap, err := t.e.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer snap.Close()
	j := judging{
		ctx: ctx, e: t.e, realm: r, snap: snap, chosen: newSelection(r, to.process, p.from, m.Only), to: to, options: m.Options,
	}
	if err := j.scan(); err != nil {
		return nil, err
	}
	if p.classes, err = j.verdicts(); err != nil {
		return nil, err
	}
	return p, nil
}

// sources are the versions that a move is from, ascending.
func sources(m *Move, to, latest uint32) ([]uint32, error) {
	var from []uint32
	if m.From == nil {
		for v := uint32(1); v <= latest; v++ {
			if v != to {
				from = append(from, v)
			}
		}
		return from, nil
	}
	for _, v := range m.From {
		if v < 1 || v > int(latest) {
			return nil, &Error{
				Err: explain(ErrNotFound, fmt.Sprintf("Move.From: there is no version %d of %q", v, m.Process)), Hint: fmt.Sprintf("its versions are 1 to %d", latest),
			}
		}
		if uint32(v) != to {
			from = append(from, uint32(v))
		}
	}
	slices.Sort(from)
	return slices.Compact(from), nil
}

// selection is which instances a move of many is about.
type selection struct {
	instanceQuery
	from []uint32 // ascending
}

func newSelection(r *realm, process uint32, from []uint32, only InstanceFilter) *selection {
	q := instanceQuery{InstanceFilter: only, realm: r, process: process, until: keys.NoTime}
	if !only.Since.IsZero() {
		q.since = only.Since.UnixMilli()
	}
	if !only.Until.IsZero() {
		q.until = only.Until.UnixMilli()
	}
	return &selection{q, from}
}

// takes reports whether the front of a live head speaks for the instance. InstanceFilter.At and Violated are not looked at.
func (q *selection) takes(p *codec.Peek) bool {
	_, found := slices.BinarySearch(q.from, p.Version)
	return found && q.matches(p)
}

// judging is one preview at work.
type judging struct {
	ctx     context.Context // of the call
	e       *Engine
	realm   *realm
	snap    store.Snapshot
	chosen  *selection
	to      *version
	options migrate.Options

	groups map[string]*group // by classKey
	order  []*group          // as they were found
}

// group is a class that has no verdict yet.
type group struct {
	v   *version
	ids []keys.ID // oldest first
}

// scan puts the instances into groups.
func (j *judging) scan() error {
	j.groups = make(map[string]*group)
	in := make(map[uint32]*stored) // memory to decode into, by version
	var x *stored
	var key []byte
	lo, hi := keys.HeadRange(j.realm.id)
	for entry, err := range j.snap.Scan(j.ctx, lo, hi) {
		if err != nil {
			return err
		}
		p, err := codec.PeekHead(entry.Value)
		if err != nil {
			return corrupt(entry.Key, err)
		}
		if !j.chosen.takes(&p) {
			continue
		}
		id, ok := keys.ParseHead(entry.Key)
		if !ok {
			return corrupt(entry.Key, errors.New("no key of a head"))
		}
		if x == nil || x.version.number != p.Version {
			if x = in[p.Version]; x == nil {
				v, err := j.e.version(j.realm.id, p.Process, p.Version)
				if err != nil {
					return err
				}
				x = &stored{ctx: j.ctx, snap: j.snap, version: v}
				in[p.Version] = x
			}
		}
		x.id = id
		if err := j.decode(x, &p, entry); err != nil {
			return err
		}
		if !x.waitsAt(j.chosen.At) || !x.violated(j.chosen.Violated) {
			continue
		}
		key = appendClassKey(key[:0], x, j.to.prog, j.options.Criteria)
		g := j.groups[string(key)]
		if g == nil {
			g = &group{v: x.version}
			j.groups[string(key)] = g
			j.order = append(j.order, g)
		}
		g.ids = append(g.ids, id)
	}
	return nil
}

// decode is Engine.open for a version that is known and a front that was read. It spares what only a machine needs, and
// history.
func (j *judging) decode(in *stored, p *codec.Peek, entry store.Entry) error {
	if codec.Pages(in.version.shape.Slots) > 0 {
		return j.e.open(in, j.realm.id, entry.Key, entry.Value)
	}
	if err := p.DecodeRun(entry.Value, &in.version.shape, &in.head); err != nil {
		return corrupt(entry.Key, err)
	}
	return nil
}

// appendClassKey appends what all verdicts on the instance depend on. The set digest tells runs apart up to the order of
// independent steps. Criteria that look at the order need the sequence digest too; so does a run that was rewritten by a
// move, one of a schema with a cycle that is no loop, and one with finished iterations, which the set digest has dropped:
// a stricter set may accept some of its class into another state than the one that Loops accepts all of them into.
//
// Rules of the target read letters in the order in which they came, so with them that order and the states of the rules
// here tell runs apart (formal-core.md: "rules new in S': the sequence digest").
func appendClassKey(dst []byte, in *stored, to *program.Program, c migrate.Criteria) []byte {
	if c == 0 {
		c = migrate.Default
	}
	s := in.head.State
	dst = binary.AppendUvarint(dst, uint64(in.version.number))
	dst = appendDigest(dst, s.Key)
	if len(to.Rules) > 0 || c&migrate.Order == 0 || len(in.head.Moves) > 0 || in.version.machine.Cyclic() ||
		slices.ContainsFunc(s.Superseded, func(w uint64) bool { return w != 0 }) {
		dst = appendDigest(append(dst, 1), s.Order)
	}
	dst = binary.AppendUvarint(dst, uint64(len(in.head.Moves)))
	for _, m := range in.head.Moves {
		dst = binary.AppendUvarint(dst, uint64(m.From))
	}
	for _, w := range s.Marking {
		dst = binary.LittleEndian.AppendUint64(dst, w)
	}
	dst = appendMask(dst, len(s.Slots), func(i int) bool { return s.Slots[i] != 0 })
	dst = appendMask(dst, len(s.Loops), func(i int) bool { return s.Loops[i].Iteration != 0 })
	dst = appendMask(dst, len(s.Loops), s.Superseded.Has)
	dst = appendMask(dst, len(s.Slots), s.EnvWritten.Has)
	for i := range s.Works {
		if w := &s.Works[i]; w.Started || w.Incident {
			dst = binary.AppendUvarint(dst, uint64(w.Node)<<2|bit(w.Started)<<1|bit(w.Incident))
		}
	}
	if len(to.Rules) > 0 {
		for _, state := range s.Rules {
			dst = binary.AppendUvarint(dst, uint64(state))
		}
	}
	return dst
}

func appendDigest(dst []byte, d kernel.Digest) []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(dst, d.Lo), d.Hi)
}

// appendMask appends one bit for each of n.
func appendMask(dst []byte, n int, has func(int) bool) []byte {
	for at := 0; at < n; at += 8 {
		var b byte
		for i := at; i < min(at+8, n); i++ {
			b |= byte(bit(has(i))) << (i - at)
		}
		dst = append(dst, b)
	}
	return dst
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// verdicts judges one instance of each group, or all of them where values decide. Classes come by size, the largest first.
func (j *judging) verdicts() ([]Class, error) {
	var classes []Class
	for _, g := range j.order {
		checker, err := j.e.checker(g.v, j.to, j.options)
		if err != nil {
			return nil, err
		}
		verdict, byValue, err := j.judge(checker, g.ids[0])
		if err != nil {
			return nil, err
		}
		if !byValue || len(g.ids) == 1 {
			classes = append(classes, shared(g.v, g.ids, verdict))
			continue
		}
		split, err := j.split(checker, g, verdict)
		if err != nil {
			return nil, err
		}
		classes = append(classes, split...)
	}
	slices.SortStableFunc(classes, func(a, b Class) int { return cmp.Compare(b.Count, a.Count) })
	return classes, nil
}

// split judges each instance of a group by itself; first is the verdict on the first one.
func (j *judging) split(checker *migrate.Checker, g *group, first migrate.Verdict) ([]Class, error) {
	var classes []Class
	at := make(map[string]int) // verdict, as text -> index in classes
	for i, id := range g.ids {
		verdict := first
		if i > 0 {
			var err error
			if verdict, _, err = j.judge(checker, id); err != nil {
				return nil, err
			}
		}
		text := fmt.Sprint(verdict.Node, verdict.String())
		k, known := at[text]
		if !known {
			at[text] = len(classes)
			classes = append(classes, shared(g.v, []keys.ID{id}, verdict))
			continue
		}
		c := &classes[k]
		if c.Count++; len(c.Sample) < maxSample {
			c.Sample = append(c.Sample, id.String())
		}
	}
	return classes, nil
}

func (j *judging) judge(checker *migrate.Checker, id keys.ID) (migrate.Verdict, bool, error) {
	if err := j.ctx.Err(); err != nil {
		return migrate.Verdict{}, false, err
	}
	in, err := j.e.fetch(j.ctx, j.snap, j.realm.id, id)
	if err != nil {
		return migrate.Verdict{}, false, err
	}
	run, err := in.fold()
	if err != nil {
		return migrate.Verdict{}, false, err
	}
	verdict, byValue := checker.Judge(run.Run)
	return verdict, byValue, nil
}

func shared(v *version, ids []keys.ID, verdict migrate.Verdict) Class {
	c := Class{Version: int(v.number), Count: len(ids), Verdict: verdict}
	for _, id := range ids[:min(len(ids), maxSample)] {
		c.Sample = append(c.Sample, id.String())
	}
	return c
}
