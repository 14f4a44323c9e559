package xes

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// bakery is a log with everything that a reader passes over and everything
// that it keeps.
const bakery = `<?xml version="1.0" encoding="UTF-8" ?>
<!-- two orders of a bakery -->
<log xes.version="1.0" xmlns="http://www.xes-standard.org/">
	<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
	<global scope="event">
		<string key="concept:name" value="UNKNOWN"/>
	</global>
	<classifier name="Activity" keys="concept:name"/>
	<string key="concept:name" value="orders of May"/>
	<trace>
		<string key="concept:name" value="order-1"/>
		<string key="customer" value="Anna"/>
		<event>
			<string key="concept:name" value="take order"/>
			<string key="lifecycle:transition" value="complete"/>
			<string key="org:resource" value="Ben"/>
			<date key="time:timestamp" value="2024-05-02T06:30:00.250+02:00"/>
			<int key="loaves" value="3">
				<string key="concept:name" value="nested, and not the event's"/>
			</int>
			<list key="extras"><values><string key="x" value="poppy"/></values></list>
		</event>
		<event>
			<string key="concept:name" value="bake &amp; cool"/>
			<date key="time:timestamp" value="2024-05-02T08:00:00"/>
		</event>
	</trace>
	<trace>
		<event><string key="concept:name" value="take order"/></event>
		<string key="concept:name" value="order-2"/>
	</trace>
</log>
`

func collect(seq iter.Seq2[Case, error]) (cases []Case, err error) {
	for c, err := range seq {
		if err != nil {
			return cases, err
		}
		cases = append(cases, c)
	}
	return cases, nil
}

func TestRead(t *testing.T) {
	got, err := collect(Read(strings.NewReader(bakery)))
	if err != nil {
		t.Fatal(err)
	}
	summer := time.FixedZone("", 2*60*60)
	want := []Case{
		{ID: "order-1", Events: []Event{
			{
				Name: "take order", Lifecycle: "complete", Resource: "Ben",
				Time:  time.Date(2024, 5, 2, 6, 30, 0, 250_000_000, summer),
				Attrs: map[string]string{"loaves": "3"},
			},
			{Name: "bake & cool", Time: time.Date(2024, 5, 2, 8, 0, 0, 0, time.UTC)},
		}},
		{ID: "order-2", Events: []Event{{Name: "take order"}}},
	}
	if len(got) != len(want) {
		t.Fatalf("got %d cases, want %d", len(got), len(want))
	}
	for i := range want {
		for j := range min(len(got[i].Events), len(want[i].Events)) {
			g, w := &got[i].Events[j], &want[i].Events[j]
			if !g.Time.Equal(w.Time) {
				t.Errorf("%s, event %d: time %v, want %v", want[i].ID, j, g.Time, w.Time)
			}
			g.Time, w.Time = time.Time{}, time.Time{}
		}
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("got  %+v\nwant %+v", got[i], want[i])
		}
	}
}

func TestReadKeepsTheRecordsOwnZone(t *testing.T) {
	got, err := collect(Read(strings.NewReader(bakery)))
	if err != nil {
		t.Fatal(err)
	}
	if s := got[0].Events[0].Time.Format(time.RFC3339Nano); s != "2024-05-02T06:30:00.25+02:00" {
		t.Errorf("got %s", s)
	}
}

// TestRefusals: every bad log is refused with its place and reason, and what
// stood before it has been delivered.
func TestRefusals(t *testing.T) {
	const (
		before = "<log>\n<trace><string key='concept:name' value='good'/></trace>\n"
		after  = "</log>"
	)
	event := func(inner string) string { return before + "<trace><event>\n" + inner + "</event></trace>" + after }
	for _, c := range []struct{ name, src, want string }{
		{"nothing", "", "line 1, column 1: no XML in it"},
		{"no log", "<html></html>", "expected <log>, found <html>"},
		{"text", "just text", "no XML in it"},
		{"cut off", before, "line 3, column 1: XML syntax error on line 3: unexpected EOF"},
		{"crossed tags", before + "<trace></event>", "element <trace> closed by </event>"},
		{"two logs", "<log></log><log></log>", "after the end of the log"},
		{"doctype", "<!DOCTYPE log [<!ENTITY a 'aaaa'>]>\n<log></log>", "line 1, column 36: document type definitions are not read"},
		{"unknown entity", event("<string key='concept:name' value='&a;'/>"), "invalid character entity &a;"},
		{"encoding", "<?xml version='1.0' encoding='windows-1252'?><log></log>", `encoding "windows-1252": convert it to UTF-8`},
		{"nameless case", before + "<trace>\n</trace>" + after, "line 4, column 9: a case without concept:name"},
		{"nameless event", event(""), "line 4, column 9: an event without concept:name"},
		{"twice", event("<int key='a' value='1'/><int key='a' value='2'/>"), `has "a" twice`},
		{"twice named", before + "<trace><string key='concept:name' value='a'/><string key='concept:name' value='b'/></trace>" + after, "concept:name twice"},
		{"time", event("<date key='time:timestamp' value='yesterday'/>"), `line 4, column 47: time:timestamp is "yesterday"`},
		{"event in event", event("<event/>"), "<event> inside of an <event>"},
		{"trace in trace", before + "<trace><trace/></trace>" + after, "<trace> inside of a <trace>"},
		{"event in log", before + "<event/>" + after, "belongs to no case"},
		{"depth", event(strings.Repeat("<list key='l'>", maxDepth)), "nested deeper than 32"},
		{"long tag", event("<string key='concept:name' value='" + strings.Repeat("x", maxTag) + "'/>"), "longer than 1048576 bytes"},
		{"long comment", before + "<!--" + strings.Repeat("x", maxTag) + "-->" + after, "longer than 1048576 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cases, err := collect(Read(strings.NewReader(c.src)))
			var at *Error
			if !errors.As(err, &at) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want an *Error with %q", err, c.want)
			}
			if strings.HasPrefix(c.src, before) && (len(cases) != 1 || cases[0].ID != "good") {
				t.Errorf("before the error: got %v, want the good case", cases)
			}
		})
	}
}

