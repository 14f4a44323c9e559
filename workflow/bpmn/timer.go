package bpmn

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/replank/replank/workflow/schema"
)

// A due is when a timer is due, in one of the ways that the schema has.
type due struct {
	period string // from when it is armed
	every  bool   // and again and again
	at     string // CEL, an instant
	cron   string
}

var (
	cycleForm = regexp.MustCompile(`^R(\d*)/([^/]*)(?:/([^/]*))?$`)
	countForm = regexp.MustCompile(`^(\d+)\s*(ms|s|m|h|d)?$`)
	cronForm  = regexp.MustCompile(`^[0-9A-Za-z*?/,#-]+([ \t]+[0-9A-Za-z*?/,#-]+){4,6}$|^@[a-z]+$`)
	fraction  = regexp.MustCompile(`^(P.*T.*?)(\d+)?[.,](\d+)S$`)
)

// timer reads a timer event definition. again says that it may be due more than once.
func (g *graph) timer(d *element, id string, again bool) due {
	for _, c := range d.children {
		text := strings.Trim(strings.TrimSpace(c.text), `"'`)
		if text == "" {
			continue
		}
		switch c.name {
		case "timeDate":
			return g.instant(c, text, id)
		case "timeDuration":
			if p, ok := g.length(c, text); ok {
				return due{period: p}
			}
			return g.noTime(c, text, id)
		case "timeCycle":
			return g.cycle(c, text, id, again)
		}
	}
	return due{at: g.missing(d, "at", id, schema.Timestamp, "the timer says no time")}
}

// cycle reads a repetition: ISO 8601, cron, or a length that the first and the following ones have (jBPM).
func (g *graph) cycle(c *element, text, id string, again bool) due {
	if m := cycleForm.FindStringSubmatch(text); m != nil {
		return g.repetition(c, text, id, m, again && m[1] != "1" && m[1] != "0")
	}
	first, rest, two := strings.Cut(text, "###")
	if cronForm.MatchString(text) {
		return due{cron: text}
	}
	if p, ok := g.length(c, first); ok {
		if two && strings.TrimSpace(first) != strings.TrimSpace(rest) {
			g.warn(c, "bpmn/timer", "", "the timer is due after %q, and then every %q, which is taken for every %q", clip(first), clip(rest), p)
		}
		return due{period: p, every: again}
	}
	return g.noTime(c, text, id)
}

// repetition reads one of ISO 8601: R3/PT5M, R3/2030-01-01T00:00:00Z/PT5M, which begins at an instant, or
// R3/PT5M/2030-01-01T00:00:00Z, which ends at one. What can be due once only is due first of all, whatever follows.
func (g *graph) repetition(c *element, text, id string, parts []string, again bool) due {
	count, first, second := parts[1], parts[2], parts[3]
	if begin, _ := date(first); begin != "" && second != "" {
		switch _, ok := g.length(c, second); {
		case ok && !again:
			return g.instant(c, first, id)
		case ok:
			return g.undated(c, text, id)
		}
		return g.noTime(c, text, id)
	}
	p, ok := g.length(c, first)
	until, _ := date(second)
	switch {
	case ok && second == "":
		if again && count != "" {
			g.warn(c, "bpmn/timer", "count in the process", "the timer repeats, and that it does so %s times is left aside", count)
		}
		return due{period: p, every: again}
	case ok && until != "":
		return g.undated(c, text, id)
	}
	return g.noTime(c, text, id)
}

