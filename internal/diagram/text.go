package diagram

import (
	"strings"
	"unicode"
)

// Width is about how wide a line of text is in a sans-serif of 11 pixels. Nothing says which font a viewer has, so it is
// rather too much than too little.
func Width(s string) int {
	tenths := 0
	for _, c := range s {
		tenths += advance(c)
	}
	return (tenths + 9) / 10
}

// advance is the width of a character in tenths of a pixel.
func advance(c rune) int {
	switch {
	case strings.ContainsRune("iljtfI.,:;'|!()[] ", c):
		return 37
	case strings.ContainsRune("mwMW@%", c):
		return 102
	case unicode.In(c, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case c >= 0x1100:
		return 115
	case unicode.IsUpper(c) || c > 0x7F:
		return 80
	}
	return 66
}

const ellipsis = "…"

// fit cuts a line to a width.
func fit(s string, width int) string {
	if Width(s) <= width {
		return s
	}
	room := width*10 - 115
	for i, c := range s {
		if room -= advance(c); room < 0 {
			return strings.TrimRight(s[:i], " ") + ellipsis
		}
	}
	return s
}

// oneLine makes white space of all kinds single spaces, and drops what cannot be seen.
func oneLine(s string) string {
	s = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && !unicode.IsSpace(c) || c == unicode.ReplacementChar {
			return -1
		}
		return c
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// wrap breaks a text into at most so many lines: between words, else behind one of "-_./", else anywhere.
func wrap(s string, width, most int) []string {
	rest := oneLine(s)
	var lines []string
	for rest != "" {
		if len(lines) == most-1 || Width(rest) <= width {
			return append(lines, fit(rest, width))
		}
		at := breakAt(rest, width)
		lines = append(lines, strings.TrimSpace(rest[:at]))
		rest = strings.TrimSpace(rest[at:])
	}
	return lines
}

// breakAt is where the first line of a text ends that is too wide.
func breakAt(s string, width int) int {
	room, hard, soft := width*10, len(s), 0
	for i, c := range s {
		if room -= advance(c); room < 0 && i > 0 {
			if c == ' ' {
				return i
			}
			hard = i
			break
		}
		if c == ' ' || strings.ContainsRune("-_./", c) {
			soft = i + 1
		}
	}
	if soft > 0 {
		return soft
	}
	return hard
}
