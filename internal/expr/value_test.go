package expr

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

type person struct {
	Name    string   `json:"name"`
	Income  float32  `json:"income,omitempty"`
	Address *address `json:"address"`
	hidden  int
	Skipped string `json:"-"`
}

type address struct{ place }

type place struct {
	City string `json:"city"`
	Zip  zip    `json:"zip"`
}

// zip is text to JSON.
type zip int

func (z zip) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%04d", int(z)), nil }

// point is JSON of its own.
type point struct{ x, y int }

func (p point) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `{"x": %d, "y": %d.0}`, p.x, p.y), nil
}

type level int8

func TestFromGo(t *testing.T) {
	noon := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	five := 5
	for _, c := range []struct {
		typ  string
		x    any
		want any // as Go gives it
	}{
		{"bool", true, true},
		{"int", 5, int64(5)},
		{"int", uint8(5), int64(5)},
		{"int", level(-3), int64(-3)},
		{"int", &five, int64(5)},
		{"int", 5.0, int64(5)},
		{"int", json.Number("9007199254740993"), int64(9007199254740993)},
		{"double", 2, 2.0},
		{"double", float32(0.5), 0.5},
		{"double", json.Number("1e3"), 1000.0},
		{"string", "x", "x"},
		{"string", zip(42), "0042"},
		{"bytes", []byte{1, 2}, []byte{1, 2}},
		{"bytes", [2]byte{1, 2}, []byte{1, 2}},
		{"bytes", "AQI=", []byte{1, 2}},
		{"timestamp", noon, noon},
		{"timestamp", "2026-01-31T13:00:00+01:00", noon},
		{"duration", time.Minute, time.Minute},
		{"duration", "P1DT1M", 24*time.Hour + time.Minute},
		{"duration", "-PT0.5S", -time.Second / 2},
		{"duration", "P2W", 14 * 24 * time.Hour},
		{"duration", "1h30m", 90 * time.Minute},
		{"list(int)", []any{1.0, 2}, []any{int64(1), int64(2)}},
		{"list(double)", []int{1}, []any{1.0}},
		{"list(string)", []string(nil), []any{}},
		{"map(string, int)", map[string]any{"a": 1.0}, map[string]any{"a": int64(1)}},
		{"map(int, bool)", map[string]bool{"-7": true}, map[any]any{int64(-7): true}},
		{"map(int, bool)", map[int]bool{7: true}, map[any]any{int64(7): true}},
		{"Applicant", person{"Ada", 0, &address{place{"Linz", 4020}}, 1, ""}, map[string]any{
			"name": "Ada", "income": 0.0, "address": map[string]any{"city": "Linz", "zip": "4020"},
		}},
		{"dyn", nil, nil},
		{"dyn", 5.0, 5.0},
		{"dyn", json.Number("5"), int64(5)},
		{"dyn", point{1, 2}, map[string]any{"x": int64(1), "y": 2.0}},
		{"dyn", json.RawMessage(`[1, "a", null]`), []any{int64(1), "a", nil}},
		{"dyn", map[bool]any{true: []any{1}}, map[any]any{true: []any{int64(1)}}},
	} {
		v, err := FromGo(mustType(t, c.typ), c.x)
		if err != nil {
			t.Errorf("%s from %#v: %v", c.typ, c.x, err)
			continue
		}
		if got := v.Go(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s from %#v = %#v, want %#v", c.typ, c.x, got, c.want)
		}
		if err := v.Fits(mustType(t, c.typ)); err != nil {
			t.Errorf("%s from %#v does not fit: %v", c.typ, c.x, err)
		}
	}
}

