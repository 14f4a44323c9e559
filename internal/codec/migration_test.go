package codec

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestMigrationRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mv := randomMove(t)
		m := Migration{
			Process: small.Draw(t, "process"), To: mv.To, From: plain(rapid.SliceOfN(small, 0, 4).Draw(t, "from versions")),
			Criteria: mv.Criteria, Timers: mv.Timers, Rename: mv.Rename,
			Only: plain(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "only")), Actor: words.Draw(t, "actor"),
			Began: rapid.Int64Range(0, 2e12).Draw(t, "began"), Cursor: instance,
			Total: numbers.Draw(t, "total"), Moved: numbers.Draw(t, "moved"), Later: numbers.Draw(t, "later"),
			Unwind: numbers.Draw(t, "unwind"), Never: numbers.Draw(t, "never"), Failed: numbers.Draw(t, "failed"),
		}
		if rapid.Bool().Draw(t, "done") {
			m.Done = m.Began + rapid.Int64Range(1, 1e12).Draw(t, "took")
		}
		got, err := DecodeMigration(AppendMigration(nil, &m))
		if err != nil {
			t.Fatal(err)
		}
		got.Only = plain(slices.Clone(got.Only))
		if !reflect.DeepEqual(got, m) {
			t.Fatalf("got %+v, want %+v", got, m)
		}
	})
}
