package codec

import (
	"context"
	"encoding/binary"
	"testing"
	"time"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/store"
)

// variedLoan makes the n-th of many parked loans: other numbers, times, keys and digests, so that nothing can be guessed
// from the record before.
func variedLoan(h *Head, n int) {
	s := h.State
	s.Seq = 41 + uint64(n%5)
	s.Created, s.Updated = asked-20*day-int64(n), asked+int64(n%7)*day
	s.Key.Lo, s.Order.Lo = uint64(n)*0x9e3779b97f4a7c15, uint64(n)*0xbf58476d1ce4e5b9
	for i := range s.Works {
		s.Works[i].At = s.Updated
		s.Works[i].Since = s.Seq - uint64(1-i)
	}
	h.BusinessKey = "loan-2027-" + string(binary.AppendUvarint(nil, uint64(n)))
}

// BenchmarkScan decodes the heads of a million parked loans into one reused Head, as recovery and sweeps do. The mark
// is 3 M/s. "peek" is what lists do; "store" includes reading from an in-memory store.
func BenchmarkScan(b *testing.B) {
	const heads = 1_000_000
	h, sh := sampleLoan()
	var records []byte
	for n := range heads {
		variedLoan(h, n)
		at := len(records)
		records = AppendHead(append(records, 0), h)
		records[at] = byte(len(records) - at - 1)
	}
	perSecond := func(b *testing.B, began time.Time) {
		b.ReportMetric(float64(b.N)*heads/time.Since(began).Seconds()/1e6, "Mheads/s")
		b.ReportMetric(0, "ns/op")
	}
	b.Run("decode", func(b *testing.B) {
		began := time.Now()
		var into Head
		for range b.N {
			for rest := records; len(rest) > 0; rest = rest[1+rest[0]:] {
				if err := DecodeHead(rest[1:1+rest[0]], sh, &into); err != nil {
					b.Fatal(err)
				}
			}
		}
		perSecond(b, began)
	})
	b.Run("peek", func(b *testing.B) {
		began := time.Now()
		for range b.N {
			for rest := records; len(rest) > 0; rest = rest[1+rest[0]:] {
				if _, err := PeekHead(rest[1 : 1+rest[0]]); err != nil {
					b.Fatal(err)
				}
			}
		}
		perSecond(b, began)
	})
	b.Run("store", func(b *testing.B) {
		ctx := context.Background()
		s := store.Memory()
		defer s.Close()
		var batch store.Batch
		n := 0
		for rest := records; len(rest) > 0; rest = rest[1+rest[0]:] {
			var id keys.ID
			binary.BigEndian.PutUint64(id[:], uint64(n))
			batch.Put(keys.AppendHead(nil, 1, id), rest[1:1+rest[0]])
			if n++; n%10_000 == 0 {
				if _, err := s.Commit(ctx, &batch); err != nil {
					b.Fatal(err)
				}
			}
		}
		lo, hi := keys.HeadRange(1)
		b.ResetTimer()
		began := time.Now()
		var into Head
		for range b.N {
			for e, err := range s.Scan(ctx, lo, hi) {
				if err == nil {
					err = DecodeHead(e.Value, sh, &into)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		}
		perSecond(b, began)
	})
}

// BenchmarkEncode is the part of a step that is encoding: a head with its tail, and one event.
func BenchmarkEncode(b *testing.B) {
	h, _ := fullLoan()
	e := sampleEvents()[0]
	var tail Tail
	buf := AppendHead(nil, h)
	b.ReportAllocs()
	for range b.N {
		buf = AppendHead(buf[:0], h)
		tail.Reset(e.Seq, e.At)
		tail.Append(&e)
	}
}

// childScopes opens and closes n child scopes of one instance through a store, each with a step of its own that writes
// head and scope, and returns the bytes written.
func childScopes(t *testing.T, n int) int {
	ctx := context.Background()
	s := store.Memory()
	defer s.Close()
	h, sh := sampleLoan()
	id := keys.ID(instance)
	var batch store.Batch
	var buf []byte
	written := 0
	step := func() {
		h.State.Seq++
		buf = AppendHead(buf[:0], h)
		batch.Put(keys.AppendHead(nil, 1, id), buf)
		written += batch.Size()
		if _, err := s.Commit(ctx, &batch); err != nil {
			t.Fatal(err)
		}
	}
	path := func(child uint32) []byte {
		return keys.AppendScope(nil, 1, id, binary.BigEndian.AppendUint32([]byte{0, 5}, child))
	}
	child := &Child{Scope: kernel.Scope{
		Marking: petri.Marking{1 << 50}, Slots: make([]uint64, 11), Works: []kernel.Work{{Node: 9}}, Key: kernel.Digest{Lo: 3, Hi: 4},
	}}
	h.State.Children = []kernel.Children{{Node: 5}}
	counts := &h.State.Children[0]
	for range n {
		child.Seq, child.Updated, child.Scope.Works[0].Since = h.State.Seq, h.State.Updated, h.State.Seq
		buf = AppendChild(buf[:0], child)
		batch.Put(path(counts.Next), buf)
		counts.Open++
		counts.Next++
		step()
	}
	lo, hi := keys.ScopeRange(1, id, nil)
	for e, err := range s.Scan(ctx, lo, hi) {
		if err == nil {
			err = DecodeChild(e.Value, sh, child)
		}
		if err != nil {
			t.Fatal(err)
		}
		batch.Delete(e.Key)
		h.State.Key = h.State.Key.Add(child.Scope.Key)
		counts.Open--
		step()
	}
	if counts.Open != 0 || counts.Next != uint32(n) {
		t.Fatalf("children left: %+v", *counts)
	}
	return written
}

// Ten thousand child scopes of one instance cost ten times what a thousand do: children are records of their own, and
// the head holds only how many there are.
func TestChildScopesCostLinearTime(t *testing.T) {
	few, many := childScopes(t, 1000), childScopes(t, 10_000)
	t.Logf("1,000 children: %d bytes written, 10,000: %d (%d per child)", few, many, many/10_000)
	if many > few*11 { // numbers grow by a byte
		t.Errorf("1,000 children wrote %d bytes, 10,000 wrote %d: more than ten times as much", few, many)
	}
}
