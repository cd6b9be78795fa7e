package cpu

import (
	"neuralode/plan"
	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// moment is a plan of a jump, a condition or a reset, compiled: see [solver.Map]. Workers share it.
type moment[T simd.Float] struct {
	*executor[T] // nil for none
	at           []solver.Range
	theta        []T
	out          operand
}

// newMoments compiles those of a model.
func newMoments[T simd.Float](m solver.Model, kern *simd.Kernels[T]) []moment[T] {
	var all []moment[T]
	for _, q := range m.Maps() {
		var one moment[T]
		if q.Plan != nil {
			one = moment[T]{executor: newExecutor(q.Plan, kern), at: q.At, theta: make([]T, q.Plan.ThetaLen())}
			one.out = one.layout.at[q.Plan.Outputs[0].Value]
		}
		all = append(all, one)
	}
	return all
}

// setTheta takes the plan's parameters out of θ.
func (m *moment[T]) setTheta(theta []T) {
	if m.executor == nil {
		return
	}
	own := m.theta
	for _, r := range m.at {
		own = own[copy(own, theta[r.From:r.To]):]
	}
	m.params.set(m.theta)
}

// addGradient adds what sums are to ∂L/∂θ.
func (m *moment[T]) addGradient(theta []T, s *sums[T]) {
	if m.executor == nil {
		return
	}
	m.params.gradient(m.theta, s)
	own := m.theta
	for _, r := range m.at {
		addRow(theta[r.From:r.To], own[:r.To-r.From])
		own = own[r.To-r.From:]
	}
}

// seat is the memory in which one worker evaluates a moment: for some rows at once, and for one.
type seat[T simd.Float] struct {
	*moment[T]
	many, one frames[T]
	weight    []T // [1], scratch
}

func newSeats[T simd.Float](moments []moment[T], capacity int) []seat[T] {
	seats := make([]seat[T], len(moments))
	for k := range moments {
		if seats[k].moment = &moments[k]; moments[k].executor != nil {
			seats[k].many = newFrames(moments[k].executor, capacity, [2]int{1, 1})
			seats[k].one, seats[k].weight = newFrames(moments[k].executor, 1, [2]int{1, 1}), make([]T, 1)
		}
	}
	return seats
}

// instant is what a moment reads.
type instant[T simd.Float] struct {
	t         float64
	z, inputs []T
	signals   *signals // behind the inputs, of the only slot; nil for none
	amount    []T
}

// oneRow is the only row of seats for one.
var oneRow = []int{0}

// set gives a row of a list what it reads.
func (e *executor[T]) set(list *rows[T], row int, x instant[T]) {
	for _, in := range e.plan.Inputs {
		dst, off := e.at(list, e.layout.at[in.Value])
		to := dst[off[row]:]
		switch in.Name {
		case "t":
			to[0] = T(x.t)
		case "z":
			copy(to, x.z)
		case "inputs":
			copy(to, x.inputs)
			if x.signals != nil {
				readSignals(x.signals, 0, x.t, to[len(x.inputs):])
			}
		case "amount":
			copy(to, x.amount)
		}
	}
}

// evaluate is the output at a moment; it is valid until the next call.
func (s *seat[T]) evaluate(x instant[T]) []T {
	list := s.one.list(0, oneRow)
	s.set(list, 0, x)
	s.run(s.forward, list)
	return s.value(s.out)
}

// back takes a cotangent of the output of the last evaluate back; the gradients are those of bar.
func (s *seat[T]) back(cotangent []T) {
	list := s.one.list(0, oneRow)
	dst, off := s.executor.at(list, s.layout.at[s.plan.Cotangents[0].Value])
	copy(dst[off[0]:], cotangent)
	s.run(s.backward, list)
}

// value is one of the plan in the seat for one.
func (s *seat[T]) value(o operand) []T {
	src, off := s.executor.at(&s.one.rows, o)
	return src[off[0] : off[0]+o.width]
}

// bar is the gradient of the last back for an input; nil where it is zero.
func (s *seat[T]) bar(input string) []T {
	if id := s.plan.InputGrad(input); id != plan.None {
		return s.value(s.layout.at[id])
	}
	return nil
}

// timeBar is the derivative of the last back for the time of what was read, that of signals included, which change in
// time.
func (s *seat[T]) timeBar(x instant[T]) float64 {
	sum := 0.0
	if bar := s.bar("t"); bar != nil {
		sum = float64(bar[0])
	}
	if bar := s.bar("inputs"); bar != nil && x.signals != nil {
		u := x.signals
		u.courses.Slope(u.recording[0], x.t, u.nearOf(0), u.u)
		for k, v := range u.u {
			sum += float64(bar[len(x.inputs)+k]) * v
		}
	}
	return sum
}

// sum adds the last back to ∂L/∂θ, with a weight.
func (s *seat[T]) sum(to *sums[T], weight T) {
	s.weight[0] = weight
	s.scale(&s.one.rows, s.weight)
	s.accumulate(to, &s.one.rows)
}
