package workflow

import (
	"context"
	"fmt"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
)

// Value implements kernel.Values: the value that event version wrote to slot. A small one stands in its event, in the
// tail or in one history record, which is found by one seek however long the history is; a large one has a record of
// its own.
func (in *instance) Value(slot int, version uint64) (expr.Value, error) {
	for i := range in.large { // of the turn that is being built
		if l := &in.large[i]; int(l.slot) == slot && l.event == version {
			return l.value, nil
		}
	}
	v, place, err := in.head.Tail.Value(slot, version)
	if err == nil && place == codec.Nowhere {
		v, place, err = in.earlier(slot, version)
	}
	if err == nil && place == codec.OwnRecord {
		v, place, err = in.ownRecord(slot, version)
	}
	if err == nil && place == codec.Nowhere {
		err = fmt.Errorf("%w: no event %d that wrote it", ErrCorrupt, version)
	}
	if err != nil {
		return expr.Value{}, fmt.Errorf("instance %s, variable %s: %w", in.id, in.v.prog.Vars[slot].Name, err)
	}
	return v, nil
}

// earlier reads a value from the history record that holds event version.
func (in *instance) earlier(slot int, version uint64) (expr.Value, codec.Place, error) {
	lo, hi := keys.HistoryUpTo(in.tenant, in.id, version)
	for entry, err := range in.e.store.ScanBack(context.Background(), lo, hi) {
		if err != nil {
			return expr.Value{}, codec.Nowhere, err
		}
		_, first, ok := keys.ParseHistory(entry.Key)
		if !ok {
			return expr.Value{}, codec.Nowhere, fmt.Errorf("%w: key %x is no history", ErrCorrupt, entry.Key)
		}
		var chunk codec.Tail
		if err := codec.DecodeChunk(entry.Value, first, &chunk); err != nil {
			return expr.Value{}, codec.Nowhere, fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		return chunk.Value(slot, version)
	}
	return expr.Value{}, codec.Nowhere, nil
}

func (in *instance) ownRecord(slot int, version uint64) (expr.Value, codec.Place, error) {
	b, err := in.e.store.Get(context.Background(), keys.AppendValue(nil, in.tenant, in.id, uint32(slot), version))
	if err != nil {
		return expr.Value{}, codec.Nowhere, err
	}
	v, err := codec.DecodeLarge(b)
	if err != nil {
		return expr.Value{}, codec.Nowhere, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return v, codec.Here, nil
}

var _ kernel.Values = (*instance)(nil)
