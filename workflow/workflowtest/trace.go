package workflowtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/replank/replank/workflow"
	"github.com/replank/replank/workflow/history"
)

// Trace is the history of an instance, one line for each event, for golden files: when (since the instance began), what,
// where, and what it brought. Ids do not occur, so the same run gives the same lines.
//
//	0d 00:00:00 created amount=80000
//	0d 00:00:00 offered check
//	2d 04:00:00 completed check[file 1] by ann complete=true
func (w *World) Trace(in *workflow.Instance) []string {
	w.T.Helper()
	var lines []string
	var began time.Time
	t, _ := w.info(in)
	for e, err := range t.Instance(in.ID()).History(w.ctx(), 0) {
		if err != nil {
			w.T.Fatalf("Trace: %v", err)
		}
		if began.IsZero() {
			began = e.At
		}
		lines = append(lines, line(&e, began))
	}
	return lines
}

func line(e *history.Event, began time.Time) string {
	var sb strings.Builder
	fmt.Fprintf(&sb, "%s %v", since(e.At, began), e.Kind)
	if e.Node != "" {
		sb.WriteString(" " + e.Node)
	}
	for _, it := range e.Path {
		fmt.Fprintf(&sb, "[%s %d]", it.Loop, it.N)
	}
	for _, part := range []struct{ word, value string }{
		{"in", e.Scope}, {"->", e.Flow}, {"by", e.Actor}, {"key", quote(e.Key)}, {"code", e.Code},
	} {
		if part.value != "" {
			sb.WriteString(" " + part.word + " " + part.value)
		}
	}
	if e.Attempt > 0 {
		fmt.Fprintf(&sb, " attempt %d", e.Attempt)
	}
	if !e.Due.IsZero() {
		sb.WriteString(" due " + strings.TrimLeft(since(e.Due, began), " "))
	}
	for _, name := range slices.Sorted(maps.Keys(e.Wrote)) {
		value, err := json.Marshal(e.Wrote[name])
		if err != nil {
			value = fmt.Append(nil, e.Wrote[name])
		}
		fmt.Fprintf(&sb, " %s=%s", name, value)
	}
	if e.Note != "" {
		sb.WriteString(" (" + e.Note + ")")
	}
	return sb.String()
}

// since shows a time by days and the time of day after began, so that lines sort. It may be further away than a Duration
// can say.
func since(t, began time.Time) string {
	const (
		second = 1000
		minute = 60 * second
		hour   = 60 * minute
		day    = 24 * hour
	)
	rest := t.UnixMilli() - began.UnixMilli()
	s := fmt.Sprintf("%3dd %02d:%02d:%02d", rest/day, rest%day/hour, rest%hour/minute, rest%minute/second)
	if ms := rest % second; ms != 0 {
		s += fmt.Sprintf(".%03d", ms)
	}
	return s
}

func quote(s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf("%q", s)
}
