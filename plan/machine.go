package plan

import "math"

// Machine interprets a plan in float64, one instruction after another and without regard to speed: it is the meaning
// of a plan, against which backends are tested. A Machine is not for concurrent use.
type Machine struct {
	plan   *Plan
	n      int // samples of the last Forward
	values []matrix
}

type matrix struct {
	rows, cols int
	data       []float64
}

// NewMachine returns a machine for a plan that passes [Plan.Check].
func NewMachine(p *Plan) *Machine {
	m := &Machine{plan: p, values: make([]matrix, len(p.Values))}
	for i, v := range p.Values {
		if v.Space != Row {
			m.values[i] = newMatrix(v.Rows, v.Cols)
		}
		copy(m.values[i].data, v.Const)
	}
	return m
}

func newMatrix(rows, cols int) matrix { return matrix{rows, cols, make([]float64, rows*cols)} }

// SetTheta takes the parameters, runs the Shared section and zeroes the accumulators. theta has Plan.ThetaLen numbers.
func (m *Machine) SetTheta(theta []float64) {
	for _, q := range m.plan.Params {
		theta = theta[copy(m.values[q.Value].data, theta[:q.Len()]):]
	}
	m.run(m.plan.SharedCode)
	m.ZeroSums()
}

// ZeroSums zeroes the accumulators.
func (m *Machine) ZeroSums() {
	for i, v := range m.plan.Values {
		if v.Space == Sum {
			clear(m.values[i].data)
		}
	}
}

// Forward runs the Forward section for n samples. Each input is [n, width], row-major; inputs the plan does not have
// are ignored.
func (m *Machine) Forward(n int, inputs map[string][]float64) {
	m.n = n
	for i, v := range m.plan.Values {
		if v.Space == Row {
			m.values[i] = newMatrix(n, v.Cols)
		}
	}
	m.enter(m.plan.Inputs, inputs)
	m.run(m.plan.ForwardCode)
}

// VJP runs the Backward section for the samples of the last Forward, and adds their sums to the accumulators.
func (m *Machine) VJP(cotangents map[string][]float64) {
	m.enter(m.plan.Cotangents, cotangents)
	m.run(m.plan.BackwardCode)
	for _, in := range m.plan.AccumulateCode {
		sum := m.values[in.Dst].data
		for i, x := range m.eval(in).data {
			sum[i] += x
		}
	}
}

func (m *Machine) enter(ports []Port, given map[string][]float64) {
	for _, p := range ports {
		copy(m.values[p.Value].data, given[p.Name])
	}
}

// Output is the named output of the last Forward, [n, width]; valid until the next Forward. It panics for an output
// that the plan does not have.
func (m *Machine) Output(name string) []float64 { return m.values[m.plan.Output(name)].data }

// InputGrad is the gradient for the named input after VJP, [n, width], or nil when it is zero everywhere.
func (m *Machine) InputGrad(name string) []float64 {
	id := m.plan.InputGrad(name)
	if id == None {
		return nil
	}
	return m.values[id].data
}

// ThetaGrad runs the Finish section and writes ∂L/∂θ, summed over all VJP calls since SetTheta or ZeroSums.
func (m *Machine) ThetaGrad(dst []float64) {
	m.run(m.plan.FinishCode)
	for i, q := range m.plan.Params {
		n := q.Len()
		if id := m.plan.ParamGrads[i]; id != None {
			copy(dst[:n], m.values[id].data)
		} else {
			clear(dst[:n])
		}
		dst = dst[n:]
	}
}

func (m *Machine) run(code []Instr) {
	for _, in := range code {
		m.values[in.Dst] = m.eval(in)
	}
}

// eval computes an instruction into a new matrix.
func (m *Machine) eval(in Instr) matrix {
	a := m.values[in.Src[0]]
	switch in.Op {
	case MatMul:
		return multiply(a, m.values[in.Src[1]], in.TransA, in.TransB)
	case Affine:
		return m.affine(in)
	case Unary:
		return a.mapped(in.Fn.Eval1)
	case Binary:
		return combine(in.Fn, a, m.values[in.Src[1]])
	case Reduce:
		return a.reduce(in.Fn, in.Axis)
	case Transpose:
		return a.transposed()
	case Slice:
		return a.slice(in)
	case Scatter:
		return a.scatter(in, m.shapeOf(in.Dst))
	case Concat:
		return m.concat(in)
	case Broadcast:
		return combine(Add, m.shapeOf(in.Dst), a)
	case Reshape:
		return matrix{m.plan.Values[in.Dst].Rows, m.plan.Values[in.Dst].Cols, append([]float64(nil), a.data...)}
	}
	panic("plan: unknown operation " + in.Op.String())
}

