// Package loan is a small program to show how a process is tested: the schema, the handlers that a real program would
// register, and in loan_test.go ninety days in the life of a loan, with reminders, crashes and a slow bank, in
// milliseconds.
package loan

import (
	"context"
	"embed"
	"fmt"
	"sync"
	"time"

	"github.com/replank/replank/workflow"
)

// Schema holds loan.yaml.
//
//go:embed loan.yaml
var Schema embed.FS

// Ledger stands for the bank's books. Jobs run at least once: after a crash a handler may be asked again for what it has
// done already. So every booking is made under the job's idempotency key, and a second one with the same key is none.
type Ledger struct {
	Slow time.Duration // how long a payment takes; 0: no time

	mu       sync.Mutex
	bookings map[string]string // by idempotency key
	lines    []string
}

// Lines are the bookings made, in order.
func (l *Ledger) Lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.lines...)
}

// book makes a booking unless the job has made it before, and returns its number.
func (l *Ledger) book(ctx context.Context, line string) string {
	job, _ := workflow.JobFrom(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	if id, ok := l.bookings[job.Key]; ok {
		return id
	}
	if l.bookings == nil {
		l.bookings = make(map[string]string)
	}
	id := fmt.Sprintf("B-%d", len(l.bookings)+1)
	l.bookings[job.Key] = id
	l.lines = append(l.lines, line)
	return id
}

type reserveIn struct {
	Amount int `json:"amount"`
}

type booked struct {
	ID string `json:"id"`
}

type payIn struct {
	Reservation string `json:"reservation"`
	Amount      int    `json:"amount"`
}

type releaseIn struct {
	Reservation string `json:"reservation"`
}

// Register registers the handlers of the ledger with an engine, as the program's main does.
func (l *Ledger) Register(e *workflow.Engine) {
	workflow.Handle(e, "ledger.reserve", func(ctx context.Context, in reserveIn) (booked, error) {
		return booked{l.book(ctx, fmt.Sprintf("reserve %d", in.Amount))}, nil
	})
	workflow.Handle(e, "ledger.pay", workflow.NoResult(func(ctx context.Context, in payIn) error {
		l.book(ctx, fmt.Sprintf("pay %d from %s", in.Amount, in.Reservation))
		select { // the bank answers in its own time
		case <-time.After(l.Slow):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}))
	workflow.Handle(e, "ledger.release", workflow.NoResult(func(ctx context.Context, in releaseIn) error {
		l.book(ctx, "release "+in.Reservation)
		return nil
	}))
}
