// Package nearest finds the known word that a misspelt one most likely meant, for the hint of an error message.
package nearest

import "unicode/utf8"

// maxLength bounds the words that are compared, in bytes: a longer name is no typing error, and the comparison
// takes time proportional to the product of the two lengths.
const maxLength = 128

// Name returns the word of known that lies nearest to name, or "" if none is near enough to be meant.
//
// The distance is the optimal string alignment distance over runes: insertions, deletions, substitutions and
// swaps of neighbours cost one each. Letters that differ only in ASCII case count as equal, so that "Amount" finds
// "amount". A word is near enough at a distance of at most a third of the longer word, rounded up; a word that equals
// name is never returned. Of several equally near words the one that sorts first wins, so that the answer does not
// depend on the order of known.
func Name(name string, known []string) string {
	if name == "" || len(name) > maxLength {
		return ""
	}
	want := foldedRunes(name)
	best, bestDistance := "", 0
	for _, word := range known {
		if word == name || word == "" || len(word) > maxLength {
			continue
		}
		candidate := foldedRunes(word)
		d := distance(want, candidate)
		if d > (max(len(want), len(candidate))+2)/3 || d >= max(len(want), len(candidate)) {
			continue
		}
		if best == "" || d < bestDistance || d == bestDistance && word < best {
			best, bestDistance = word, d
		}
	}
	return best
}

func foldedRunes(s string) []rune {
	runes := make([]rune, 0, utf8.RuneCountInString(s))
	for _, r := range s {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		runes = append(runes, r)
	}
	return runes
}

// distance is the optimal string alignment distance, computed row by row: prev2, prev and row are the last three
// rows of the usual table.
func distance(a, b []rune) int {
	prev2 := make([]int, len(b)+1)
	prev := make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			substitution := prev[j-1]
			if a[i-1] != b[j-1] {
				substitution++
			}
			row[j] = min(substitution, prev[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
		prev2, prev, row = prev, row, prev2
	}
	return prev[len(b)]
}
