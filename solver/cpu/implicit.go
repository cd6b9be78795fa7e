package cpu

import (
	"math"

	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
	"neuralode/solver/internal/lu"
)

// implicit takes the steps of a tile's rows by a Rosenbrock method: those of all rows or, where each row chooses, of
// some, beside the explicit steps of the others.
type implicit[T simd.Float] struct {
	tile   *tile[T]
	m      *rosenbrock[T]
	timed  bool      // the derivative of the state depends on t
	frames frames[T] // of Jacobians and quadratures: the states of slots, the cotangents of rows
	rows   rows[T]

	jac   []T // [capacity, width, width], of the derivative of the state where the row's step begins
	ft    []T // [capacity, width], its derivative for t there
	size  []float64
	lu    []T // [capacity, width, width]
	pivot []int32
	norm  []float64 // of the error of the row's step
	knows []bool    // by slot: jac, ft and size are those of its state
	clean []bool    // by slot: the vectors that explicit steps leave out are zeros
	kind  [2][]int  // slots of explicit steps, and of others
	stale []int
	times [3][]float64 // of the slots, for ft
}

func newImplicit[T simd.Float](tl *tile[T]) *implicit[T] {
	n, w := tl.capacity, tl.width
	im := &implicit[T]{tile: tl, m: tl.m.stiff, frames: newFrames(tl.exec, n, [2]int{1, 1}),
		jac: make([]T, n*w*w), ft: make([]T, n*w), size: make([]float64, n), lu: make([]T, n*w*w),
		pivot: make([]int32, n*w), norm: make([]float64, n), knows: make([]bool, n), clean: make([]bool, n),
		stale: make([]int, 0, n)}
	im.timed = tl.form == adjointAlone || tl.exec.plan.Reads(tl.exec.plan.Input("t"))
	im.rows = rows[T]{off: [2][]int{make([]int, 0, n), make([]int, 0, n)}, zero: make([]int, n)}
	for i := range im.kind {
		im.kind[i] = make([]int, 0, n)
	}
	for i := range im.times {
		im.times[i] = make([]float64, n)
	}
	return im
}

// enter begins with a slot's sample, or with another part of its span.
func (im *implicit[T]) enter(slot int) { im.knows[slot], im.clean[slot] = false, false }

// moved says that the slot's state has changed.
func (im *implicit[T]) moved(slot int) { im.knows[slot] = false }

// isStiff reports whether the slot's step is by the method for stiff fields.
func (tl *tile[T]) isStiff(slot int) bool {
	return tl.implicit != nil && (tl.m.tab == nil || tl.row[slot].Stiff)
}

// kinds parts the slots: those of explicit steps, and the others.
func (tl *tile[T]) kinds(slots []int) [2][]int {
	switch {
	case tl.implicit == nil:
		return [2][]int{slots, nil}
	case tl.m.tab == nil:
		return [2][]int{nil, slots}
	}
	kind := &tl.implicit.kind
	kind[0], kind[1] = kind[0][:0], kind[1][:0]
	for _, s := range slots {
		k := 0
		if tl.isStiff(s) {
			k = 1
		}
		kind[k] = append(kind[k], s)
	}
	return *kind
}

// denseOf are the weights in the dense output of the slot's step, as method.dense.
func (tl *tile[T]) denseOf(slot int) [][]T {
	if tl.isStiff(slot) {
		return tl.m.stiff.dense
	}
	return tl.m.dense
}

// polynomialsOf are the same, by vector.
func (tl *tile[T]) polynomialsOf(slot int) [][]float64 {
	if tl.isStiff(slot) {
		return tl.m.stiff.poly
	}
	return tl.m.tab.Dense
}

// step tries a step of every active row and returns the sums of squares of their errors.
func (im *implicit[T]) step() []float64 {
	tl := im.tile
	kinds := tl.kinds(tl.active)
	if slots := kinds[0]; len(slots) > 0 {
		im.clear(slots)
		tl.stages(slots)
		im.keep(slots, tl.errorNorms(slots, tl.m.e))
	}
	if slots := kinds[1]; len(slots) > 0 {
		im.linearize(slots)
		im.factor(slots)
		im.stages(slots)
		im.keep(slots, tl.errorNorms(slots, im.m.error))
	}
	norms := tl.list.norm[0][:len(tl.active)]
	for i, s := range tl.active {
		norms[i] = im.norm[s]
	}
	return norms
}

func (im *implicit[T]) keep(slots []int, norms []float64) {
	for i, s := range slots {
		im.norm[s] = norms[i]
	}
}

// clear makes zeros of what explicit steps leave out, which have no weight but may not be numbers.
func (im *implicit[T]) clear(slots []int) {
	tl := im.tile
	for _, s := range slots {
		if !im.clean[s] {
			clear(tl.k[(s*tl.m.stages+1)*tl.width : (s+1)*tl.m.stages*tl.width])
			im.clean[s] = true
		}
	}
}

