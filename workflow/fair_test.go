package workflow

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/keys"
)

// Against one plain queue for each tenant: nothing is lost, each tenant's items stay in order, and while others wait no
// tenant gets more than its turn.
func TestLanes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l lanes[int]
		plain := make(map[keys.Tenant][]int)
		streak, last := 0, keys.Tenant(0)
		of := make(map[int]keys.Tenant)
		for i := range rapid.IntRange(1, 300).Draw(t, "operations") {
			if rapid.IntRange(0, 2).Draw(t, "op") > 0 {
				tenant := keys.Tenant(rapid.IntRange(1, 4).Draw(t, "tenant"))
				l.push(tenant, i)
				plain[tenant] = append(plain[tenant], i)
				of[i] = tenant
				continue
			}
			if rapid.IntRange(0, 3).Draw(t, "drop") == 0 { // anywhere in the queue
				tenant := keys.Tenant(rapid.IntRange(1, 4).Draw(t, "tenant"))
				if n := len(plain[tenant]); n > 0 {
					at := rapid.IntRange(0, n-1).Draw(t, "at")
					item := plain[tenant][at]
					plain[tenant] = slices.Delete(plain[tenant], at, at+1)
					if !l.drop(tenant, func(other int) bool { return other == item }) {
						t.Fatalf("%d of tenant %d is not there", item, tenant)
					}
				}
				if l.drop(tenant, func(other int) bool { return other == -1 }) {
					t.Fatal("what is not there was dropped")
				}
				continue
			}
			barred := keys.Tenant(rapid.IntRange(0, 4).Draw(t, "barred")) // 0: nobody
			item, ok := l.popIf(func(t keys.Tenant) bool { return t != barred })
			if ok && of[item] == barred {
				t.Fatalf("%d of tenant %d came, which may not", item, barred)
			}
			if !ok && l.n == l.length(barred) {
				continue
			}
			if !ok {
				for tenant, items := range plain {
					if len(items) > 0 {
						t.Fatalf("nothing comes, but tenant %d has %v", tenant, items)
					}
				}
				continue
			}
			tenant := of[item]
			if plain[tenant][0] != item {
				t.Fatalf("tenant %d got %d, want %d", tenant, item, plain[tenant][0])
			}
			plain[tenant] = plain[tenant][1:]
			others := l.n - len(plain[tenant])
			if tenant != last || others == 0 || barred != 0 {
				streak = 0
			}
			if last = tenant; others > 0 {
				streak++
			}
			if streak > 2*laneTurn {
				t.Fatalf("tenant %d got %d in a row while others waited", tenant, streak)
			}
		}
		n := 0
		for tenant, items := range plain {
			n += len(items)
			if l.length(tenant) != len(items) {
				t.Fatalf("tenant %d is thought to have %d, it has %d", tenant, l.length(tenant), len(items))
			}
		}
		if l.n != n {
			t.Fatalf("%d are thought to wait, %d do", l.n, n)
		}
	})
}
