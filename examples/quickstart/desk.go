package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/replank/replank/workflow"
)

// A request is a loan of the story, and the step at which it is when the process
// is killed.
type request struct {
	lender, key string
	who         applicant
	amount      int
	stop        string
}

var requests = []request{
	{"philkaw", "L-1", applicant{"mara", 5200_00}, 18_000_00, "check"},
	{"philkaw", "L-2", applicant{"jon", 4100_00}, 9_500_00, "report"},
	{"philkaw", "L-3", applicant{"tess", 1500_00}, 21_000_00, "review"},
	{"grundrive", "L-1", applicant{"omar", 3900_00}, 12_000_00, "sign"},
	{"grundrive", "L-2", applicant{"lena", 6100_00}, 30_000_00, "pay"},
}

// story is the label of those loans, by which the engine finds them again.
var storyLabel = map[string]string{"of": "story"}

// Lines with which the desk tells its parent what it cannot read from a file that
// is about to be torn out of the desk's hands. Others are for the screen.
const (
	payingLine = "paying " // idempotency key
	ackLine    = "ack "    // lender and business key of a loan whose start is durable
)

// desk is the process that is killed.
func desk(ctx context.Context, dir string, out io.Writer) error {
	inside := make(chan string)
	eng, err := open(dir, func(ctx context.Context, j *workflow.Job, _ string, _ bool) error {
		inside <- j.Key
		<-ctx.Done() // the money is gone, the engine will never hear of it
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	for _, lender := range []string{"philkaw", "grundrive"} {
		t, err := eng.CreateTenant(ctx, lender, nil)
		if err != nil {
			return err
		}
		if _, err := t.Deploy(ctx, workflow.Text(loan)); err != nil {
			return err
		}
	}
	if err := eng.Start(ctx); err != nil {
		return err
	}
	fail := make(chan error, 1)
	for _, r := range requests {
		t := eng.Tenant(r.lender)
		in, err := t.Start(ctx, "loan", application{r.who, r.amount}, &workflow.StartOptions{Key: r.key, Labels: storyLabel})
		if err != nil {
			return err
		}
		if r.stop != "pay" {
			if _, err := carry(ctx, t, in, r.stop); err != nil {
				return err
			}
			continue
		}
		go func() { // never settles, because the handler never returns
			if _, err := carry(ctx, t, in, ""); err != nil {
				fail <- err
			}
		}()
		select {
		case key := <-inside:
			fmt.Fprintln(out, payingLine+key)
		case err := <-fail:
			return err
		}
	}
	if err := show(ctx, eng, out); err != nil {
		return err
	}
	return crowd(ctx, eng, out)
}

// crowd starts loans from all sides and says which are durable, until the end
// comes. It ends by itself if nobody wants to kill it.
func crowd(ctx context.Context, eng *workflow.Engine, out io.Writer) error {
	const clerks, each = 8, 1000
	fail := make(chan error)
	for c := range clerks {
		t := eng.Tenant(requests[c%len(requests)].lender)
		go func() {
			for n := range each {
				key := fmt.Sprintf("C-%d-%d", c, n)
				_, err := t.Start(ctx, "loan", application{applicant{"somebody", 3000_00}, 5_000_00}, &workflow.StartOptions{Key: key})
				if err != nil {
					fail <- err
					return
				}
				fmt.Fprintln(out, ackLine+t.Name(), key)
			}
			fail <- nil
		}()
	}
	for range clerks {
		if err := <-fail; err != nil {
			return err
		}
	}
	return nil
}

// A killed process, and what it had said before.
type killed struct {
	pid    int
	paying string              // idempotency key of the payment that it was in the middle of
	acks   map[string][]string // lender -> business keys of loans that it had acknowledged
	n      int                 // how many those are
}

// killInTheMiddle runs a desk in a process of its own, lets its lines through to
// out, and kills the process when it has acknowledged that many more loans.
func killInTheMiddle(dir string, acks int, out io.Writer) (*killed, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), deskEnv+"="+dir)
	cmd.Stderr = os.Stderr
	lines, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	k := &killed{pid: cmd.Process.Pid, acks: map[string][]string{}}
	// What it had written when it died can still be read afterwards, and counts.
	for in := bufio.NewScanner(lines); in.Scan(); {
		if key, ok := strings.CutPrefix(in.Text(), payingLine); ok {
			k.paying = key
		} else if ack, ok := strings.CutPrefix(in.Text(), ackLine); ok {
			lender, key, _ := strings.Cut(ack, " ")
			k.acks[lender] = append(k.acks[lender], key)
			if k.n++; k.n == acks {
				if err := cmd.Process.Kill(); err != nil {
					return nil, err
				}
			}
		} else {
			fmt.Fprintln(out, in.Text())
		}
	}
	if err := cmd.Wait(); k.n < acks {
		return nil, fmt.Errorf("the second process ended before it could be killed: %v", err)
	}
	return k, nil
}
