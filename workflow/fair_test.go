package workflow

import (
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
			item, ok := l.pop()
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
			if tenant != last || others == 0 {
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
		for _, items := range plain {
			n += len(items)
		}
		if l.n != n {
			t.Fatalf("%d are thought to wait, %d do", l.n, n)
		}
	})
}
