package cpu

import (
	"context"
	"math"
	"testing"

	"neuralode/graph"
	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// TestTasksKeepTheTree differentiates 2245 samples, 71 leaves, in tasks of different sizes: no bit may change.
func TestTasksKeepTheTree(t *testing.T) {
	f, err := graph.MLP{Sizes: []int{2, 5, 2}}.Field()
	if err != nil {
		t.Fatal(err)
	}
	field, err := graph.LowerField(f)
	if err != nil {
		t.Fatal(err)
	}
	m, spec := solver.Model{Field: field}, solver.DefaultSpec()
	spec.Gradient = solver.Discrete
	n := 32*70 + 5
	b, o := solver.Batch{Spans: []solver.Span{{T1: 0.5}}}, solver.Objective{}
	for i := range 2 * n {
		b.Z0, o.Cotangent = append(b.Z0, math.Sin(float64(i))), append(o.Cotangent, math.Cos(float64(3*i)))
	}
	theta := make([]float64, m.ThetaLen())
	for i := range theta {
		theta[i] = math.Sin(float64(7 * i))
	}
	e := newEngine[float32](m, spec, simd.Plain, 3)
	defer e.team.close()
	var want []float64
	for _, tasks := range []int{1, 2, 5, 9, 64, 1000} {
		e.maxTasks = tasks
		d, err := e.differentiate(context.Background(), theta, b, o)
		if err == nil {
			err = d.Err()
		}
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = d.Theta
		}
		for i, v := range want {
			if math.Float64bits(d.Theta[i]) != math.Float64bits(v) {
				t.Fatalf("in %d tasks ∂L/∂θ[%d] is %v, in one %v", tasks, i, d.Theta[i], v)
			}
		}
	}
}

// TestLeavesForManyCores counts the tasks of a batch of 256: enough for eight cores.
func TestLeavesForManyCores(t *testing.T) {
	e := &engine[float32]{method: &method[float32]{}, maxTasks: defaultTasks}
	for n, want := range map[int]int{1: 1, 16: 2, 32: 2, 64: 2, 65: 3, 256: 8, 4096: 64, 1 << 20: 64} {
		c := &call[float32]{n: n, gradient: true}
		e.cut(c)
		if got := c.tasks(); got != want {
			t.Errorf("%d samples are cut into %d tasks, want %d", n, got, want)
		}
	}
}