func TestFromGoErrors(t *testing.T) {
	deep := any(1)
	for range MaxDepth {
		deep = []any{deep}
	}
	type loop struct{ Next *loop }
	circle := &loop{}
	circle.Next = circle
	address := map[string]any{"city": "Linz", "zip": "4020"}
	for _, c := range []struct {
		typ  string
		x    any
		want string
	}{
		{"int", "x", `want int, got string "x"`},
		{"int", 1.5, `want int, got double 1.5`},
		{"int", math.Inf(1), `want int, got double +Inf`},
		{"int", 1e19, `want int, got double 1e+19`},
		{"int", uint64(math.MaxUint64), `got 18446744073709551615`},
		{"int", json.Number("9223372036854775808"), `want an integer of 64 bits`},
		{"int", nil, `want int, got null`},
		{"int", (*int)(nil), `want int, got null`},
		{"double", int64(1<<53 + 1), `want double, got int 9007199254740993`},
		{"string", 1, `want string, got int 1`},
		{"string", "\xff", `use bytes for binary data`},
		{"bool", "true", `want bool, got string "true"`},
		{"timestamp", "31.1.2026", `want timestamp, got string "31.1.2026"`},
		{"timestamp", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), `years 1 to 9999`},
		{"duration", "P1M", `want duration, got string "P1M"`},
		{"duration", 5, `want duration, got int 5`},
		{"bytes", "?", `want bytes, got string "?"`},
		{"list(int)", []any{1, "x"}, `[1]: want int, got string "x"`},
		{"list(list(int))", [][]any{{1}, {2, true}}, `[1][1]: want int, got bool true`},
		{"list(int)", map[string]int{}, `want list(int), got a map of 0`},
		{"map(string, double)", map[string]any{"EUR": "x"}, `["EUR"]: want double, got string "x"`},
		{"map(int, int)", map[string]int{"07": 1}, `want keys of type int, got the key string "07"`},
		{"map(int, int)", map[any]int{7: 1, "7": 2}, `keys that become equal`},
		{"map(int, int)", map[float64]int{7.5: 1}, `keys are bool, int or string`},
		{"Applicant", map[string]any{"name": "x", "income": 1, "adress": address}, `a field "adress" that it does not have (did you mean "address"?)`},
		{"Applicant", map[string]any{"name": "x", "address": address}, `income: want double, got nothing`},
		{"Applicant", map[string]any{"name": "x", "income": 1, "address": map[string]any{"city": 1, "zip": ""}}, `address.city: want string, got int 1`},
		{"list(Address)", []any{address, map[string]any{"city": ""}}, `[1].zip: want string, got nothing`},
		{"dyn", deep, `at most 64 levels`},
		{"dyn", circle, `at most 64 levels`},
		{"dyn", make(chan int), `a Go value of type chan int`},
		{"dyn", map[string]any{"f": func() {}}, `["f"]: want data`},
	} {
		_, err := FromGo(mustType(t, c.typ), c.x)
		var typeError *TypeError
		if !errors.As(err, &typeError) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s from %T: %v, want %q", c.typ, c.x, err, c.want)
		}
	}
	_, err := FromGo(mustType(t, "list(int)"), []any{"x"})
	var typeError *TypeError
	if errors.As(err, &typeError); typeError.Under("scores").Error() != `scores[0]: want int, got string "x"` {
		t.Errorf("under a variable: %v", typeError.Under("scores"))
	}
}

func TestFits(t *testing.T) {
	v := mustValue(t, "dyn", map[string]any{"city": "Linz", "zip": "4020"})
	if err := v.Fits(mustType(t, "Address")); err != nil {
		t.Error(err)
	}
	for typ, want := range map[string]string{
		"map(string, string)": "", "dyn": "", "map(string, int)": `["city"]: want int, got string "Linz"`, "int": "want int, got a map of 2",
		"Applicant": `a field "city" that it does not have`,
	} {
		switch err := v.Fits(mustType(t, typ)); {
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("fits %s: %v, want %q", typ, err, want)
		}
	}
	if err := (Value{}).Fits(mustType(t, "dyn")); err == nil {
		t.Error("an absent value fits dyn")
	}
	if err := mustValue(t, "int", 1).Fits(mustType(t, "double")); err == nil {
		t.Error("an int fits double without conversion")
	}
}