// stages solves for the vectors of a step.
func (im *implicit[T]) stages(slots []int) {
	tl, m := im.tile, im.m
	tl.prepare(slots)
	for i := range m.Stages() {
		from := 0 // the vector in which the field's value is
		switch {
		case i == m.Stages()-1 && m.ends:
			from = m.last
			tl.evaluate(from, slots, m.a[i], m.C[i])
		case i > 0:
			from = i + 1
			tl.evaluate(from, slots, m.a[i], m.C[i])
		}
		for _, s := range slots {
			im.solve(s, i, from)
		}
	}
	if !m.ends {
		tl.evaluate(m.last, slots, m.b, 1)
	}
	for _, s := range slots {
		im.clean[s] = false
	}
}

// solve makes vector i + 1 of the slot, stage i, of the field's value.
func (im *implicit[T]) solve(slot, i, from int) {
	tl, m, w := im.tile, im.m, im.tile.width
	k := tl.k[slot*tl.m.stages*w:][:tl.m.stages*w]
	v := row(k, i+1, w)
	copy(v, row(k, from, w))
	if d := T(tl.row[slot].Step * m.D[i]); d != 0 {
		addTimes(v, d, row(im.ft, slot, w))
	}
	for j, g := range m.g[i] {
		addTimes(v, g, row(k, j+1, w))
	}
	for c := range v {
		v[c] *= T(m.Gamma)
	}
	lu.Solve(row(im.lu, slot, w*w), row(im.pivot, slot, w), v)
}

func addTimes[T simd.Float](dst []T, w T, x []T) {
	for c, v := range x {
		dst[c] += w * v
	}
}

// factor makes the factors of I − hγJ.
func (im *implicit[T]) factor(slots []int) {
	w := im.tile.width
	for _, s := range slots {
		x := T(-im.tile.row[s].Step * im.m.Gamma)
		m := row(im.lu, s, w*w)
		for i, v := range row(im.jac, s, w*w) {
			m[i] = x * v
		}
		for c := 0; c < len(m); c += w + 1 {
			m[c]++
		}
		lu.Factor(m, row(im.pivot, s, w))
	}
}

// linearize finds the derivatives of the state's slope where the slots' steps begin, of those that do not know them.
func (im *implicit[T]) linearize(slots []int) {
	im.stale = im.stale[:0]
	for _, s := range slots {
		if !im.knows[s] {
			im.stale = append(im.stale, s)
			im.knows[s] = true
		}
	}
	if len(im.stale) == 0 {
		return
	}
	im.jacobians(im.stale)
	if im.timed || im.tile.signals.courses != nil {
		im.slopesInTime(im.stale)
	}
}

// jacobians evaluates the field at the slots' states, and its products with the unit cotangents, as many rows at once as
// there is room for: each is a row of the Jacobian.
func (im *implicit[T]) jacobians(slots []int) {
	tl := im.tile
	im.evaluate(slots, nil, 0)
	for _, s := range slots {
		clear(row(im.jac, s, tl.width*tl.width))
	}
	atOnce := max(1, tl.capacity/len(slots))
	for from := 0; from < tl.dim && tl.ports.moving; from += atOnce {
		im.products(slots, from, min(tl.dim, from+atOnce))
	}
	for _, s := range slots {
		im.size[s] = largestRow(row(im.jac, s, tl.width*tl.width), tl.width)
		tl.row[s].Stats.Jacobians++
	}
}

// products takes the cotangents of components from up to to through the field of each slot.
func (im *implicit[T]) products(slots []int, from, to int) {
	tl, r := im.tile, &im.rows
	r.mem = im.frames.mem
	for m := range r.off {
		r.off[m] = r.off[m][:0]
	}
	for range to - from {
		for _, s := range slots {
			r.off[local] = append(r.off[local], len(r.off[local])*im.frames.size[local])
			r.off[store] = append(r.off[store], im.frames.first[store][s])
		}
	}
	bar, off := tl.exec.at(r, tl.exec.layout.at[tl.exec.plan.Cotangents[0].Value])
	for k := range off {
		unit := bar[off[k] : off[k]+tl.dim]
		clear(unit)
		unit[from+k/len(slots)] = 1
	}
	tl.exec.run(tl.exec.backward, r)
	dz, off := tl.exec.at(r, tl.ports.dz)
	for k := range off {
		im.put(slots[k%len(slots)], from+k/len(slots), dz[off[k]:off[k]+tl.dim])
	}
}

// put takes a row of ∂f/∂z into the slot's Jacobian: that of the adjoint is −(∂f/∂z)ᵀ.
func (im *implicit[T]) put(slot, component int, dz []T) {
	w := im.tile.width
	j := row(im.jac, slot, w*w)
	if im.tile.form != adjointAlone {
		copy(row(j, component, w), dz)
		return
	}
	for c, v := range dz {
		j[c*w+component] = -v
	}
}

