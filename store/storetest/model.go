package storetest

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/replank/replank/store"
)

// model is the naive store: a map.
type model map[string]string

func (m model) apply(b *store.Batch) {
	for w := range b.Writes() {
		switch w.Kind {
		case store.Put:
			m[string(w.Key)] = string(w.Value)
		case store.Delete, store.DeleteOnce:
			delete(m, string(w.Key))
		case store.DeleteRange:
			maps.DeleteFunc(m, func(k, _ string) bool { return k >= string(w.Key) && k < string(w.Value) })
		}
	}
}

func (m model) scan(lo, hi string, back bool) string {
	var keys []string
	for k := range m {
		if k >= lo && (hi == "" || k < hi) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	if back {
		slices.Reverse(keys)
	}
	return strings.Join(keys, " ")
}

// testModel does random things to a store and a map, and compares. The steps are
// the same in every run; the seed is in the name of the test.
func testModel(t *testing.T, open func(t *testing.T) store.Store, reopen func(t *testing.T, s store.Store) store.Store) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
			w := &walk{T: t, rng: rand.New(rand.NewPCG(seed, 0)), s: open(t), m: model{}}
			for step := range 300 {
				w.step()
				if step%75 == 74 {
					w.dropSnapshots()
					w.s = reopen(t, w.s)
				}
				if t.Failed() {
					t.Fatalf("after step %d", step)
				}
			}
			w.dropSnapshots()
		})
	}
}

type walk struct {
	*testing.T
	rng   *rand.Rand
	s     store.Store
	m     model
	b     store.Batch
	snaps []store.Snapshot
	olds  []model // what snaps must show
}

func (w *walk) key() string {
	const letters = "ab\x00\xff"
	k := make([]byte, 1+w.rng.IntN(3))
	for i := range k {
		k[i] = letters[w.rng.IntN(len(letters))]
	}
	return string(k)
}

func (w *walk) step() {
	switch w.rng.IntN(6) {
	case 0, 1, 2:
		w.write()
	case 3:
		w.compare(w.s, w.m)
	case 4:
		snap, err := w.s.Snapshot(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		w.snaps, w.olds = append(w.snaps, snap), append(w.olds, maps.Clone(w.m))
	case 5:
		for i, snap := range w.snaps {
			w.compare(snap, w.olds[i])
		}
		if len(w.snaps) > 3 {
			w.dropSnapshots()
		}
	}
}

func (w *walk) write() {
	for range 1 + w.rng.IntN(4) {
		k := []byte(w.key())
		switch w.rng.IntN(5) {
		case 0, 1, 2:
			w.b.Put(k, fmt.Append(nil, w.rng.IntN(1000)))
		case 3:
			w.b.Delete(k)
		case 4:
			w.b.DeleteRange(k, []byte(w.key()))
		}
	}
	w.m.apply(&w.b)
	done, err := w.s.Commit(w.Context(), &w.b)
	if err != nil {
		w.Fatal(err)
	}
	if w.rng.IntN(4) == 0 {
		if err := done.Wait(context.Background()); err != nil {
			w.Fatal(err)
		}
	}
}

func (w *walk) compare(r store.Reader, m model) {
	k := w.key()
	v, ok := m[k]
	if !ok {
		v = "-"
	}
	want(w.T, r, k, v)
	lo, hi := w.key(), w.key()
	if w.rng.IntN(4) == 0 {
		lo, hi = "", ""
	}
	for _, back := range []bool{false, true} {
		if got, should := scan(w.T, r, lo, hi, back), m.scan(lo, hi, back); got != should {
			w.Errorf("scan [%q, %q) back=%v: %q, want %q", lo, hi, back, got, should)
		}
	}
}

func (w *walk) dropSnapshots() {
	for _, snap := range w.snaps {
		if err := snap.Close(); err != nil {
			w.Error(err)
		}
	}
	w.snaps, w.olds = nil, nil
}
