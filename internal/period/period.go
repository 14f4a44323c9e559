// Package period is ISO 8601 durations as durable data: calendar years, months and days, and exact time.
//
// The rules are exact because a due date may lie years ahead of the program that computes it: months keep the day or
// take the last one, days keep the clock of a zone through its changes, hours and less are exact time.
package period

import "time"

// Period is an ISO 8601 duration. Years, months and days are added in a calendar, in the zone of the time they are
// added to: 31 January plus one month is the last of February. The zero Period is no time at all.
//
// Parse yields no negative parts and whole seconds; a Period made otherwise should keep to that.
type Period struct {
	Years, Months, Days int
	Rest                time.Duration
	Work                bool // counts working time only
}

// IsZero reports whether p is no time at all.
func (p Period) IsZero() bool { return p.Years == 0 && p.Months == 0 && p.Days == 0 && p.Rest == 0 }

// Exact returns p as exact time, with days of 24 hours. ok is false if p has years or months, which have no exact
// length, counts working time, or is too long for a time.Duration (about 292 years).
func (p Period) Exact() (d time.Duration, ok bool) {
	const day = 24 * time.Hour
	if p.Years != 0 || p.Months != 0 || p.Work || p.Days < 0 || p.Days > int((1<<63-1)/day) {
		return 0, false
	}
	d = time.Duration(p.Days)*day + p.Rest
	return d, d >= 0
}

// From returns the time that lies p after t, in loc (nil: UTC). Years and months are added first, then days, then
// exact time. Years and months keep the day of the month, or take the last day of a month that is shorter. Years,
// months and days keep the time of day in loc; where the clocks skip that time it is later by as much as they skip,
// where they repeat it it is the first of the two.
//
// Without a work calendar every hour of every day is working time, so Work changes nothing.
func (p Period) From(t time.Time, loc *time.Location) time.Time {
	if loc == nil {
		loc = time.UTC
	}
	t = t.Round(0).In(loc)
	if p.Years != 0 || p.Months != 0 || p.Days != 0 {
		year, month, day := t.Date()
		months := (year+p.Years)*12 + int(month) - 1 + p.Months
		year, month = floorDiv(months, 12), time.Month(months-12*floorDiv(months, 12)+1)
		day = min(day, lastDay(year, month)) + p.Days
		t = clock(year, month, day, t, loc)
	}
	return t.Add(p.Rest)
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// lastDay is the number of days of a month: the day before the first of the next.
func lastDay(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// clock returns the given day at the time of day of t in loc. time.Date leaves open which time it returns where the
// clocks skip or repeat one, so the offsets before and after are tried by hand.
func clock(year int, month time.Month, day int, t time.Time, loc *time.Location) time.Time {
	hour, minute, second := t.Clock()
	wall := time.Date(year, month, day, hour, minute, second, t.Nanosecond(), time.UTC)
	before := wall.Add(-offset(wall.Add(-24*time.Hour), loc))
	after := wall.Add(-offset(wall.Add(24*time.Hour), loc))
	switch {
	case before.Add(offset(before, loc)).Equal(wall):
		return before.In(loc)
	case after.Add(offset(after, loc)).Equal(wall):
		return after.In(loc)
	}
	return before.In(loc) // skipped: the offset before the gap puts it as much later as the gap is wide
}

func offset(t time.Time, loc *time.Location) time.Duration {
	_, seconds := t.In(loc).Zone()
	return time.Duration(seconds) * time.Second
}