// shapeOf is a zero matrix of the value's shape.
func (m *Machine) shapeOf(id ID) matrix {
	v := m.plan.Values[id]
	if v.Space == Row {
		v.Rows = m.n
	}
	return newMatrix(v.Rows, v.Cols)
}

func (m *Machine) affine(in Instr) matrix {
	y := multiply(m.values[in.Src[0]], m.values[in.Src[1]], false, in.TransB)
	if len(in.Src) == 3 {
		y = combine(Add, y, m.values[in.Src[2]])
	}
	return y.mapped(in.Fn.Eval1)
}

func (m *Machine) concat(in Instr) matrix {
	dst := m.shapeOf(in.Dst)
	at := 0
	for _, id := range in.Src {
		part := m.values[id]
		for r := range part.rows {
			for c := range part.cols {
				if in.Axis == 0 {
					*dst.at(at+r, c) = *part.at(r, c)
				} else {
					*dst.at(r, at+c) = *part.at(r, c)
				}
			}
		}
		at += []int{part.rows, part.cols}[in.Axis]
	}
	return dst
}

func (x matrix) at(r, c int) *float64 { return &x.data[r*x.cols+c] }

// stretched is the element at (r, c) where dimensions of size 1 repeat.
func (x matrix) stretched(r, c int) float64 {
	return x.data[min(r, x.rows-1)*x.cols+min(c, x.cols-1)]
}

func (x matrix) mapped(f func(float64) float64) matrix {
	y := newMatrix(x.rows, x.cols)
	for i, v := range x.data {
		y.data[i] = f(v)
	}
	return y
}

func combine(f Fn, a, b matrix) matrix {
	y := newMatrix(max(a.rows, b.rows), max(a.cols, b.cols))
	for r := range y.rows {
		for c := range y.cols {
			*y.at(r, c) = f.Eval2(a.stretched(r, c), b.stretched(r, c))
		}
	}
	return y
}

func (x matrix) transposed() matrix {
	y := newMatrix(x.cols, x.rows)
	for r := range x.rows {
		for c := range x.cols {
			*y.at(c, r) = *x.at(r, c)
		}
	}
	return y
}

func multiply(a, b matrix, transA, transB bool) matrix {
	if transA {
		a = a.transposed()
	}
	if transB {
		b = b.transposed()
	}
	y := newMatrix(a.rows, b.cols)
	for r := range a.rows {
		for k := range a.cols {
			for c := range b.cols {
				*y.at(r, c) += *a.at(r, k) * *b.at(k, c)
			}
		}
	}
	return y
}

func (x matrix) reduce(f Fn, axis int) matrix {
	if axis == 0 {
		return x.transposed().reduce(f, 1).transposed()
	}
	start := 0.0
	if f == Max {
		start = math.Inf(-1)
	}
	y := newMatrix(x.rows, 1)
	for r := range x.rows {
		y.data[r] = start
		for c := range x.cols {
			y.data[r] = f.Eval2(y.data[r], *x.at(r, c))
		}
	}
	return y
}

func (x matrix) slice(in Instr) matrix {
	if in.Axis == 0 {
		in.Axis = 1
		return x.transposed().slice(in).transposed()
	}
	y := newMatrix(x.rows, (in.To-in.From+in.Stride-1)/in.Stride)
	for r := range y.rows {
		for c := range y.cols {
			*y.at(r, c) = *x.at(r, in.From+c*in.Stride)
		}
	}
	return y
}

func (x matrix) scatter(in Instr, dst matrix) matrix {
	for r := range x.rows {
		for c := range x.cols {
			if in.Axis == 0 {
				*dst.at(in.From+r*in.Stride, c) = *x.at(r, c)
			} else {
				*dst.at(r, in.From+c*in.Stride) = *x.at(r, c)
			}
		}
	}
	return dst
}

// Value is the machine's own copy of a value, [rows, cols] or, for a Row value, [n, cols]: what the last run left, or
// room for a caller that computes accumulators itself. Valid until the next run.
func (m *Machine) Value(id ID) []float64 { return m.values[id].data }
