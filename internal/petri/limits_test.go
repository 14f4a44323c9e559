package petri

import (
	"strings"
	"testing"
)

// A net that is too large is refused when it is built.
func TestLimits(t *testing.T) {
	for want, grow := range map[string]func(b *Builder){
		"32769 places, at most 32768": func(b *Builder) {
			for range MaxPlaces {
				b.Place()
			}
		},
		"32769 transitions, at most 32768": func(b *Builder) {
			for range MaxTransitions {
				b.Add(Trans{Pre: b.Set(0)})
			}
		},
	} {
		var b Builder
		b.Add(Trans{Pre: b.Set(b.Place())})
		if _, _, err := b.Build(); err != nil {
			t.Fatal(err)
		}
		grow(&b)
		if _, _, err := b.Build(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
