package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replank/replank/internal/xes"
	"github.com/replank/replank/workflow/history"
)

const repair = "testdata/repair.yaml"

// TestMain lets the test binary be the program, with its arguments in the
// environment.
func TestMain(m *testing.M) {
	if args := os.Getenv("REPLANK_EVENTLOG_ARGS"); args != "" {
		os.Args = append(os.Args[:1], strings.Fields(args)...)
		main()
	}
	os.Exit(m.Run())
}

// replayed replays the small log.
func replayed(t *testing.T, crashes int) *replay {
	t.Helper()
	p, err := readPlan(repair)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := load(small)
	if err != nil {
		t.Fatal(err)
	}
	r := newReplay(p, rec)
	if err := r.run(t.Context(), crashes); err != nil {
		t.Fatal(err)
	}
	return r
}

// fared is the report of the small log, whatever happened to the power.
const fared = `
      4 reached the end
      1 did fit as far as the record goes
          1  waits for Ride it for a test and Write the bill (B-5)
      2 met an event that did not fit
          1  event 3, Hand the bicycle over: possible was Ride it for a test or Write the bill (B-4)
          1  event 3, Polish the bell (no user task of the schema has that title): possible was Repair the bicycle (B-6)
`

// TestSameCountsWithCrashes: power cuts, up to one at every event, change
// nothing. Some of them hit before the step was safe, and some after it.
func TestSameCountsWithCrashes(t *testing.T) {
	for _, crashes := range []int{0, 1, 5, 28} {
		t.Run(fmt.Sprint(crashes), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := replayed(t, crashes)
				var b strings.Builder
				if err := r.report(&b, false); err != nil {
					t.Fatal(err)
				}
				head, rest, _ := strings.Cut(b.String(), "\n")
				if "\n"+rest != fared {
					t.Errorf("got\n%s\nwant%s", rest, fared)
				}
				if want := fmt.Sprintf("7 cases of 2 tenants, 29 events; power cuts: %d,", crashes); !strings.HasPrefix(head, want) {
					t.Errorf("got %q, want %q...", head, want)
				}
				if crashes == 28 && (r.again < 5 || r.again > 20) {
					t.Errorf("of %d cuts %d lost a step; both outcomes should be common", crashes, r.again)
				}
			})
		})
	}
}

// begun is a replay of the small log whose first events are done.
func begun(t *testing.T, events int) *replay {
	t.Helper()
	p, err := readPlan(repair)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := load(small)
	if err != nil {
		t.Fatal(err)
	}
	rec.order = rec.order[:events]
	r := newReplay(p, rec)
	if err := r.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	if err := r.drive(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestRecoverNotices: a step too few or too many after a crash is noticed,
// unless it is the one in which the power went.
func TestRecoverNotices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begun(t, 6)
		for _, wrong := range []int{-1, +1} {
			r.runs[0].done += wrong
			if err := r.recover(t.Context(), step{c: 1}); err == nil || !strings.Contains(err.Error(), "case B-1: ") {
				t.Errorf("%+d steps: %v", wrong, err)
			}
			r.runs[0].done -= wrong
		}
		r.runs[0].done--
		if err := r.recover(t.Context(), step{c: 0, e: 1}); err != nil || r.runs[0].done != 2 {
			t.Errorf("the step in flight is there: %v, %d done", err, r.runs[0].done)
		}
	})
}

// TestHistoryHasTheTimesOfTheLog: and who did it.
func TestHistoryHasTheTimesOfTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begun(t, 13) // the first day, on which B-1 is over
		in, err := r.instance(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		var got, want []string
		for e, err := range in.History(t.Context(), 1) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Kind == history.Completed {
				got = append(got, fmt.Sprintln(e.At.UTC(), e.Actor, title(r.plan.Node(e.Node))))
			}
		}
		for _, e := range r.cases[0].Events {
			want = append(want, fmt.Sprintln(e.Time.UTC(), e.Resource, e.Name))
		}
		if !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}

// TestProgram runs the program as a user does, outside of any test.
func TestProgram(t *testing.T) {
	out, err := program(t, "-crashes 3 -v "+repair+" "+small)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	form := regexp.MustCompile(`^7 cases of 2 tenants, 29 events; power cuts: 3, steps done again after them: \d
      4 reached the end
      1 did fit as far as the record goes
(?s:.*)             B-6

\d+\.\d s
$`)
	if !form.MatchString(out) {
		t.Errorf("got\n%s", out)
	}
	if out, err := program(t, small); err != nil || !strings.HasPrefix(out, "7 cases, 29 events of 6 activities") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := program(t, "missing.yaml "+small); err == nil || !strings.HasPrefix(out, "eventlog: open missing.yaml") {
		t.Errorf("%v\n%s", err, out)
	}
}

func program(t *testing.T, args string) (string, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "REPLANK_EVENTLOG_ARGS="+args)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestPlanRefuses: schemas that a log alone cannot drive.
func TestPlanRefuses(t *testing.T) {
	for name, c := range map[string]struct{ src, want string }{
		"not a schema": {"process: p\nstepz: []\n", "steps"},
		"input":        {"process: p\nin: [a]\nvars: {a: int}\nsteps: [{user: u, in: [a]}]\n", "no value for a"},
		"service":      {"process: p\nsteps: [{user: u}, {service: s}]\n", "s.yaml:2:30: s is a service task"},
		"same title":   {"process: p\nsteps: [{user: u, title: A}, {user: v, title: A}]\n", `u and v are both called "A"`},
		"number":       {"process: p\nvars: {n: int}\nsteps: [{user: u, out: [n]}]\n", "u writes n, which is no string"},
	} {
		path := filepath.Join(t.TempDir(), "s.yaml")
		if err := os.WriteFile(path, []byte(c.src), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readPlan(path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// TestEarlyLog: a log from before virtual time is refused, not misdated.
func TestEarlyLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := readPlan(repair)
		if err != nil {
			t.Fatal(err)
		}
		cases := []xes.Case{{ID: "old", Events: []xes.Event{{Name: "Inspect the bicycle", Time: time.Unix(0, 0)}}}}
		err = newReplay(p, &record{cases: cases, order: interleave(cases)}).run(t.Context(), 0)
		if err == nil || !strings.Contains(err.Error(), "1970-01-01") {
			t.Errorf("got %v", err)
		}
	})
}
