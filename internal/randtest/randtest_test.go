package randtest

import (
	"flag"
	"testing"

	"pgregory.net/rapid"
)

// What is rarer than a hundred draws show is met all the same, and always after as many.
func TestRareIsMet(t *testing.T) {
	if testing.Short() {
		t.Skip("short tests do not ask")
	}
	was := flag.Lookup("rapid.seed").Value.String()
	var until []int
	for range 2 {
		met, draws, fixed := map[string]int{}, 0, 0
		Check(t, Keys(met, "rare"), func(t *rapid.T) {
			if draws++; draws > 100 {
				if fixed++; rapid.Permutation([]int{0, 1, 2, 3, 4, 5}).Draw(t, "order")[0] == 5 && rapid.Uint16().Draw(t, "x")%64 == 7 {
					met["rare"]++
				}
			}
		})
		until = append(until, fixed)
	}
	if until[0] != until[1] {
		t.Errorf("met after %v draws that should be the same", until)
	}
	if now := flag.Lookup("rapid.seed").Value.String(); now != was {
		t.Errorf("the seed is %s afterwards, and was %s", now, was)
	}
}

func TestKeys(t *testing.T) {
	count := map[string]int{"a": 1}
	if m := Keys(count, "a")(); m != "" {
		t.Error(m)
	}
	if m := Keys(count, "a", "b")(); m != `nothing is "b" (map[a:1])` {
		t.Error(m)
	}
}