// length is a length of time as a period of the schema: ISO 8601, or a number with a unit or of milliseconds (jBPM).
// Parts of a second are rounded up.
func (g *graph) length(c *element, text string) (string, bool) {
	text = strings.Trim(strings.TrimSpace(text), `"'`)
	if _, err := schema.ParsePeriod(text); err == nil {
		return text, true
	}
	if upper := strings.ToUpper(text); upper != text && strings.HasPrefix(upper, "P") {
		return g.length(c, upper)
	}
	if m := fraction.FindStringSubmatch(text); m != nil {
		n, err := strconv.Atoi(cmp.Or(m[2], "0"))
		part := strings.Trim(m[3], "0") != ""
		if part {
			n++
		}
		whole := fmt.Sprintf("%s%dS", m[1], n)
		if _, bad := schema.ParsePeriod(whole); err == nil && bad == nil {
			if part {
				g.warn(c, "bpmn/timer", "", "%q is rounded up to %s", clip(text), whole)
			}
			return whole, true
		}
	}
	m := countForm.FindStringSubmatch(strings.ToLower(text))
	if m == nil {
		return "", false
	}
	n, err := strconv.ParseInt(m[1], 10, 32)
	unit := map[string]time.Duration{"": time.Millisecond, "ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[m[2]]
	d := time.Duration(n) * unit
	if err != nil || d/unit != time.Duration(n) { // longer than anything that is meant
		return "", false
	}
	if rest := d % time.Second; rest > 0 {
		d += time.Second - rest
		g.warn(c, "bpmn/timer", "", "%q is rounded up to %s", clip(text), schema.Period{Rest: d})
	}
	return schema.Period{Rest: d}.String(), true
}

// date is a date with a time as RFC 3339 writes it, "" if the text is none; zoned says that it names its time zone.
func date(text string) (at string, zoned bool) {
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if at, err := time.Parse(form, text); err == nil {
			return at.Format(time.RFC3339), form == time.RFC3339
		}
	}
	return "", false
}

// instant reads a date with a time.
func (g *graph) instant(c *element, text, id string) due {
	if at, zoned := date(text); at != "" {
		if !zoned {
			g.warn(c, "bpmn/timer", "write it with the zone, as in 2027-03-01T12:00:00Z", "%q says no time zone and is taken for UTC", clip(text))
		}
		return due{at: fmt.Sprintf("timestamp(%q)", at)}
	}
	if c.attr("language") == celLanguage { // as Format writes it
		if g.options.ControlOnly {
			return due{at: "true"}
		}
		return due{at: g.value(c, c.text, "at", id, schema.Timestamp)}
	}
	return g.noTime(c, text, id)
}

// noTime is a time that is an expression, or nothing that says a time.
func (g *graph) noTime(c *element, text, id string) due {
	expression := strings.ContainsAny(text, "{}=") || regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`).MatchString(text) && strings.ToLower(text) == text
	if !expression {
		g.strict(c, "bpmn/timer", "use ISO 8601, as in PT5M, 2027-03-01T12:00:00Z or R/PT1H", "%q is no time", clip(text))
	}
	return g.openTime(c, id, "use a period that is known, as in PT5M, or an instant in CEL", "when %q is due cannot be said", clip(text))
}

// undated is a time that is repeated from a date, or until one, which timers of the schema are not.
func (g *graph) undated(c *element, text, id string) due {
	return g.openTime(c, id, "repeat by a period alone, or begin with a timer for the date", "%q repeats from a date on, or until one, which cannot be said", clip(text))
}

// openTime is a variable that stands for a time.
func (g *graph) openTime(c *element, id, hint, format string, args ...any) due {
	if g.options.ControlOnly {
		return due{at: "true"}
	}
	name := g.blankFor("at", id, schema.Timestamp)
	g.unsettled(c, "open/timer", hint, format+"; the variable %q stands for it", append(args, name)...)
	return due{at: name}
}

// event gives a timer event its time.
func (t due) event(s schema.Step) schema.Step {
	switch {
	case t.cron != "":
		return s.Cron(t.cron)
	case t.at != "":
		return s.At(t.at)
	case t.every:
		return s.Every(t.period)
	}
	return s.After(t.period)
}

// wait is a step that waits for the time.
func (t due) wait(id string) schema.Step {
	switch {
	case t.cron != "":
		return schema.WaitCron(id, t.cron)
	case t.at != "":
		return schema.WaitUntil(id, t.at)
	}
	return schema.Wait(id, t.period)
}
