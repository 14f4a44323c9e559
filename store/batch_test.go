package store_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/store"
)

// TestBatchKeepsWhatItIsGiven: Writes and Expectations give back, in order, what
// the methods were given.
func TestBatchKeepsWhatItIsGiven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b store.Batch
		text := rapid.SliceOfN(rapid.Byte(), 1, 300)
		for range 2 { // the second time after Reset
			b.Reset()
			var writes, expects []string
			show := func(name string, a, b []byte) string { return fmt.Sprintf("%s %q %q", name, a, b) }
			for range rapid.IntRange(0, 20).Draw(t, "n") {
				k, v := text.Draw(t, "key"), text.Draw(t, "value")
				switch rapid.IntRange(0, 5).Draw(t, "op") {
				case 0:
					b.Put(k, v)
					writes = append(writes, show("Put", k, v))
				case 1:
					b.Delete(k)
					writes = append(writes, show("Delete", k, nil))
				case 2:
					b.DeleteOnce(k)
					writes = append(writes, show("DeleteOnce", k, nil))
				case 3:
					b.DeleteRange(k, v)
					if bytes.Compare(k, v) < 0 {
						writes = append(writes, show("DeleteRange", k, v))
					}
				case 4:
					b.Expect(k, v)
					expects = append(expects, show("Expect", k, v))
				case 5:
					b.Expect(k, nil)
					expects = append(expects, show("Expect nothing", k, nil))
				}
			}
			if err := b.Err(); err != nil {
				t.Fatal(err)
			}
			var gotWrites, gotExpects []string
			for w := range b.Writes() {
				gotWrites = append(gotWrites, show(w.Kind.String(), w.Key, w.Value))
			}
			for e := range b.Expectations() {
				name := "Expect"
				if e.Value == nil {
					name = "Expect nothing"
				}
				gotExpects = append(gotExpects, show(name, e.Key, e.Value))
			}
			if !slices.Equal(writes, gotWrites) || !slices.Equal(expects, gotExpects) {
				t.Fatalf("given\n%s\n%s\ngot\n%s\n%s", strings.Join(writes, "\n"), strings.Join(expects, "\n"),
					strings.Join(gotWrites, "\n"), strings.Join(gotExpects, "\n"))
			}
			if b.Len() != len(writes) {
				t.Fatalf("Len = %d, want %d", b.Len(), len(writes))
			}
		}
	})
}

// TestBatchReuseAllocatesNothing: filling and committing a batch again and again
// allocates the Durable, and what Pebble does.
func TestBatchReuseAllocatesNothing(t *testing.T) {
	var b store.Batch
	key, value := make([]byte, 22), make([]byte, 110)
	fill := func() {
		b.Reset()
		for range 100 {
			b.Put(key, value)
			b.DeleteOnce(key)
		}
	}
	fill()
	if n := testing.AllocsPerRun(100, fill); n > 0 {
		t.Errorf("filling a used batch allocates %.1f times", n)
	}
}

// TestLargeBatchIsKept: Pebble keeps the bytes of a batch of half a memtable or
// more until it has flushed them; refilling the Batch must not change them.
func TestLargeBatchIsKept(t *testing.T) {
	m, err := store.NewDisk().OpenSmall(64 << 10)
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, m)
	var b store.Batch
	for round := range byte(20) {
		for i := range 100 {
			b.Put(fmt.Appendf(nil, "large %d %d", round, i), bytes.Repeat([]byte{round}, 1000))
		}
		commitAndWait(t, m, &b)
		for range 3 { // the arenas go round
			for i := range 100 {
				b.Put(fmt.Appendf(nil, "small %d", i), bytes.Repeat([]byte{0xff}, 100))
			}
			commitAndWait(t, m, &b)
		}
	}
	n := 0
	for e, err := range m.Scan(t.Context(), []byte("large"), []byte("large~")) {
		if err != nil {
			t.Fatal(err)
		}
		var round, i int
		if _, err := fmt.Sscanf(string(e.Key), "large %d %d", &round, &i); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(e.Value, bytes.Repeat([]byte{byte(round)}, 1000)) {
			t.Fatalf("%s = %x..., want %02x", e.Key, e.Value[:8], round)
		}
		n++
	}
	if n != 20*100 {
		t.Errorf("%d keys, want 2000", n)
	}
}
