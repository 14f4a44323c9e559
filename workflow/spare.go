package workflow

import "slices"

// spares is memory of instances that are not in the cache any more, for the next ones on the same layout.
type spares struct {
	limit int // bytes
	size  int
	byLay map[*layout][]*instance
	order []*layout // those of byLay, in the order in which they came
}

// Bounds on what is kept: instances of one layout, bytes of one instance, and a fraction of the cache for all.
const (
	maxSpare      = 256
	maxSpareBytes = 4 << 10
	spareFraction = 8
)

func (p *spares) init(cacheBytes int64) {
	p.limit, p.byLay = int(cacheBytes/spareFraction), make(map[*layout][]*instance)
}

// take returns an instance, or nil.
func (p *spares) take(lay *layout) *instance {
	list := p.byLay[lay]
	if len(list) == 0 {
		return nil
	}
	in := list[len(list)-1]
	list[len(list)-1] = nil
	p.byLay[lay] = list[:len(list)-1]
	p.size -= in.size
	return in
}

// put keeps an instance, or not. When there is no room, the layout that came first gives its own.
func (p *spares) put(in *instance) {
	list, known := p.byLay[in.lay]
	in.size = in.weight()
	if len(list) >= maxSpare || in.size > maxSpareBytes {
		return
	}
	for p.size+in.size > p.limit && len(p.order) > 0 && p.order[0] != in.lay {
		p.forget(p.order[0])
	}
	if p.size+in.size > p.limit {
		return
	}
	if !known {
		p.order = append(p.order, in.lay)
	}
	p.byLay[in.lay] = append(list, in)
	p.size += in.size
}

// forget drops what is kept for a layout.
func (p *spares) forget(lay *layout) {
	for _, in := range p.byLay[lay] {
		p.size -= in.size
	}
	delete(p.byLay, lay)
	i := slices.Index(p.order, lay)
	p.order = slices.Delete(p.order, i, i+1)
}