// largestRow is the largest sum of magnitudes in a row of a matrix.
func largestRow[T simd.Float](a []T, w int) float64 {
	largest := 0.0
	for ; len(a) > 0; a = a[w:] {
		sum := 0.0
		for _, v := range a[:w] {
			sum += math.Abs(float64(v))
		}
		largest = max(largest, sum)
	}
	return largest
}

// evaluate runs the field at fraction c of the slots' steps, in the frames for it: at the states there, or those with
// vectors added with weights; of the adjoint at the forward solve's.
func (im *implicit[T]) evaluate(slots []int, coef []T, c float64) *rows[T] {
	tl := im.tile
	r := im.frames.list(0, slots)
	tl.prepare(slots)
	for _, p := range tl.parts {
		dst, off := tl.exec.at(r, p.arg)
		tl.exec.kern.Combine(dst, off, tl.z[p.at:], tl.list.z, tl.list.h, tl.k[p.at:], tl.list.k, tl.width, coef, p.size)
	}
	tl.setField(r, slots, c)
	tl.exec.run(tl.exec.forward, r)
	return r
}

// slopesInTime takes the derivative for t from the slopes at three times in the step (see [solver.TimeWeights]), in the
// place of the last vector, which is not needed yet.
func (im *implicit[T]) slopesInTime(slots []int) {
	tl := im.tile
	for i, c := range [3]float64{0, im.m.delta, 2 * im.m.delta} {
		for k, s := range slots {
			im.times[i][k] = tl.row[s].At(c)
			if tl.along == nil && tl.signals.courses == nil { // the field alone sees the time, and rounds it
				im.times[i][k] = float64(T(im.times[i][k]))
			}
		}
	}
	for i := range 3 {
		vector := 0
		if i > 0 {
			vector = im.m.last
			tl.prepare(slots)
			tl.evaluate(vector, slots, nil, float64(i)*im.m.delta)
		}
		for k, s := range slots {
			w := solver.TimeWeights([3]float64{im.times[0][k], im.times[1][k], im.times[2][k]})
			ft := row(im.ft, s, tl.width)
			if i == 0 {
				clear(ft)
			}
			addTimes(ft, T(w[i]), row(tl.k, s*tl.m.stages+vector, tl.width))
		}
	}
}

// weigh tells the rows that ask what holds their steps: of an explicit one the estimate of its last stages, of the other
// kind the size of the Jacobian. Under one step for all they are told what holds it for all together.
func (tl *tile[T]) weigh() {
	var all [2]float64
	largest := 0.0
	for _, s := range tl.asking {
		d := tl.changes(s)
		all[0], all[1] = all[0]+d[0], all[1]+d[1]
		if tl.isStiff(s) {
			largest = max(largest, tl.implicit.size[s])
		}
	}
	for _, s := range tl.asking {
		d, size := all, largest
		if !tl.whole {
			d = tl.changes(s)
			if tl.isStiff(s) {
				size = tl.implicit.size[s]
			}
		}
		lambda := math.Sqrt(d[0] / d[1])
		if tl.isStiff(s) {
			lambda = size
		}
		tl.row[s].Weigh(&tl.m.spec, tl.m.stability.Bound, lambda)
	}
}

// changes are the sums of squares, scaled as errors are, of how much the slope and the argument change from one of an
// explicit step's stages to its result.
func (tl *tile[T]) changes(slot int) (sums [2]float64) {
	if tl.isStiff(slot) {
		return sums
	}
	st, w := &tl.m.stability, tl.width
	k := tl.k[slot*tl.m.stages*w:][:tl.m.stages*w]
	last, before := row(k, tl.m.stages-1, w), row(k, st.Stage, w)
	for _, p := range tl.parts {
		z1 := tl.result(slot, p)
		for i, v := range z1 {
			c := p.at + i
			slope, state := float64(last[c]-before[c]), 0.0
			for j, x := range st.Weights {
				if x != 0 {
					state += x * float64(k[j*w+c])
				}
			}
			if scale := tl.scale(slot, c, v); scale > 0 {
				slope, state = slope/scale, state*tl.row[slot].Step/scale
				sums[0], sums[1] = sums[0]+slope*slope, sums[1]+state*state
			}
		}
	}
	return sums
}

// scale is what the error of component c of the slot's step is measured by, which takes it to z1.
func (tl *tile[T]) scale(slot, c int, z1 T) float64 {
	largest := max(abs(tl.z[slot*tl.width+c]), abs(z1))
	if tl.form == adjointAlone {
		largest = max(largestOf(row(tl.z, slot, tl.width)), largestOf(tl.result(slot, tl.parts[0])))
	}
	t := tl.tolerance(c)
	return float64(t.atol + t.rtol*largest)
}
