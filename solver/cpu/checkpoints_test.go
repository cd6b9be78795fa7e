package cpu

import (
	"context"
	"math"
	"slices"
	"testing"
	"unsafe"

	"neuralode/graph"
	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// TestRecordsAreBounded takes hundreds of steps for each of eight samples: under a limit the records have no more than
// a few times as many bytes, where all steps take fifty times as many, and no bit of the gradient changes.
func TestRecordsAreBounded(t *testing.T) {
	f, err := graph.MLP{Sizes: []int{6, 6}, Time: true}.Field()
	if err != nil {
		t.Fatal(err)
	}
	field, err := graph.LowerField(f)
	if err != nil {
		t.Fatal(err)
	}
	m, b, o := solver.Model{Field: field}, solver.Batch{}, solver.Objective{}
	for i := range 8 {
		b.Spans = append(b.Spans, solver.Span{T1: 0.25 + float64(i)/32})
		for c := range 6 {
			b.Z0, o.Cotangent = append(b.Z0, math.Sin(float64(6*i+c))), append(o.Cotangent, math.Cos(float64(i*c)))
		}
	}
	theta := make([]float64, m.ThetaLen())
	for i := range theta {
		theta[i] = math.Sin(float64(7 * i))
	}
	const limit = 8 << 10
	for _, mode := range []solver.Gradient{solver.Adjoint, solver.Discrete} {
		spec := solver.DefaultSpec()
		spec.Gradient, spec.Precision = mode, solver.Float64
		spec.Controller.MaxFactor, spec.Controller.FirstStep = 1.0001, 1e-3
		gradient := func(limit int64) (*solver.Derivative, int64) {
			spec.RecordLimit = limit
			e := newEngine[float64](m, spec, simd.Best(), 1)
			defer e.team.close()
			d, err := e.differentiate(context.Background(), theta, b, o)
			if err == nil {
				err = d.Err()
			}
			if err != nil {
				t.Fatal(err)
			}
			return d, e.workers[0].recordBytes()
		}
		want, all := gradient(0)
		got, bounded := gradient(limit)
		if all < 50*limit || bounded > 4*limit {
			t.Errorf("%v: records of %d bytes, and of %d under a limit of %d", mode, all, bounded, limit)
		}
		if !slices.Equal(got.Theta, want.Theta) || !slices.Equal(got.Z0, want.Z0) ||
			!slices.Equal(got.BackStats, want.BackStats) {
			t.Errorf("%v: another gradient under a limit: %v, want %v", mode, got.Theta[:3], want.Theta[:3])
		}
	}
}

// recordBytes is what the worker's records take.
func (w *worker[T]) recordBytes() int64 {
	number := int64(unsafe.Sizeof(T(0)))
	p := w.solve.points
	n := int64(cap(p.row))*int64(unsafe.Sizeof(solver.Row{})) + int64(cap(p.z))*number
	if r := w.solve.record; r != nil {
		return n + int64(cap(r.steps))*stepSize + int64(cap(r.z)+cap(r.frames))*number
	}
	tr := w.solve.path
	return n + int64(cap(tr.steps))*stepSize + int64(cap(tr.coef))*number
}
