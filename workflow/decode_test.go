package workflow

import (
	"encoding/json"
	"errors"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/expr"
)

type place struct {
	City string `json:"city"`
	Zip  *int32 `json:"zip,omitempty"`
}

type audit struct {
	By string `json:"by"`
}

// sample has a field of every sort that can be data.
type sample struct {
	audit
	Bool     bool             `json:"bool"`
	Int      int              `json:"int"`
	Small    int8             `json:"small"`
	Unsigned uint16           `json:"unsigned"`
	Float    float64          `json:"float"`
	Single   float32          `json:"single"`
	Text     string           `json:"text"`
	Bytes    []byte           `json:"bytes"`
	Time     time.Time        `json:"time"`
	Wait     time.Duration    `json:"wait"`
	List     []place          `json:"list"`
	Pair     [2]string        `json:"pair"`
	ByName   map[string]place `json:"byName"`
	ByNumber map[int]string   `json:"byNumber"`
	Pointer  *place           `json:"pointer"`
	Any      any              `json:"any"`
	IP       netip.Addr       `json:"ip"`
	NoTag    string
	Skipped  string `json:"-"`
	_        string // no part of the data
}

func samples() *rapid.Generator[sample] {
	addresses := rapid.Custom(func(t *rapid.T) place {
		a := place{City: rapid.String().Draw(t, "city")}
		if rapid.Bool().Draw(t, "has zip") {
			zip := rapid.Int32().Draw(t, "zip")
			a.Zip = &zip
		}
		return a
	})
	return rapid.Custom(func(t *rapid.T) sample {
		s := sample{
			audit: audit{rapid.String().Draw(t, "by")},
			Bool:  rapid.Bool().Draw(t, "bool"), Int: rapid.Int().Draw(t, "int"), Small: rapid.Int8().Draw(t, "small"),
			Unsigned: rapid.Uint16().Draw(t, "unsigned"), Float: rapid.Float64().Draw(t, "float"),
			Single: rapid.Float32().Draw(t, "single"), Text: rapid.String().Draw(t, "text"),
			Bytes:    rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"),
			Time:     time.Unix(rapid.Int64Range(-1<<33, 1<<33).Draw(t, "seconds"), 0).UTC(),
			Wait:     time.Duration(rapid.Int64().Draw(t, "wait")),
			List:     rapid.SliceOf(addresses).Draw(t, "list"),
			Pair:     [2]string{rapid.String().Draw(t, "first"), rapid.String().Draw(t, "second")},
			ByName:   rapid.MapOf(rapid.String(), addresses).Draw(t, "by name"),
			ByNumber: rapid.MapOf(rapid.Int(), rapid.String()).Draw(t, "by number"),
			Any:      rapid.SampledFrom([]any{nil, "x", int64(3), 2.5, true, []any{"a", nil}, map[string]any{"k": int64(1)}}).Draw(t, "any"),
			IP:       netip.AddrFrom4([4]byte{10, 0, 0, rapid.Byte().Draw(t, "ip")}),
			NoTag:    rapid.String().Draw(t, "no tag"),
		}
		if rapid.Bool().Draw(t, "has pointer") {
			a := addresses.Draw(t, "pointer")
			s.Pointer = &a
		}
		return s
	})
}

// What a program hands in is what a program gets out.
func TestDecodeUndoesEncode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := samples().Draw(t, "sample")
		v, err := encode(in)
		if err != nil {
			t.Fatal(err)
		}
		var out sample
		if err := decode(v, &out); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(in, out) {
			t.Fatalf("in  %+v\nout %+v", in, out)
		}
	})
}

// A stored value looks the same to the program as one that was never stored.
func TestDecodeAfterStorage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := samples().Draw(t, "sample")
		v, err := encode(in)
		if err != nil {
			t.Fatal(err)
		}
		w, rest, err := expr.DecodeValue(v.Append(nil))
		if err != nil || len(rest) > 0 {
			t.Fatal(err, rest)
		}
		var out sample
		if err := decode(w, &out); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(in, out) {
			t.Fatalf("in  %+v\nout %+v", in, out)
		}
	})
}

func TestEncodeRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		x    any
		want string // in the error
	}{
		{"a scalar", 5, "struct with json tags"},
		{"a list", []int{1}, "struct with json tags"},
		{"a channel inside", map[string]any{"c": make(chan int)}, `["c"]: `},
		{"a string that is no UTF-8", map[string]any{"s": "\xff"}, `["s"]: `},
		{"a number beyond int", struct {
			N uint64 `json:"n"`
		}{math.MaxUint64}, "n: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := encode(c.x)
			if !errors.Is(err, ErrType) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an ErrType with %q", err, c.want)
			}
		})
	}
}

func TestEncodeNothing(t *testing.T) {
	for _, x := range []any{nil, None{}, (*sample)(nil)} {
		if v, err := encode(x); err != nil || !v.Absent() {
			t.Errorf("encode(%#v) = %v, %v; want absent", x, v, err)
		}
	}
}

