package period

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	const minute, hour = time.Minute, time.Hour
	for s, want := range map[string]Period{
		"P1Y2M10DT2H30M5S": {1, 2, 10, 2*hour + 30*minute + 5*time.Second, false},
		"P1Y":              {Years: 1},
		"P1M":              {Months: 1},
		"PT1M":             {Rest: minute},
		"P2W":              {Days: 14},
		"P0D":              {},
		"PT90S":            {Rest: 90 * time.Second},
		"P007D":            {Days: 7},
		"P5D working":      {Days: 5, Work: true},
		"PT8H working":     {Rest: 8 * hour, Work: true},
		"P1DT1H working":   {Days: 1, Rest: hour, Work: true},
		"P1000Y":           {Years: MaxYears},
	} {
		if got, err := Parse(s); err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", s, got, err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{
		"", "P", "PT", "T1H", "1D", "p1d", "P1", "PD", "P1H", "PT1D", "P1D2Y", "P1D1D", "PT1S1M", "P-1D", "-P1D", "+P1D", "P1.5D", "PT0.5S", "PT1,5S",
		"P1W1D", "P1Y1W", "P1WT1H", "P1DT", "P1D ", " P1D", "P1D  working", "P1D Working", "P1Y working", "P1M working", "P1W working",
		"P1001Y", "P99999999999999999999D", "PT2190001H", "PT2190000H1S", "P1DT1H1", "P١D",
	} {
		if got, err := Parse(s); err == nil {
			t.Errorf("%q: got %+v", s, got)
		}
	}
}

func TestString(t *testing.T) {
	for s, want := range map[string]string{
		"P1Y2M10DT2H30M5S": "P1Y2M10DT2H30M5S", "P2W": "P14D", "PT90S": "PT1M30S", "PT60M": "PT1H", "PT48H": "PT48H", "P0D": "PT0S",
		"P14M": "P14M", "P05D working": "P5D working", "PT0S working": "PT0S working", "PT3601S": "PT1H1S",
	} {
		p, err := Parse(s)
		if got := p.String(); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", s, got, err, want)
		}
	}
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Skipf("this machine has no time zones: %v", err)
	}
	return loc
}

// Times are written and read in the zone of each case. Berlin goes to summer time on 2026-03-29 at 02:00 and back on
// 2026-10-25 at 03:00. Lord Howe's clocks move by half an hour. Apia skipped 2011-12-30 altogether.
func TestFrom(t *testing.T) {
	const layout = "2006-01-02 15:04:05 -0700"
	for _, c := range []struct{ zone, from, period, want string }{
		{"UTC", "2025-01-31 10:00:00 +0000", "P1M", "2025-02-28 10:00:00 +0000"},
		{"UTC", "2024-01-31 10:00:00 +0000", "P1M", "2024-02-29 10:00:00 +0000"},
		{"UTC", "2024-02-29 10:00:00 +0000", "P1Y", "2025-02-28 10:00:00 +0000"},
		{"UTC", "2024-02-29 10:00:00 +0000", "P4Y", "2028-02-29 10:00:00 +0000"},
		{"UTC", "2024-12-31 23:00:00 +0000", "P2M", "2025-02-28 23:00:00 +0000"},
		{"UTC", "1900-01-31 00:00:00 +0000", "P1M", "1900-02-28 00:00:00 +0000"}, // 1900 was no leap year
		{"UTC", "2000-01-31 00:00:00 +0000", "P1M", "2000-02-29 00:00:00 +0000"},
		{"UTC", "2025-01-31 00:00:00 +0000", "P1M1D", "2025-03-01 00:00:00 +0000"}, // months first, then days
		{"UTC", "2025-03-31 00:00:00 +0000", "P11M", "2026-02-28 00:00:00 +0000"},
		{"UTC", "2025-05-15 00:00:00 +0000", "P12M", "2026-05-15 00:00:00 +0000"},
		{"UTC", "2025-12-30 22:30:00 +0000", "P1DT1H30M", "2026-01-01 00:00:00 +0000"},
		{"UTC", "2025-05-15 00:00:00 +0000", "PT0S", "2025-05-15 00:00:00 +0000"},
		{"UTC", "2025-05-15 00:00:00 +0000", "P1D working", "2025-05-16 00:00:00 +0000"},

		{"Europe/Berlin", "2026-03-28 12:00:00 +0100", "P1D", "2026-03-29 12:00:00 +0200"},
		{"Europe/Berlin", "2026-03-28 12:00:00 +0100", "PT24H", "2026-03-29 13:00:00 +0200"},
		{"Europe/Berlin", "2026-03-28 02:30:00 +0100", "P1D", "2026-03-29 03:30:00 +0200"}, // 02:30 does not exist
		{"Europe/Berlin", "2026-02-28 02:30:00 +0100", "P1M1D", "2026-03-29 03:30:00 +0200"},
		{"Europe/Berlin", "2026-10-24 02:30:00 +0200", "P1D", "2026-10-25 02:30:00 +0200"}, // the first 02:30
		{"Europe/Berlin", "2026-10-26 02:30:00 +0100", "P1Y", "2027-10-26 02:30:00 +0200"},
		{"Europe/Berlin", "2026-10-25 02:30:00 +0100", "PT0S", "2026-10-25 02:30:00 +0100"}, // the second stays it
		{"Europe/Berlin", "2026-10-25 01:30:00 +0200", "PT2H", "2026-10-25 02:30:00 +0100"},
		{"Australia/Lord_Howe", "2026-10-03 02:15:00 +1030", "P1D", "2026-10-04 02:45:00 +1100"},
		{"Pacific/Apia", "2011-12-29 12:00:00 -1000", "P1D", "2011-12-31 12:00:00 +1400"},
	} {
		loc := zone(t, c.zone)
		from, err := time.ParseInLocation(layout, c.from, loc)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Parse(c.period)
		if err != nil {
			t.Fatal(err)
		}
		// The zone in which the caller holds the time makes no difference.
		for _, from := range []time.Time{from.In(loc), from.UTC()} {
			if got := p.From(from, loc).Format(layout); got != c.want {
				t.Errorf("%s: %s + %s: got %s, want %s", c.zone, c.from, c.period, got, c.want)
			}
		}
	}
	if got := (Period{Days: 1}).From(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), nil); !got.Equal(time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("without a zone: %v", got)
	}
}