// anyGo draws what FromGo takes for dyn and Go gives back unchanged.
func anyGo(depth int) *rapid.Generator[any] {
	scalar := rapid.OneOf(
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.Int64().AsAny(), rapid.Float64().AsAny(), rapid.String().AsAny(),
		rapid.Custom(func(t *rapid.T) any { return rapid.SliceOf(rapid.Byte()).Draw(t, "bytes") }),
		rapid.Custom(func(t *rapid.T) any { return time.Duration(rapid.Int64().Draw(t, "duration")) }),
		rapid.Custom(func(t *rapid.T) any {
			return time.Unix(rapid.Int64Range(minTime.Unix(), maxTime.Unix()).Draw(t, "s"), rapid.Int64Range(0, 1e9-1).Draw(t, "ns")).UTC()
		}),
	)
	if depth == 0 {
		return scalar
	}
	inner := anyGo(depth - 1)
	return rapid.OneOf(
		scalar,
		rapid.SliceOfN(inner, 0, 4).AsAny(),
		rapid.MapOfN(rapid.String(), inner, 0, 4).AsAny(),
		rapid.Custom(func(t *rapid.T) any {
			m := map[any]any{true: 1}
			delete(m, true)
			for k, v := range rapid.MapOfN(rapid.Int64(), inner, 1, 4).Draw(t, "ints") {
				m[k] = v
			}
			return m
		}),
	)
}

// A value survives Go and the encoding; its encoding does not depend on the order of maps.
func TestRoundTrip(t *testing.T) {
	dyn := mustType(t, "dyn")
	rapid.Check(t, func(t *rapid.T) {
		x := anyGo(3).Draw(t, "x")
		v, err := FromGo(dyn, x)
		if err != nil {
			t.Fatal(err)
		}
		again, err := FromGo(dyn, v.Go())
		if err != nil || !again.Equal(v) {
			t.Fatalf("through Go: %v, %v", again, err)
		}
		code := v.Append([]byte("before"))
		if !bytes.Equal(code, again.Append([]byte("before"))) {
			t.Fatal("two encodings of one value")
		}
		decoded, rest, err := DecodeValue(append(code, "after"...)[len("before"):])
		if err != nil || string(rest) != "after" || !decoded.Equal(v) {
			t.Fatalf("decoded %v, rest %q, %v", decoded, rest, err)
		}
		if !reflect.DeepEqual(decoded.Go(), v.Go()) && !strings.Contains(fmt.Sprint(v.Go()), "NaN") {
			t.Fatalf("decoded %#v, want %#v", decoded.Go(), v.Go())
		}
		if size := v.Size(); size < 16 || size > 16+64*len(code) {
			t.Fatalf("size %d of %d bytes", size, len(code))
		}
	})
}

// Two values are Equal exactly if their encodings are the same.
func TestEqualMeansSameBytes(t *testing.T) {
	dyn := mustType(t, "dyn")
	few := rapid.OneOf(rapid.SampledFrom([]any{nil, true, 0, 1, 0.0, 1.0, math.Copysign(0, -1), math.NaN(), "", "a", []byte{}, []byte("a"), time.Duration(0), time.Unix(0, 0)}), anyGo(1))
	rapid.Check(t, func(t *rapid.T) {
		v, err := FromGo(dyn, few.Draw(t, "v"))
		if err != nil {
			t.Fatal(err)
		}
		w, err := FromGo(dyn, few.Draw(t, "w"))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := v.Equal(w), bytes.Equal(v.Append(nil), w.Append(nil)); got != want {
			t.Fatalf("%v Equal %v = %t", v, w, got)
		}
	})
}

