package cpu

import (
	"neuralode/plan"
	"neuralode/solver/cpu/internal/simd"
)

// parameters holds a plan's shared values for one θ, and its weights packed for the kernels. Workers read it while a
// call runs; only the program writes it, between calls.
type parameters[T simd.Float] struct {
	plan   *plan.Plan
	kern   *simd.Kernels[T]
	values [][]T
	packs  []pack[T]
	slow   *plan.Machine // runs the Shared and Finish sections where a plan has them
	theta  []float64     // scratch for slow
}

// pack is one packed weight: a shared matrix as the kernels want it.
type pack[T simd.Float] struct {
	id    plan.ID
	trans bool
	k, m  int
	data  []T
}

func newParameters[T simd.Float](p *plan.Plan, kern *simd.Kernels[T]) *parameters[T] {
	s := &parameters[T]{plan: p, kern: kern, values: make([][]T, len(p.Values))}
	for i, v := range p.Values {
		if v.Space == plan.Shared {
			s.values[i] = make([]T, v.Len())
			convert(s.values[i], v.Const)
		}
	}
	if len(p.SharedCode)+len(p.FinishCode) > 0 {
		s.slow, s.theta = plan.NewMachine(p), make([]float64, p.ThetaLen())
	}
	return s
}

// packed returns the index of the packed form of weight id, transposed first where trans says so.
func (s *parameters[T]) packed(id plan.ID, trans bool) int {
	for i, q := range s.packs {
		if q.id == id && q.trans == trans {
			return i
		}
	}
	v := s.plan.Values[id]
	k, m := v.Rows, v.Cols
	if trans {
		k, m = m, k
	}
	s.packs = append(s.packs, pack[T]{id, trans, k, m, make([]T, s.kern.PackLen(k, m))})
	i := len(s.packs) - 1
	s.repack(i)
	return i
}

func (s *parameters[T]) repack(i int) {
	q := &s.packs[i]
	s.kern.Pack(q.data, s.values[q.id], q.k, q.m, q.trans)
}

// set takes the plan's part of θ.
func (s *parameters[T]) set(theta []T) {
	if s.slow != nil {
		s.setSlow(theta)
	}
	for _, q := range s.plan.Params {
		theta = theta[copy(s.values[q.Value], theta[:q.Len()]):]
	}
	for i := range s.packs {
		s.repack(i)
	}
}

func (s *parameters[T]) setSlow(theta []T) {
	convert(s.theta, theta[:len(s.theta)])
	s.slow.SetTheta(s.theta)
	for _, in := range s.plan.SharedCode {
		convert(s.values[in.Dst], s.slow.Value(in.Dst))
	}
}

// gradient turns finished sums into ∂L/∂θ, written to dst.
func (s *parameters[T]) gradient(dst []T, sums *sums[T]) {
	if s.slow != nil && len(s.plan.FinishCode) > 0 {
		s.gradientSlow(dst, sums)
		return
	}
	for i, q := range s.plan.Params {
		n := q.Len()
		if id := s.plan.ParamGrads[i]; id != plan.None {
			copySum(dst[:n], sums, id)
		} else {
			clear(dst[:n])
		}
		dst = dst[n:]
	}
}

func (s *parameters[T]) gradientSlow(dst []T, sums *sums[T]) {
	for _, in := range s.plan.AccumulateCode {
		copySum(s.slow.Value(in.Dst), sums, in.Dst)
	}
	s.slow.ThetaGrad(s.theta)
	convert(dst[:len(s.theta)], s.theta)
}

// sums holds the accumulators of one leaf.
type sums[T simd.Float] struct {
	data []T
	at   []sum // by value
}

// sum is the place of one accumulator. A tall one is kept transposed, so that the kernels' vectors run along its long
// side.
type sum struct {
	from, to   int
	rows, cols int
	transposed bool
}

func newSums[T simd.Float](p *plan.Plan) sums[T] {
	s := sums[T]{at: make([]sum, len(p.Values))}
	n := 0
	for _, in := range p.AccumulateCode {
		if v := p.Values[in.Dst]; s.at[in.Dst].to == 0 {
			s.at[in.Dst] = sum{n, n + v.Len(), v.Rows, v.Cols, tall(v.Rows, v.Cols)}
			n += v.Len()
		}
	}
	s.data = make([]T, n)
	return s
}

// tall reports whether a matrix has so few columns that most of a vector would be idle.
func tall(rows, cols int) bool { return cols < 16 && rows > cols }

// value is an accumulator as it is kept.
func (s *sums[T]) value(id plan.ID) []T { return s.data[s.at[id].from:s.at[id].to] }

// copySum writes an accumulator row-major.
func copySum[A, T simd.Float](dst []A, s *sums[T], id plan.ID) {
	at, x := s.at[id], s.value(id)
	if !at.transposed {
		convert(dst, x)
		return
	}
	for c := range at.cols {
		for r := range at.rows {
			dst[r*at.cols+c] = A(x[c*at.rows+r])
		}
	}
}

// convert copies numbers of one type to another.
func convert[A, B simd.Float](dst []A, src []B) {
	if same, ok := any(dst).([]B); ok {
		copy(same, src)
		return
	}
	for i, v := range src {
		dst[i] = A(v)
	}
}
