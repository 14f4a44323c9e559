package workflow

import "context"

// release awaits the turns of a shard in their order, and lets out the effects of each when it is durable.
func (s *shard) release() {
	defer close(s.done)
	for t := range s.pending {
		err := s.e.failure.err()
		if err == nil && t.durable != nil {
			// The turns before it were awaited, so a turn that wrote nothing need not wait at all.
			if werr := t.durable.Wait(context.Background()); werr != nil {
				err = s.e.fail(werr)
			}
		}
		if err == nil {
			s.progress.reached(t.n)
		}
		<-s.tickets
		s.publish(t, err)
		t.reset()
		s.e.turns.Put(t)
	}
}

// publish lets out the effects of a turn; with an error, only the answers, which it is then.
func (s *shard) publish(t *turn, err error) {
	e := s.e
	for _, r := range t.replies {
		if err != nil {
			r.out, r.err = outcome{}, err
		}
		e.answered(r)
	}
	if err != nil {
		return
	}
	if t.durable != nil {
		e.counters.commits.Add(1)
	}
	if t.begun != t.over {
		e.counters.live.Add(int64(t.begun) - int64(t.over))
	}
	if len(t.jobs) > 0 {
		e.jobs.push(t.jobs)
	}
	if len(t.armed)+len(t.disarmed) > 0 {
		e.timers.change(t.disarmed, t.armed)
	}
	for _, sub := range t.opened {
		e.messages.look(sub)
	}
	for _, a := range t.touched {
		e.watchers.changed(a)
	}
}

// answered hands a request back to who waits for it.
func (e *Engine) answered(r *request) {
	if r.key != nil {
		e.starts.settle(r.key, r.out.ID, r.err)
	}
	if r.reply != nil {
		r.reply <- struct{}{}
	}
}