// The durable encoding, byte by byte. A change here makes old stores unreadable.
func TestEncoding(t *testing.T) {
	for _, c := range []struct {
		typ  string
		x    any
		want string
	}{
		{"dyn", nil, "01"},
		{"bool", false, "02"},
		{"bool", true, "03"},
		{"int", -1, "0401"},
		{"int", 300, "04d804"},
		{"double", 1.5, "05000000000000f83f"},
		{"double", math.NaN(), "05010000000000f87f"},
		{"string", "aé", "060361c3a9"},
		{"bytes", []byte{255}, "0701ff"},
		{"timestamp", time.Unix(1, 2), "080202"},
		{"duration", -time.Nanosecond, "0901"},
		{"list(int)", []int{1, 2}, "0a0204020404"},
		{"map(string, int)", map[string]int{"b": 1, "a": 2}, "0b020601610404060162" + "0402"},
		{"dyn", map[any]any{"a": 1, 2: 1, true: 1}, "0b03030402" + "04040402" + "0601610402"},
		{"Address", map[string]any{"city": "x", "zip": ""}, "0b0206046369747906017806037a69700600"},
	} {
		v := mustValue(t, c.typ, c.x)
		if got := hex.EncodeToString(v.Append(nil)); got != c.want {
			t.Errorf("%s %v is encoded %s, want %s", c.typ, c.x, got, c.want)
		}
	}
	if got := (Value{}).Append(nil); !bytes.Equal(got, []byte{0}) {
		t.Errorf("absent is encoded %x", got)
	}
	if v, rest, err := DecodeValue([]byte{0, 9}); !v.Absent() || len(rest) != 1 || err != nil {
		t.Errorf("absent decodes as %v, %x, %v", v, rest, err)
	}
}

func TestDecodeDamaged(t *testing.T) {
	for code, want := range map[string]string{
		"":                          "ends too early",
		"04":                        "ends too early",
		"048000":                    "shortest form",
		"04ffffffffffffffffff7f":    "shortest form",
		"0500":                      "ends too early",
		"05ffffffffffffffff":        "NaN",
		"06026161"[:6]:              "ends too early",
		"0601ff":                    "not UTF-8",
		"06ffffffff0f":              "ends too early",
		"0a00"[:2]:                  "ends too early",
		"0affffffff0f":              "ends too early",
		"0affffffffffffffffff01":    "ends too early",
		"0b0106016101"[:10]:         "ends too early",
		"0b0206016201060161" + "01": "not ascending",
		"0b02060161010601" + "6101": "not ascending",
		"0b010101":                  "bool, int or string",
		"0a0100":                    "tag 0 is unknown",
		"0c":                        "tag 12 is unknown",
		"0800ffffffff0f":            "years 1 to 9999",
		strings.Repeat("0a01", maxDecodeDepth) + "01": "deeper than 128",
	} {
		b, err := hex.DecodeString(code)
		if err != nil {
			t.Fatal(err)
		}
		if v, _, err := DecodeValue(b); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s decodes as %v, %v; want %q", code, v, err, want)
		}
	}
}

// What decodes encodes to the same bytes again, and nothing makes the decoder panic.
func FuzzDecodeValue(f *testing.F) {
	for _, x := range []any{nil, true, -5, 1.5, "text", []byte{1}, time.Unix(5, 6), time.Hour, []any{1, "a"}, map[string]any{"a": []int{1}}, map[int]bool{1: true}} {
		f.Add(mustValue(f, "dyn", x).Append(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, rest, err := DecodeValue(b)
		if err != nil {
			return
		}
		if again := v.Append(nil); !bytes.Equal(again, b[:len(b)-len(rest)]) {
			t.Fatalf("%x decodes to %v, which encodes to %x", b[:len(b)-len(rest)], v, again)
		}
		if !v.Absent() {
			if _, err := FromGo(Type{scalars["dyn"]}, v.Go()); err != nil {
				t.Fatalf("%x: %v", b, err)
			}
		}
	})
}

func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"P1D", "PT1H30M", "-P2WT0.5S", "1h", "P", "PT", "P1M", "PT9223372036854775807S", "P1DT"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := parseDuration(s)
		if err == nil && strings.HasPrefix(s, "P") && d < 0 {
			t.Fatalf("%q is negative: %v", s, d)
		}
		if again, err := parseDuration(d.String()); err != nil || again != d {
			t.Fatalf("%q is %v, which reads as %v, %v", s, d, again, err)
		}
	})
}
