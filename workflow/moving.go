package workflow

import (
	"context"
	"fmt"
	"slices"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/kernel"
)

// A move is one step of the owner shard: the instance's whole history is folded and replayed on the other version, and
// what follows is written like any step, in one batch:
//
//	head           the landing on the other version, with a note of the move
//	history        Migrated, with all variables in the numbering of the other version, and what the landing opens
//	slot pages     written anew; those left over are deleted
//	index entries  all of the old version go, all of the new one are put (compareMoved)
//
// Work that goes on keeps the number of the event that opened it, so jobs that run, timers and messages that are on
// their way, and ids that people hold find it at its new node (aim).

// postponed puts a move off to the next turn if its instance has changed in this turn: the write-out compares what the instance waited
// for in one version with what it waits for in one other.
func (s *shard) postponed(r *request) bool {
	in := s.cache.byAddr[address{r.tenant, r.id}]
	if in == nil || !in.dirty {
		return false
	}
	r.direct = false // it was counted, and has room
	s.again = append(s.again, r)
	return true
}

// move carries out an opMove.
func (s *shard) move(t *turn, r *request) error {
	in, err := s.load(r.tenant, r.id)
	if err != nil {
		return err
	}
	mv := r.moving
	r.out = in.outcome()
	switch {
	case in.v.process != mv.to.process:
		return explain(ErrState, fmt.Sprintf("it is an instance of %s, not of %s", in.v.name, mv.to.name))
	case in.head.State.Ended():
		return explain(ErrState, "the instance has ended")
	case in.v.number == mv.to.number:
		mv.verdict = standing(in.v, in.head.State)
		return nil
	}
	if err := mayLeave(in.v, mv.from); err != nil {
		return err
	}
	checker, err := s.e.checker(in.v, mv.to, mv.options)
	if err != nil {
		return err
	}
	view := &stored{e: s.e, ctx: context.Background(), snap: s.e.store, id: in.id, version: in.v, head: in.head, fresh: in.large}
	run, err := view.fold()
	if err != nil {
		return err
	}
	verdict, landing := checker.Land(run.Run, in.v.location)
	mv.verdict = verdict
	if landing == nil {
		return &RefusedError{verdict}
	}
	landing.Move.From, landing.Move.To = in.v.number, mv.to.number
	ctx := s.context(in)
	ctx.Values = nil // all values are in memory after a replay, so none is read
	s.log, err = mv.to.machine.Move(in.head.State, landing.State, landing.Move, landing.Rules, landing.Wrote, ctx, t.now, mv.actor, s.log[:0])
	if err != nil {
		return err // the instance is as it was
	}
	in.arrive(mv.to, landing.State, s.log[0].Seq)
	return s.stepped(t, r, in)
}

// arrive puts the instance on another version by event seq.
func (in *instance) arrive(to *version, st *kernel.State, seq uint64) {
	in.head.Moves = append(slices.Clip(in.head.Moves), codec.Moved{Seq: seq, From: in.v.number})
	in.from, in.v, in.lay = in.v, to, in.e.layoutOf(to.prog)
	in.head.Version, in.head.State = to.number, st
	in.pages = ^uint64(0)
}
