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
			copy(dst[:n], sums.value(id))
		} else {
			clear(dst[:n])
		}
		dst = dst[n:]
	}
}

func (s *parameters[T]) gradientSlow(dst []T, sums *sums[T]) {
	for _, in := range s.plan.AccumulateCode {
		convert(s.slow.Value(in.Dst), sums.value(in.Dst))
	}
	s.slow.ThetaGrad(s.theta)
	convert(dst[:len(s.theta)], s.theta)
}

// sums holds the accumulators of one chunk.
type sums[T simd.Float] struct {
	data []T
	at   [][2]int // by value: from, to
}

func newSums[T simd.Float](p *plan.Plan) sums[T] {
	s := sums[T]{at: make([][2]int, len(p.Values))}
	n := 0
	for _, in := range p.AccumulateCode {
		if s.at[in.Dst][1] == 0 {
			s.at[in.Dst] = [2]int{n, n + p.Values[in.Dst].Len()}
			n = s.at[in.Dst][1]
		}
	}
	s.data = make([]T, n)
	return s
}

func (s *sums[T]) value(id plan.ID) []T { return s.data[s.at[id][0]:s.at[id][1]] }

// convert copies numbers of one type to another.
func convert[A, B simd.Float](dst []A, src []B) {
	for i, v := range src {
		dst[i] = A(v)
	}
}
