package expr

import (
	"errors"
	"math"
	"strings"
	"time"
)

var errDuration = errors.New(`not a duration: write PT36H, P2DT30M or 36h30m; years and months have no fixed length`)

// parseDuration reads a length of time: ISO 8601 (W, D, H, M, S; a day is 24 hours; seconds may have a fraction) with an
// optional sign, or Go's syntax.
func parseDuration(s string) (time.Duration, error) {
	sign, iso := time.Duration(1), s
	if rest, ok := strings.CutPrefix(iso, "-"); ok {
		sign, iso = -1, rest
	}
	iso, ok := strings.CutPrefix(iso, "P")
	if !ok {
		d, err := time.ParseDuration(s)
		if err != nil {
			return 0, errDuration
		}
		return d, nil
	}
	date, clock, hasClock := strings.Cut(iso, "T")
	if iso == "" || hasClock && clock == "" {
		return 0, errDuration
	}
	total, err := addUnits(0, date, "WD", []time.Duration{7 * 24 * time.Hour, 24 * time.Hour})
	if err == nil {
		total, err = addUnits(total, clock, "HMS", []time.Duration{time.Hour, time.Minute, time.Second})
	}
	return sign * total, err
}

// addUnits adds the parts of s, like 2H30M, to total. The letters come in the order of units, each at most once.
func addUnits(total time.Duration, s, letters string, units []time.Duration) (time.Duration, error) {
	next := 0
	for s != "" {
		digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
		fraction := 0
		if digits < len(s) && s[digits] == '.' {
			fraction = len(s[digits+1:]) - len(strings.TrimLeft(s[digits+1:], "0123456789"))
		}
		end := digits
		if fraction > 0 {
			end += 1 + fraction
		}
		if digits == 0 || digits > 19 || fraction > 9 || end >= len(s) {
			return 0, errDuration
		}
		i := strings.IndexByte(letters[next:], s[end])
		if i < 0 || fraction > 0 && s[end] != 'S' {
			return 0, errDuration
		}
		unit := units[next+i]
		next += i + 1
		var n, nanos int64
		for _, c := range s[:digits] {
			if n > (math.MaxInt64-int64(c-'0'))/10 {
				return 0, errDuration
			}
			n = n*10 + int64(c-'0')
		}
		for j := range 9 {
			nanos *= 10
			if j < fraction {
				nanos += int64(s[digits+1+j] - '0')
			}
		}
		if n > (math.MaxInt64-int64(total)-nanos)/int64(unit) {
			return 0, errDuration
		}
		total += time.Duration(n)*unit + time.Duration(nanos)
		s = s[end+1:]
	}
	return total, nil
}
