package typed

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// exported makes an exported Go name of an id, a kind of handlers or the name of a variable: its parts begin with capitals
// and what cannot stand in a name is left out. "X" comes before what begins otherwise than with a letter.
func exported(s string) string {
	var b strings.Builder
	upper := true
	for _, r := range s {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			upper = true
			continue
		case upper:
			r = unicode.ToUpper(r)
			upper = false
		}
		b.WriteRune(r)
	}
	name := b.String()
	if first, _ := utf8.DecodeRuneInString(name); unicode.IsUpper(first) {
		return name
	}
	return "X" + name
}

// names gives each thing of one place a name of its own: the second of two with the same gets a number.
type names map[string]bool

func (n names) take(name string) string {
	free := name
	for i := 2; n[free]; i++ {
		free = name + strconv.Itoa(i)
		if last := name[len(name)-1]; '0' <= last && last <= '9' {
			free = name + "_" + strconv.Itoa(i)
		}
	}
	n[free] = true
	return free
}
