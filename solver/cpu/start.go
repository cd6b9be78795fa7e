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
		tl.firstSlopes()
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
		tl.row[s].FirstSlope(&tl.m.spec, solver.Measure{})
		tl.finish(s)
	}
}

// firstSlopes gives the fresh rows their first step; those that ask for one probe the field.
func (tl *tile[T]) firstSlopes() {
	asking := tl.fresh[:0]
	for _, s := range tl.fresh {
		if r := &tl.row[s]; r.NeedsNorms(&tl.m.spec) {
			asking = append(asking, s)
		} else {
			r.FirstSlope(&tl.m.spec, solver.Measure{Finite: true})
		}
	}
	if tl.fresh = asking; len(asking) == 0 {
		return
	}
	first, second := tl.list.norm[0][:len(asking)], tl.list.norm[1][:len(asking)]
	tl.prepare(asking)
	tl.norm(first, tl.z, tl.list.z)
	tl.norm(second, tl.k, tl.list.k)
	for i, s := range asking {
		tl.row[s].FirstSlope(&tl.m.spec, solver.Measure{Finite: true, First: first[i], Second: second[i]})
	}
	tl.probe()
	tl.norm(first, tl.diff, tl.list.z)
	for i, s := range asking {
		tl.row[s].Probe(&tl.m.spec, solver.Measure{First: first[i]})
	}
}

// norm is the root mean square of x, scaled by the tolerances at the state: of each fresh row, or of all together under
// one step for all.
func (tl *tile[T]) norm(out []float64, x []T, off []int) {
	if len(tl.m.each) > 0 {
		tl.eachNorm(out, x, off)
	} else {
		simd.Norm(out, x, off, tl.z, tl.list.z, tl.m.atol, tl.m.rtol, tl.width)
	}
	tl.share(out)
	for i, v := range out {
		out[i] = math.Sqrt(v / float64(tl.width))
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