func TestExact(t *testing.T) {
	for s, want := range map[string]time.Duration{"P1D": 24 * time.Hour, "P1DT1S": 24*time.Hour + time.Second, "PT0S": 0, "P1Y": -1, "P1M": -1, "P1D working": -1, "P200000D": -1} {
		p, err := Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := p.Exact()
		if ok != (want >= 0) || ok && got != want {
			t.Errorf("%s: got %v, %v", s, got, ok)
		}
	}
}

func randomPeriod(t *rapid.T) Period {
	p := Period{Days: rapid.IntRange(0, MaxDays).Draw(t, "days"), Rest: time.Duration(rapid.Int64Range(0, int64(MaxRest/time.Second)).Draw(t, "seconds")) * time.Second}
	if p.Work = rapid.Bool().Draw(t, "work"); !p.Work {
		p.Years = rapid.IntRange(0, MaxYears).Draw(t, "years")
		p.Months = rapid.IntRange(0, MaxMonths).Draw(t, "months")
	}
	return p
}

// The canonical form reads back as the same period, and adding it never goes back in time.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomPeriod(t)
		got, err := Parse(p.String())
		if err != nil || got != p {
			t.Fatalf("%+v is written %q and read as %+v, %v", p, p, got, err)
		}
		from := time.Unix(rapid.Int64Range(-1<<33, 1<<35).Draw(t, "from"), 0)
		if to := p.From(from, time.UTC); to.Before(from) {
			t.Fatalf("%v + %v = %v", from, p, to)
		}
	})
}

// Days in a zone agree with the calendar day by day: the date goes on by as many, the clock stays unless it cannot.
func TestDaysKeepTheClock(t *testing.T) {
	loc := zone(t, "America/New_York")
	rapid.Check(t, func(t *rapid.T) {
		from := time.Unix(rapid.Int64Range(0, 1<<31).Draw(t, "from"), 0).In(loc)
		days := rapid.IntRange(1, 2000).Draw(t, "days")
		to := Period{Days: days}.From(from, loc)
		wantYear, wantMonth, wantDay := time.Date(from.Year(), from.Month(), from.Day()+days, 0, 0, 0, 0, time.UTC).Date()
		if y, m, d := to.Date(); y != wantYear || m != wantMonth || d != wantDay {
			t.Fatalf("%v + %d days = %v", from, days, to)
		}
		if from.Format("15:04:05") != to.Format("15:04:05") && to.Hour() != 3 { // only 02:xx can be skipped there
			t.Fatalf("%v + %d days = %v", from, days, to)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"P1Y2M10DT2H30M5S", "P2W", "P5D working", "PT0S", "P", "PT1.5H", "P-1D"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := Parse(s)
		if err != nil {
			return
		}
		if p.Years < 0 || p.Months < 0 || p.Days < 0 || p.Rest < 0 || p.Rest%time.Second != 0 {
			t.Fatalf("%q: %+v", s, p)
		}
		if q, err := Parse(p.String()); err != nil || q != p {
			t.Fatalf("%q is %+v, written %q and read as %+v, %v", s, p, p, q, err)
		}
		p.From(time.Unix(0, 0), time.UTC)
	})
}
