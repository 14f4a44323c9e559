package ltlf

import "strings"

// Rename returns a formula with another step in the place of one. A word of the language is a step only with a phase.
func Rename(formula, from, to string) string { return rename(formula, from, to, true) }

// RenameArguments does the same to a template, whose own name may be that of a step, and whose arguments are steps whatever
// their names.
func RenameArguments(declare, from, to string) string {
	i := max(0, strings.IndexByte(declare, '('))
	return declare[:i] + rename(declare[i:], from, to, false)
}

func rename(text, from, to string, formula bool) string {
	var b strings.Builder
	for text != "" {
		n := word(text)
		if n == 0 {
			b.WriteByte(text[0])
			text = text[1:]
			continue
		}
		step, phase := text[:n], ""
		for _, p := range [...]string{".started", ".completed"} {
			if s, found := strings.CutSuffix(step, p); found && formula {
				step, phase = s, p
				break
			}
		}
		if step == from && (phase != "" || !formula || !reserved(from)) {
			if step = to; phase == "" && formula && reserved(to) {
				phase = ".completed"
			}
		}
		b.WriteString(step + phase)
		text = text[n:]
	}
	return b.String()
}

// reserved reports whether a word alone is no step: an operator, a constant, or what ends in a phase.
func reserved(word string) bool {
	return unaries[word] != nil || levels[len(levels)-1].make[word] != nil || word == "true" || word == "false" ||
		strings.HasSuffix(word, ".started") || strings.HasSuffix(word, ".completed")
}
