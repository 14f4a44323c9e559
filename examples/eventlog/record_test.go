package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/xes"
)

const small = "testdata/small.xes"

func TestSummaryOfTheSmallLog(t *testing.T) {
	r, err := load(small)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := r.summarise(&b); err != nil {
		t.Fatal(err)
	}
	const want = `7 cases, 29 events of 6 activities, from 2024-05-06 to 2024-05-07

  events  first  last  activity
       7      7     1  Inspect the bicycle
       7      0     1  Repair the bicycle
       5      0     5  Hand the bicycle over
       5      0     0  Ride it for a test
       4      0     0  Write the bill
       1      0     0  Polish the bell
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

// TestOrderOfTheSmallLog: the first day, and the two steps of one minute.
func TestOrderOfTheSmallLog(t *testing.T) {
	r, err := load(small)
	if err != nil {
		t.Fatal(err)
	}
	var day, minute []string
	for _, s := range r.order {
		e := r.event(s)
		line := r.cases[s.c].ID + " " + strings.Fields(e.Name)[0]
		if e.Time.Day() == 6 {
			day = append(day, line)
		}
		if e.Time.Format("02 15:04") == "07 09:00" {
			minute = append(minute, line)
		}
	}
	const wantDay = "B-1 Inspect, B-2 Inspect, B-1 Repair, B-2 Write, B-3 Inspect, B-4 Inspect, B-1 Ride, B-1 Write, " +
		"B-2 Repair, B-2 Ride, B-4 Repair, B-4 Hand, B-1 Hand"
	if got := strings.Join(day, ", "); got != wantDay {
		t.Errorf("first day\ngot  %s\nwant %s", got, wantDay)
	}
	const wantMinute = "B-2 Repair, B-7 Write, B-7 Repair"
	if got := strings.Join(minute, ", "); got != wantMinute {
		t.Errorf("one minute\ngot  %s\nwant %s", got, wantMinute)
	}
}

// TestInterleave: whatever the times, every event appears once, each case
// keeps its order, and where no case contradicts its own order, so does time.
func TestInterleave(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cases := make([]xes.Case, rapid.IntRange(0, 6).Draw(t, "cases"))
		tidy := true
		for c := range cases {
			cases[c].ID = fmt.Sprint(c)
			for range rapid.IntRange(0, 6).Draw(t, "events") {
				at := time.Unix(int64(rapid.IntRange(0, 8).Draw(t, "at")), 0)
				if n := len(cases[c].Events); n > 0 && at.Before(cases[c].Events[n-1].Time) {
					tidy = false
				}
				cases[c].Events = append(cases[c].Events, xes.Event{Name: "a", Time: at})
			}
		}
		next := make([]int, len(cases))
		var before *xes.Event
		for _, s := range interleave(cases) {
			if s.e != next[s.c] {
				t.Fatalf("case %d: event %d where %d is due", s.c, s.e, next[s.c])
			}
			next[s.c]++
			e := &cases[s.c].Events[s.e]
			if tidy && before != nil && e.Time.Before(before.Time) {
				t.Fatalf("%v after %v", e.Time, before.Time)
			}
			before = e
		}
		for c := range cases {
			if next[c] != len(cases[c].Events) {
				t.Fatalf("case %d: %d events of %d", c, next[c], len(cases[c].Events))
			}
		}
	})
}

func TestLoadRefuses(t *testing.T) {
	const begin, end = "<log><trace><string key='concept:name' value='K'/>", "</trace></log>"
	for name, c := range map[string]struct{ src, want string }{
		"no time":    {begin + "<event><string key='concept:name' value='pay'/></event>" + end, "case K, event 1 (pay) has no time:timestamp"},
		"same names": {begin + "</trace><trace><string key='concept:name' value='K'/>" + end, `two cases are called "K"`},
		"not a log":  {"<svg/>", "expected <log>"},
	} {
		path := filepath.Join(t.TempDir(), "l.xes")
		if err := os.WriteFile(path, []byte(c.src), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := load(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%s: got %v, want the file and %q", name, err, c.want)
		}
	}
}

func TestOnlyCompletionsCount(t *testing.T) {
	event := func(lifecycle string) string {
		return "<event><string key='concept:name' value='" + lifecycle + "'/><date key='time:timestamp' value='2024-05-06T08:00:00Z'/>" +
			"<string key='lifecycle:transition' value='" + lifecycle + "'/></event>"
	}
	path := filepath.Join(t.TempDir(), "l.xes")
	src := "<log><trace><string key='concept:name' value='K'/>" + event("start") + event("COMPLETE") + event("suspend") + event("complete") + "</trace></log>"
	if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := load(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.order) != 2 || r.event(r.order[0]).Name != "COMPLETE" || r.event(r.order[1]).Name != "complete" {
		t.Errorf("got %+v", r.cases)
	}
}

// TestNoCases: a log from which nothing can be learnt is an error, not a report of zeros.
func TestNoCases(t *testing.T) {
	path := filepath.Join(t.TempDir(), "empty.xes")
	if err := os.WriteFile(path, []byte("<log></log>"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := load(path); err == nil || !strings.Contains(err.Error(), path+": the log has no cases") {
		t.Errorf("got %v", err)
	}
}

// TestMisnamed: a name that promises gzip where there is none does not matter, but is mentioned.
func TestMisnamed(t *testing.T) {
	dir := t.TempDir()
	plain, err := os.ReadFile(small)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		content []byte
		noted   bool
	}{
		"plain.xes.gz":  {plain, true},
		"plain.xes":     {plain, false},
		"packed.xes.gz": {[]byte{0x1f, 0x8b, 8}, false},
		"empty.xes.gz":  {nil, false},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := misnamed(path); (got != "") != c.noted {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := misnamed(filepath.Join(dir, "none.gz")); got != "" {
		t.Errorf("a file that is not there: %q", got)
	}
	r, err := load(filepath.Join(dir, "plain.xes.gz"))
	if err != nil || len(r.cases) != 7 {
		t.Errorf("%v, %v", r, err)
	}
}
