package workflow_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/store"
	"github.com/replank/replank/workflow"
)

// wide is a process whose one task writes any of n variables, round after round.
func wide(n int) string {
	var b strings.Builder
	names, outs := make([]string, n), make([]string, n)
	b.WriteString("process: wide\nvars:\n  over: bool\n")
	for i := range n {
		names[i] = fmt.Sprintf("v%d", i)
		outs[i] = fmt.Sprintf("%q", names[i]+"?")
		fmt.Fprintf(&b, "  %s: {type: string, default: \"\"}\n", names[i])
	}
	fmt.Fprintf(&b, "steps:\n  - repeat: rounds\n    until: over\n    do:\n      - {user: write, in: [%s], out: [over, %s]}\n",
		strings.Join(names, ", "), strings.Join(outs, ", "))
	return b.String()
}

// Values come back as they were written, wherever they are kept: in memory, in the head, in history records, in records
// of their own; and after the engine was opened again.
func TestValuesAgainstNaive(t *testing.T) {
	const n = 100
	src := wide(n)
	rapid.Check(t, func(rt *rapid.T) {
		s := store.Memory()
		defer s.Close()
		open := func() *workflow.Engine {
			e, err := workflow.OpenStore(s, &workflow.Options{CacheBytes: 1}) // nothing stays in memory
			if err != nil {
				rt.Fatal(err)
			}
			if err := e.Start(t.Context()); err != nil {
				rt.Fatal(err)
			}
			return e
		}
		e := open()
		defer func() { e.Close() }()
		if _, err := e.Default().Deploy(t.Context(), workflow.Text(src)); err != nil {
			rt.Fatal(err)
		}
		in, err := e.Default().Start(t.Context(), "wide", nil, nil)
		if err != nil {
			rt.Fatal(err)
		}
		want := make(vars)
		for i := range n {
			want[fmt.Sprint("v", i)] = ""
		}
		var written []vars // by completion
		for range rapid.IntRange(1, 15).Draw(rt, "rounds") {
			if rapid.IntRange(0, 4).Draw(rt, "reopen") == 0 {
				e.Close()
				e = open()
				in = e.Default().Instance(in.ID())
			}
			out := vars{"over": false}
			for range rapid.IntRange(0, 5).Draw(rt, "writes") {
				size := rapid.SampledFrom([]int{1, 60, 1000, 1100, 5000}).Draw(rt, "size")
				name := fmt.Sprint("v", rapid.IntRange(0, n-1).Draw(rt, "variable"))
				out[name] = strings.Repeat(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "letter"), size)
			}
			maps.Copy(want, out)
			written = append(written, out)

			info, err := in.Settle(t.Context())
			if err != nil {
				rt.Fatal(err)
			}
			task := e.Default().Task(info.Waits[0].Task)
			if err := task.Complete(t.Context(), out); err != nil {
				rt.Fatal(err)
			}
			got, err := workflow.Vars[vars](t.Context(), in)
			if err != nil {
				rt.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				rt.Fatalf("variables %v", differing(got, want))
			}
		}
		info, err := in.Settle(t.Context())
		if err != nil {
			rt.Fatal(err)
		}
		given, err := workflow.Input[vars](t.Context(), e.Default().Task(info.Waits[0].Task))
		if err != nil {
			rt.Fatal(err)
		}
		rest := maps.Clone(want)
		delete(rest, "over")
		if !reflect.DeepEqual(given, rest) {
			rt.Fatalf("input %v", differing(given, rest))
		}
		for ev, err := range in.History(t.Context(), 1) {
			if err != nil {
				rt.Fatal(err)
			}
			if ev.Wrote == nil {
				continue
			}
			if !reflect.DeepEqual(vars(ev.Wrote), written[0]) {
				rt.Fatalf("event %d wrote %v", ev.Seq, differing(ev.Wrote, written[0]))
			}
			written = written[1:]
		}
		if len(written) > 0 {
			rt.Fatalf("%d completions are missing in history", len(written))
		}
	})
}

// differing names the entries in which two maps differ.
func differing(got, want vars) []string {
	var names []string
	for name := range want {
		if !reflect.DeepEqual(got[name], want[name]) {
			names = append(names, fmt.Sprintf("%s: %.20v, want %.20v", name, got[name], want[name]))
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			names = append(names, name+": not wanted")
		}
	}
	slices.Sort(names)
	return names
}
