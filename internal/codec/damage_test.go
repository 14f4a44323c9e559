package codec

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/replank/replank/internal/expr"
)

// decodeAny decodes b as every kind of record and looks into what comes out.
func decodeAny(b []byte) (errs []error) {
	for _, e := range examples {
		_, err := e.decode(b)
		errs = append(errs, err)
	}
	if p, err := PeekHead(b); err == nil {
		p.Label("region")
	}
	var t Tail
	if DecodeChunk(b, 1, &t) == nil {
		for version := range uint64(min(t.N, 20)) {
			_, _, _ = t.Value(4, version+1)
		}
	}
	return errs
}

// A record cut short anywhere is refused, with the kind of record and the place.
func TestCutShort(t *testing.T) {
	for _, e := range examples {
		whole := e.encode()
		for n := range whole {
			if n > 300 && n < len(whole)-3 {
				continue
			}
			got, err := e.decode(whole[:n])
			if err == nil && strings.Contains(got, "damaged") {
				continue // the tail of a head is read when it is asked for
			}
			var fault *Error
			if !errors.As(err, &fault) || !errors.Is(err, ErrCorrupt) || fault.Record == "" || fault.Offset > n || fault.What == "" {
				t.Errorf("%s cut to %d of %d bytes: %v, %q", e.name, n, len(whole), err, got)
			}
		}
		if n := len(whole); e.name != "head-nothing-empty" && e.name != "head-moved" && !strings.HasPrefix(e.name, "history") {
			if _, err := e.decode(append(whole[:n:n], 0)); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s with a byte more: %v", e.name, err)
			}
		}
	}
}

// A record of another kind, and one of a format to come, are told apart from a damaged one.
func TestWrongFormat(t *testing.T) {
	for _, e := range examples {
		b := e.encode()
		for f := range 256 {
			if byte(f) == b[0] {
				continue
			}
			c := bytes.Clone(b)
			c[0] = byte(f)
			want := ErrCorrupt
			if byte(f) > lastFormat {
				want = ErrNewer
			}
			if _, err := e.decode(c); !errors.Is(err, want) {
				t.Errorf("%s with format %d: %v, want %v", e.name, f, err, want)
			}
		}
	}
	h, sh := sampleLoan()
	b := AppendHead(nil, h)
	b[1] |= 0x80 // a flag that no release has used yet
	if err := DecodeHead(b, sh, new(Head)); !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "newer release") {
		t.Errorf("unknown flag: %v", err)
	}
}

// Whatever the bytes, decoding ends, without a panic; and what is accepted can be encoded again.
func FuzzDecode(f *testing.F) {
	for _, e := range examples {
		f.Add(e.encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		decodeAny(b)
		var h, again Head
		if err := DecodeHead(b, loanShape, &h); err != nil {
			if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrNewer) {
				t.Fatalf("error of no kind: %v", err)
			}
			return
		}
		c := AppendHead(nil, &h)
		if err := DecodeHead(c, loanShape, &again); err != nil {
			t.Fatalf("encoded again it is refused: %v", err)
		}
		if d := AppendHead(nil, &again); !bytes.Equal(c, d) {
			t.Fatalf("encoded again it differs:\n%x\n%x", c, d)
		}
	})
}

// Every example with every single byte changed: the cheap part of the fuzz test, in each run.
func TestEveryByteChanged(t *testing.T) {
	for _, e := range examples {
		whole := e.encode()
		for i := range whole[:min(len(whole), 300)] {
			for _, x := range []byte{0x00, 0x01, 0x7f, 0x80, 0xff, whole[i] + 1} {
				c := bytes.Clone(whole)
				c[i] = x
				_, _ = e.decode(c) // must end, and not panic
			}
		}
	}
}

// Whatever the bytes of a history record, reading one value agrees with reading all events, as far as those can be read.
func FuzzHistory(f *testing.F) {
	for n := 1; n <= 3; n++ {
		f.Add(encodeChunk(n)())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var tail Tail
		if DecodeChunk(b, 1, &tail) != nil {
			return
		}
		own := func(int32, uint64) (expr.Value, error) { return value("own record"), nil }
		for e, err := range tail.Events(own) {
			if err != nil {
				return
			}
			for i, w := range e.Wrote {
				if w.Slot < 0 || i > 0 && w.Slot <= e.Wrote[i-1].Slot {
					t.Fatalf("slots of event %d do not ascend: %v", e.Seq, e.Wrote)
				}
				got, at, err := tail.Value(int(w.Slot), e.Seq)
				if at == OwnRecord {
					got = value("own record")
				}
				if err != nil || !got.Equal(w.Value) {
					t.Fatalf("slot %d of event %d is %v alone (%v), %v among the others", w.Slot, e.Seq, got, err, w.Value)
				}
			}
		}
	})
}
