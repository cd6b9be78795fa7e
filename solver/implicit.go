package solver

import (
	"math"
	"slices"

	"neuralode/solver/internal/lu"
)

// jacobianFunc writes ∂f/∂z at (t, z) to j: row-major and, where z is the states of several samples, one block for each.
type jacobianFunc func(t float64, z, j []float64)

// implicit is what an integration by a Rosenbrock method needs beside the field.
type implicit struct {
	jacobian jacobianFunc
	timed    bool // the field depends on t
	width    int  // of a block of the Jacobian

	j, ft  []float64 // at the beginning of the step; nil where they are to be found
	norm   float64   // of J: the largest sum of magnitudes in a row
	pivots []int32
}

// vectors is how many vectors a step of the row's method keeps.
func (in *integration) vectors() int {
	if m, ok := in.row.Method(&in.spec).(*Rosenbrock); ok {
		return m.Stages() + 2
	}
	return in.spec.Explicit().Stages()
}

// rosenbrockStages computes k[1:] of a step of size h by the method, the stages and the slope at the step's result, and
// returns that.
func (in *integration) rosenbrockStages(m *Rosenbrock, h float64) []float64 {
	in.linearize(h)
	factors := in.factor(m.Gamma * h)
	last := m.Stages() + 1
	v := in.k[1:last]
	for i := range v {
		if i == 0 {
			copy(v[0], in.k[0])
		} else {
			in.eval(in.row.At(m.C[i]), in.ahead(h, m.A[i], v), v[i])
		}
		if i == last-2 && m.EndsInStage() {
			copy(in.k[last], v[i])
		}
		for c := range v[i] {
			s := v[i][c] + h*m.D[i]*in.ft[c]
			for j, g := range m.G[i] {
				s += g * v[j][c]
			}
			v[i][c] = m.Gamma * s
		}
		in.eachBlock(func(b int) {
			w := in.width
			lu.Solve(factors[b*w*w:(b+1)*w*w], in.pivots[b*w:(b+1)*w], v[i][b*w:(b+1)*w])
		})
	}
	z1 := in.ahead(h, m.B, v)
	if !m.EndsInStage() {
		in.eval(in.row.At(1), z1, in.k[last])
	}
	return z1
}

// ahead is z + h·Σ weights·v.
func (in *integration) ahead(h float64, weights []float64, v [][]float64) []float64 {
	z := slices.Clone(in.z)
	for c := range z {
		s := 0.0
		for j, w := range weights {
			s += w * v[j][c]
		}
		z[c] += h * s
	}
	return z
}

func (in *integration) eachBlock(do func(b int)) {
	for b := range len(in.z) / in.width {
		do(b)
	}
}

// factor is the factors of I − x·J.
func (in *integration) factor(x float64) []float64 {
	w := in.width
	m := make([]float64, len(in.j))
	for i, v := range in.j {
		if m[i] = -x * v; i%(w*w)%(w+1) == 0 {
			m[i]++
		}
	}
	in.pivots = make([]int32, len(in.z))
	in.eachBlock(func(b int) { lu.Factor(m[b*w*w:(b+1)*w*w], in.pivots[b*w:(b+1)*w]) })
	return m
}

// linearize finds the field's derivatives where a step of size h begins, unless they are there.
func (in *integration) linearize(h float64) {
	if in.j != nil {
		return
	}
	in.j, in.ft = make([]float64, len(in.z)*in.width), make([]float64, len(in.z))
	in.jacobian(in.row.At(0), in.z, in.j)
	in.row.Stats.Jacobians++
	in.norm = 0
	for i := range in.z {
		row := 0.0
		for _, v := range in.j[i*in.width : (i+1)*in.width] {
			row += math.Abs(v)
		}
		in.norm = max(in.norm, row)
	}
	if in.timed {
		in.slopeInTime(h)
	}
}

// slopeInTime is the derivative of the field for t, as the slope of the parabola through three times in the step (see
// [TimeWeights]).
func (in *integration) slopeInTime(h float64) {
	c := TimeFraction(Float64)
	t := [3]float64{in.row.At(0), in.row.StageTime(in.row.T, h, c), in.row.StageTime(in.row.T, h, 2*c)}
	w := TimeWeights(t)
	f := [3][]float64{in.k[0], make([]float64, len(in.z)), make([]float64, len(in.z))}
	for i := 1; i < 3; i++ {
		in.eval(t[i], in.z, f[i])
	}
	for i := range f {
		addScaled(in.ft, w[i], f[i])
	}
}

// TimeFraction is the part of a step between the times from which the derivative of a field for t is taken: in float64
// that is good to 10 digits, in float32 to 4.
func TimeFraction(p Precision) float64 {
	if p == Float64 {
		return 0x1p-16
	}
	return 0x1p-6
}

// TimeWeights are the weights of three slopes in their derivative at the first of their times. Where two times are one,
// in the precision they have, there is none: zeros.
func TimeWeights(t [3]float64) [3]float64 {
	a, b := t[1]-t[0], t[2]-t[0]
	if a == 0 || b == 0 || a == b {
		return [3]float64{}
	}
	return [3]float64{-(a + b) / (a * b), b / (a * (b - a)), -a / (b * (b - a))}
}

// differences is the Jacobian by central differences, for an Integrate that has the field alone.
func differences(f FieldFunc) jacobianFunc {
	return func(t float64, z, j []float64) {
		n := len(z)
		x, up, down := slices.Clone(z), make([]float64, n), make([]float64, n)
		for c := range z {
			step := 0x1p-17 * max(1, math.Abs(z[c]))
			x[c] = z[c] + step
			f(t, x, up)
			x[c] = z[c] - step
			f(t, x, down)
			x[c] = z[c]
			for r := range n {
				j[r*n+c] = (up[r] - down[r]) / (2 * step)
			}
		}
	}
}

// weigh tells the row what holds its step, where it wants to know.
func (in *integration) weigh(z1 []float64) {
	if !in.row.Weighs(&in.spec) {
		return
	}
	if in.stability == nil {
		s := in.spec.Explicit().Stability()
		in.stability = &s
	}
	s := in.stability
	if _, ok := in.row.Method(&in.spec).(*Rosenbrock); ok {
		in.row.Weigh(&in.spec, s.Bound, in.norm)
		return
	}
	g, last := in.k[s.Stage], in.k[len(in.k)-1]
	scaled := func(c int, x float64) float64 {
		if scale := in.scale(c, z1); scale > 0 {
			return x / scale
		}
		return 0
	}
	slopes := rms(len(z1), func(c int) float64 { return scaled(c, last[c]-g[c]) })
	states := rms(len(z1), func(c int) float64 {
		d := 0.0
		for i, w := range s.Weights {
			d += w * in.k[i][c]
		}
		return scaled(c, in.row.Step*d)
	})
	in.row.Weigh(&in.spec, s.Bound, slopes/states)
}