func TestDecode(t *testing.T) {
	type target struct {
		Small   int8           `json:"small"`
		Count   uint           `json:"count"`
		Ratio   float64        `json:"ratio"`
		At      time.Time      `json:"at"`
		Number  json.Number    `json:"number"`
		Items   []place        `json:"items"`
		Byname  map[string]int `json:"byName"`
		Pointer *place         `json:"pointer"`
		Pair    [2]int         `json:"pair"`
	}
	for _, c := range []struct {
		name string
		in   map[string]any
		want any    // nil: what is decoded is not compared
		err  string // whole text; "": none
	}{
		{"an exact double is an int", map[string]any{"small": 5.0}, target{Small: 5}, ""},
		{"an int is a double", map[string]any{"ratio": 3}, target{Ratio: 3}, ""},
		{"a time as text", map[string]any{"at": "2026-01-02T03:04:05Z"}, target{At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, ""},
		{"a number as text of its own", map[string]any{"number": 12}, target{Number: "12"}, ""},
		{"what nobody asks for is passed over", map[string]any{"other": 1}, target{}, ""},
		{"null for a pointer", map[string]any{"pointer": nil}, target{}, ""},
		{"a fraction is no int", map[string]any{"small": 1.5}, nil, "small: want int8, got double 1.5"},
		{"too large", map[string]any{"small": 300}, nil, "small: want int8, got int 300"},
		{"negative", map[string]any{"count": -1}, nil, "count: want uint, got int -1"},
		{"text for a number", map[string]any{"ratio": "3"}, nil, `ratio: want float64, got string "3"`},
		{"null for a number", map[string]any{"count": nil}, nil, "count: want uint, got null"},
		{"deep in a list", map[string]any{"items": []any{map[string]any{}, map[string]any{"city": 1}}}, nil, "items[1].city: want string, got int 1"},
		{"deep in a map", map[string]any{"byName": map[string]any{"a": 1, "b": "x"}}, nil, `byName["b"]: want int, got string "x"`},
		{"an array of another length", map[string]any{"pair": []any{1}}, nil, "pair: want [2]int, got [1]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := encode(c.in)
			if err != nil {
				t.Fatal(err)
			}
			var got target
			err = decode(v, &got)
			switch {
			case c.err == "" && err != nil:
				t.Error(err)
			case c.err != "" && (!errors.Is(err, ErrType) || err.Error() != c.err):
				t.Errorf("got error %v, want %s", err, c.err)
			case c.want != nil && !reflect.DeepEqual(got, c.want):
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestShapeOfRefuses(t *testing.T) {
	type loop struct {
		Next *loop `json:"next"`
	}
	for _, c := range []struct {
		name string
		of   func() (shape, error)
		want string // in the error; "": accepted
	}{
		{"a struct", shapeOf[sample], ""},
		{"a map", shapeOf[map[string]any], ""},
		{"nothing", shapeOf[None], ""},
		{"a struct that holds itself", shapeOf[loop], ""},
		{"a scalar", shapeOf[int], "int is no struct"},
		{"a time, though it is a struct", shapeOf[time.Time], "time.Time is no struct"},
		{"a map with other keys", shapeOf[map[int]string], "is no struct"},
		{"a channel inside", shapeOf[struct {
			A struct {
				C chan int `json:"c"`
			} `json:"a"`
		}], "a.c: chan int cannot be stored"},
		{"an interface with methods", shapeOf[struct {
			E error `json:"e"`
		}], "e: error is an interface with methods"},
		{"keys that are no data", shapeOf[struct {
			M map[float64]int `json:"m"`
		}], "m: map[float64]int has keys"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.of()
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestAccepts(t *testing.T) {
	for _, c := range []struct {
		typ      reflect.Type
		declared string
		want     bool
	}{
		{reflect.TypeFor[int](), "int", true},
		{reflect.TypeFor[uint8](), "int", true},
		{reflect.TypeFor[int](), "double", false},
		{reflect.TypeFor[float32](), "double", true},
		{reflect.TypeFor[string](), "string", true},
		{reflect.TypeFor[string](), "int", false},
		{reflect.TypeFor[*bool](), "bool", true},
		{reflect.TypeFor[[]byte](), "bytes", true},
		{reflect.TypeFor[[]byte](), "list(int)", true},
		{reflect.TypeFor[[]string](), "list(string)", true},
		{reflect.TypeFor[[]string](), "list(int)", false},
		{reflect.TypeFor[[][]int](), "list(list(int))", true},
		{reflect.TypeFor[map[string]int](), "map(string, int)", true},
		{reflect.TypeFor[map[string]int](), "map(string, list(int))", false},
		{reflect.TypeFor[time.Time](), "timestamp", true},
		{reflect.TypeFor[time.Duration](), "int", false},
		{reflect.TypeFor[place](), "Address", true},
		{reflect.TypeFor[place](), "string", false},
		{reflect.TypeFor[any](), "int", true},
		{reflect.TypeFor[chan int](), "dyn", true},
		{reflect.TypeFor[netip.Addr](), "string", true},
	} {
		if got := accepts(c.typ, c.declared); got != c.want {
			t.Errorf("accepts(%v, %q) = %v", c.typ, c.declared, got)
		}
	}
}
