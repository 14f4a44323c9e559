package expr

import (
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

// maxResult bounds the parts (elements, keys, scalars) of one result: lists that share their parts cost little to
// make and much to store.
const maxResult = 1 << 20

// storable brings what an evaluation gave into the form that a Value has, and with convert set makes it fit n.
func storable(v ref.Val, n *typeNode, convert bool) (ref.Val, error) {
	budget := maxResult
	v, err := store(v, 1, &budget)
	if err != nil {
		return nil, err
	}
	if convert && n != nil {
		converted, failed := converter{}.convert(n, v, "")
		if failed != nil {
			return nil, failed
		}
		v = converted
	}
	return v, nil
}

func store(v ref.Val, depth int, budget *int) (ref.Val, error) {
	if depth > MaxDepth {
		return nil, fmt.Errorf("the result nests deeper than %d levels", MaxDepth)
	}
	if *budget--; *budget < 0 {
		return nil, fmt.Errorf("the result has more than %d parts", maxResult)
	}
	switch v := v.(type) {
	case types.Bool, types.Int, types.Double, types.Null, types.Bytes:
		return v, nil
	case types.String:
		if !utf8.ValidString(string(v)) {
			return nil, fmt.Errorf("the result has a string that is not UTF-8")
		}
		return v, nil
	case types.Duration:
		return v, nil
	case types.Timestamp:
		ts, ok := newTimestamp(v.Time)
		if !ok {
			return nil, errTimestamp
		}
		return ts, nil
	case types.Uint:
		if v > math.MaxInt64 {
			return nil, fmt.Errorf("the result %s is beyond int", describe(v))
		}
		return types.Int(v), nil
	case *types.Err:
		return nil, v
	case *mapping:
		m := &mapping{v.keys, make([]ref.Val, len(v.vals))}
		for i, e := range v.vals {
			stored, err := store(e, depth+1, budget)
			if err != nil {
				return nil, err
			}
			m.vals[i] = stored
		}
		return m, nil
	case traits.Mapper:
		return storeMap(v, depth, budget)
	case traits.Lister:
		return storeList(v, depth, budget)
	}
	return nil, fmt.Errorf("the result is %s, which cannot be stored in a variable", describe(v))
}

func storeMap(v traits.Mapper, depth int, budget *int) (ref.Val, error) {
	var keys, vals []ref.Val
	for it := v.Iterator(); it.HasNext() == types.True; {
		k := it.Next()
		e, err := store(v.Get(k), depth+1, budget)
		if err != nil {
			return nil, err
		}
		keys, vals = append(keys, k), append(vals, e)
	}
	return newMapping(keys, vals)
}

func storeList(v traits.Lister, depth int, budget *int) (ref.Val, error) {
	size, _ := v.Size().(types.Int)
	if int(size) > *budget {
		return nil, fmt.Errorf("the result has more than %d parts", maxResult)
	}
	elems := make([]ref.Val, 0, int(size))
	for it := v.Iterator(); it.HasNext() == types.True; {
		e, err := store(it.Next(), depth+1, budget)
		if err != nil {
			return nil, err
		}
		elems = append(elems, e)
	}
	return newList(elems), nil
}