// endless is a case that never ends, in events of an honest size.
type endless struct{ buf bytes.Buffer }

func (e *endless) Read(p []byte) (int, error) {
	if e.buf.Len() == 0 {
		e.buf.WriteString("<event><string key='concept:name' value='again'/>" +
			"<string key='a' value='" + strings.Repeat("x", 1<<16) + "'/></event>")
	}
	return e.buf.Read(p)
}

func TestEndlessCase(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 64 MiB")
	}
	_, err := collect(Read(io.MultiReader(strings.NewReader("<log><trace>"), new(endless))))
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("one case is longer than %d bytes", maxCase)) {
		t.Fatalf("got %v", err)
	}
}

func TestReadErrorOfTheReader(t *testing.T) {
	broken := errors.New("the disk is gone")
	r := io.MultiReader(strings.NewReader("<log>\n<trace>"), failing{broken})
	if _, err := collect(Read(r)); !errors.Is(err, broken) || !strings.Contains(err.Error(), "line 2") {
		t.Fatalf("got %v", err)
	}
}

type failing struct{ err error }

func (r failing) Read([]byte) (int, error) { return 0, r.err }

// TestStopEarly: a receiver that wants one case causes nothing after it to be
// read, not even its errors.
func TestStopEarly(t *testing.T) {
	src := "<log><trace><string key='concept:name' value='a'/></trace> broken <<<"
	for c, err := range Read(strings.NewReader(src)) {
		if err != nil || c.ID != "a" {
			t.Fatalf("got %v, %v", c, err)
		}
		break
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte(bakery)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		write("a.xes", []byte(bakery)),
		write("a.xes.gz", packed.Bytes()),
		write("misnamed.xes", packed.Bytes()),
	} {
		if cases, err := collect(Open(path)); err != nil || len(cases) != 2 {
			t.Errorf("%s: got %d cases and %v, want 2", filepath.Base(path), len(cases), err)
		}
	}

	if _, err := collect(Open(filepath.Join(dir, "absent.xes"))); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent file: got %v", err)
	}
	if _, err := collect(Open(dir)); err == nil {
		t.Error("a directory was read as a log")
	}
	cut := write("cut.xes.gz", packed.Bytes()[:packed.Len()/2])
	if _, err := collect(Open(cut)); !errors.Is(err, io.ErrUnexpectedEOF) || !strings.HasPrefix(err.Error(), cut+":") {
		t.Errorf("half a packed file: got %v", err)
	}
	bad := write("bad.xes", []byte("<log>\n<event/></log>"))
	if _, err := collect(Open(bad)); err == nil || !strings.HasPrefix(err.Error(), bad+":2:") {
		t.Errorf("bad file: got %v, want its name and line first", err)
	}
}

// FuzzRead: whatever the input, reading ends, and what it delivers is named.
func FuzzRead(f *testing.F) {
	f.Add(bakery)
	f.Add("<log><trace><event><string key='concept:name' value='a'/></event></trace></log>")
	f.Add("<log><trace><string key=''/><list/><event/></trace></log>")
	f.Add("<a:log xmlns:a='x'><a:trace/></a:log>")
	f.Fuzz(func(t *testing.T, src string) {
		failed := false
		for c, err := range Read(strings.NewReader(src)) {
			if failed {
				t.Fatal("read on after an error")
			}
			if err != nil {
				var at *Error
				if failed = true; !errors.As(err, &at) || at.Line < 1 {
					t.Fatalf("an error without a place: %v", err)
				}
				continue
			}
			if c.ID == "" {
				t.Fatal("a case without a name")
			}
			for _, e := range c.Events {
				if e.Name == "" {
					t.Fatal("an event without a name")
				}
			}
		}
	})
}
