package cpu

import (
	"math"

	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// start evaluates the fresh rows' first slope and finds their first step. A row that is not finite fails, and its place
// is filled, until all fresh rows have started.
func (tl *tile[T]) start() {
	for len(tl.fresh) > 0 {
		tl.prepare(tl.fresh)
		tl.evaluate(0, tl.fresh, nil, 0)
		tl.dropNonFinite()
		tl.firstSteps()
		tl.fresh = tl.fresh[:0]
		tl.fill()
	}
}

// dropNonFinite fails the fresh rows that cannot start; under one step for all, one such row fails every row.
func (tl *tile[T]) dropNonFinite() {
	good, bad := tl.fresh[:0], tl.moved[:0]
	for _, s := range tl.fresh {
		k := s * tl.m.stages * tl.width
		if finite(tl.z[s*tl.width:(s+1)*tl.width]) && finite(tl.k[k:k+tl.width]) {
			good = append(good, s)
		} else {
			bad = append(bad, s)
		}
	}
	if tl.whole && len(bad) > 0 {
		good, bad = good[:0], append(bad[:0], tl.active...)
	}
	tl.fresh = good
	for _, s := range bad {
		tl.row[s].status = solver.NonFinite
		tl.finish(s)
	}
}

// firstSteps sets the size of the first step of the fresh rows that have none yet: given, or Hairer's (see
// solver.StartStep).
func (tl *tile[T]) firstSteps() {
	without := tl.fresh[:0]
	for _, s := range tl.fresh {
		if tl.row[s].h == 0 {
			without = append(without, s)
		}
	}
	tl.fresh = without
	if len(tl.fresh) == 0 {
		return
	}
	if h := tl.m.con.FirstStep; h > 0 {
		for _, s := range tl.fresh {
			tl.row[s].h = math.Copysign(h, tl.row[s].direction())
		}
		return
	}
	d0, d1 := tl.list.norm[0][:len(tl.fresh)], tl.list.norm[1][:len(tl.fresh)]
	tl.prepare(tl.fresh)
	z, k := tl.list.z, tl.list.k
	simd.Norm(d0, tl.z, z, tl.z, z, tl.m.atol, tl.m.rtol, tl.width)
	simd.Norm(d1, tl.k, k, tl.z, z, tl.m.atol, tl.m.rtol, tl.width)
	tl.root(d0)
	tl.root(d1)
	for i, s := range tl.fresh {
		r := &tl.row[s]
		r.step = math.Copysign(solver.StartProbe(d0[i], d1[i], r.span), r.direction())
	}
	tl.probe()
	d2 := d0
	simd.Norm(d2, tl.diff, z, tl.z, z, tl.m.atol, tl.m.rtol, tl.width)
	tl.root(d2)
	for i, s := range tl.fresh {
		r := &tl.row[s]
		r.h = math.Copysign(solver.StartStep(math.Abs(r.step), d1[i], d2[i], tl.m.tab.Order), r.direction())
	}
}

// probe takes an Euler step of the rows' step size and leaves how much the slope changed in diff.
func (tl *tile[T]) probe() {
	tl.prepare(tl.fresh)
	tl.evaluate(1, tl.fresh, tl.m.one, 1)
	for _, s := range tl.fresh {
		k := tl.k[s*tl.m.stages*tl.width:]
		for c := range tl.width {
			tl.diff[s*tl.width+c] = k[tl.width+c] - k[c]
		}
	}
}

// root turns sums of squares into root mean squares: of each row, or of all together under one step for all.
func (tl *tile[T]) root(norms []float64) {
	tl.share(norms)
	for i, v := range norms {
		norms[i] = math.Sqrt(v / float64(tl.width))
	}
}

// share gives every row the mean of all under one step for all.
func (tl *tile[T]) share(norms []float64) {
	if !tl.whole {
		return
	}
	total := 0.0
	for _, v := range norms {
		total += v
	}
	for i := range norms {
		norms[i] = total / float64(len(norms))
	}
}

func (r *rowState) direction() float64 { return r.span.T1 - r.span.T0 }
