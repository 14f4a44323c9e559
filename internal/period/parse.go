package period

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Largest parts that Parse accepts. They keep every result of From within the years that time.Time prints.
const (
	MaxYears  = 1000
	MaxMonths = 12 * MaxYears
	MaxDays   = 366 * MaxYears
	MaxRest   = 250 * 365 * 24 * time.Hour // hours, minutes and seconds together; a time.Duration ends at 292 years
)

// unit is one designator of ISO 8601 with its bound. Only exact ones have a length.
type unit struct {
	letter byte
	name   string
	max    int64
	length time.Duration
}

var (
	dateUnits = []unit{{'Y', "years", MaxYears, 0}, {'M', "months", MaxMonths, 0}, {'W', "weeks", MaxDays / 7, 0}, {'D', "days", MaxDays, 0}}
	timeUnits = []unit{
		{'H', "hours", int64(MaxRest / time.Hour), time.Hour},
		{'M', "minutes", int64(MaxRest / time.Minute), time.Minute},
		{'S', "seconds", int64(MaxRest / time.Second), time.Second},
	}
)

const form = `want a period as in "P1Y2M10DT2H30M", "PT90S", "P2W" or "P5D working"`

// Parse reads an ISO 8601 duration without fractions and signs: "P1Y2M10DT2H30M5S" with at least one part, or "P2W";
// a week is seven days. "P5D working" counts working time and has only days, hours, minutes and seconds.
func Parse(s string) (Period, error) {
	text, work := strings.CutSuffix(s, " working")
	p := Period{Work: work}
	body, ok := strings.CutPrefix(text, "P")
	if !ok {
		return Period{}, fmt.Errorf("period %q: %s", clip(s), form)
	}
	date, clock, hasTime := strings.Cut(body, "T")
	if date == "" && !hasTime || hasTime && clock == "" {
		return Period{}, fmt.Errorf("period %q has no parts: %s", clip(s), form)
	}
	err := parts(date, dateUnits, func(u unit, n int64) error {
		if u.letter == 'W' && (len(date) != strings.IndexByte(date, 'W')+1 || strings.ContainsAny(date, "YM") || hasTime) {
			return fmt.Errorf("weeks stand alone, write days instead")
		}
		if work && u.letter != 'D' {
			return fmt.Errorf("working time is counted in days, hours, minutes and seconds, not in %s", u.name)
		}
		switch u.letter {
		case 'Y':
			p.Years = int(n)
		case 'M':
			p.Months = int(n)
		case 'W':
			p.Days = 7 * int(n)
		case 'D':
			p.Days = int(n)
		}
		return nil
	})
	if err == nil {
		err = parts(clock, timeUnits, func(u unit, n int64) error {
			p.Rest += time.Duration(n) * u.length
			if p.Rest > MaxRest {
				return fmt.Errorf("hours, minutes and seconds exceed %d hours", MaxRest/time.Hour)
			}
			return nil
		})
	}
	if err != nil {
		return Period{}, fmt.Errorf("period %q: %w", clip(s), err)
	}
	return p, nil
}

// parts splits "1Y2M" into its numbers and units; units must come in order, each once at most.
func parts(s string, units []unit, found func(unit, int64) error) error {
	for s != "" {
		digits := 0
		for digits < len(s) && '0' <= s[digits] && s[digits] <= '9' {
			digits++
		}
		if digits == 0 || digits == len(s) {
			return fmt.Errorf("a number and its unit must follow each other: %s", form)
		}
		if c := s[digits]; c == '.' || c == ',' {
			return fmt.Errorf("periods have no fractions; use a smaller unit (PT90M, not PT1.5H), the smallest is one second")
		}
		i := 0
		for i < len(units) && units[i].letter != s[digits] {
			i++
		}
		if i == len(units) {
			return fmt.Errorf("%q is no unit at this place: %s", s[digits:digits+1], form)
		}
		n, err := strconv.ParseInt(s[:digits], 10, 64)
		if err != nil || n > units[i].max {
			return fmt.Errorf("more than %d %s", units[i].max, units[i].name)
		}
		if err := found(units[i], n); err != nil {
			return err
		}
		s, units = s[digits+1:], units[i+1:]
	}
	return nil
}

// clip shortens a text for a message.
func clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "..."
	}
	return s
}

// String is p in its one canonical form: units in order, zero parts left out, no weeks, time in hours, minutes below
// 60 and seconds below 60; "PT0S" for no time. Parse reads it back. (Parts of a second, which Parse never yields, are
// dropped.)
func (p Period) String() string {
	b := []byte{'P'}
	part := func(n int64, letter byte) {
		if n != 0 {
			b = append(strconv.AppendInt(b, n, 10), letter)
		}
	}
	part(int64(p.Years), 'Y')
	part(int64(p.Months), 'M')
	part(int64(p.Days), 'D')
	if seconds := int64(p.Rest / time.Second); seconds != 0 {
		b = append(b, 'T')
		part(seconds/3600, 'H')
		part(seconds/60%60, 'M')
		part(seconds%60, 'S')
	}
	if len(b) == 1 {
		b = append(b, "T0S"...)
	}
	if p.Work {
		b = append(b, " working"...)
	}
	return string(b)
}
