package train

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"neuralode/dataset"
	"neuralode/graph"
	"neuralode/memory"
	"neuralode/solver"
	"neuralode/solver/cpu"
)

// TestBlocks solves seven samples at once and in blocks of three: the same bits come in the same order, and a failed
// sample keeps its number.
func TestBlocks(t *testing.T) {
	c := DefaultConfig()
	c.Hidden, c.Augment = []int{8}, 1
	m, err := newModel(c, graph.Tanh, &dataset.Dataset{Dim: 2, Task: dataset.Binary, Width: 1,
		Classes: []string{"0", "1"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	backend, err := cpu.New(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	spec := solver.DefaultSpec()
	x := []float64{0, 1, 2, 3, -4, 5, 6, 7, 8, -9, 10, 11, 12, 13}
	states := func(bytes float64) (saved []float64, blocks int, err error) {
		p, err := m.Compile(backend, spec)
		if err != nil {
			return nil, 0, err
		}
		defer p.Close()
		err = p.solve(context.Background(), x, solver.Batch{Times: []float64{0.25, 1}}, bytes,
			func(from int, s *solver.Solution, failed error) error {
				if from != len(saved)/(2*3) {
					t.Errorf("a block from %d after %d numbers", from, len(saved))
				}
				saved = append(saved, s.Saved...)
				blocks++
				return failed
			})
		return saved, blocks, err
	}
	const three = 3.5 * ((3*(2+4)+headNumbers)*(8+4) + bytesPerSample)
	whole, _, err1 := states(solveBytes)
	parts, blocks, err2 := states(three)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if blocks != 3 || !slices.Equal(whole, parts) {
		t.Errorf("%d blocks, %v, want three of %v", blocks, parts, whole)
	}
	spec.Controller.Control = solver.ControlBatch
	if _, blocks, err := states(three); blocks != 1 || err != nil {
		t.Errorf("with one step for all there are %d blocks (%v)", blocks, err)
	}
	spec.Controller.Control = solver.ControlSample
	x[9] = math.NaN()
	var failed *solver.SampleError
	if _, _, err := states(three); !errors.As(err, &failed) || failed.Sample != 4 {
		t.Errorf("the sample that fails: %v, want 4", err)
	}
}

// TestSizes refuses what no machine has memory for, with its need.
func TestSizes(t *testing.T) {
	spec := solver.DefaultSpec()
	c := DefaultConfig()
	m, err := c.madeModel()
	if err != nil {
		t.Fatal(err)
	}
	if err := m.CheckTraining(spec, 1000, 256); err != nil {
		t.Error(err)
	}
	shared := spec
	shared.Controller.Control = solver.ControlBatch
	_, many := m.block(spec, 1<<40, 1<<20, 1<<50)
	for what, err := range map[string]error{
		"samples":          m.CheckTraining(spec, 1<<40, 256),
		"batch":            m.CheckTraining(spec, 1<<40, 1<<40),
		"one step for all": m.CheckTraining(shared, 1<<31, 256),
		"times":            many,
	} {
		var short *memory.Error
		if !errors.As(err, &short) || short.Need < 1e12 {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestRestsAtZero solves a component that stays 0 with an atol of 0: what rests there has no error.
func TestRestsAtZero(t *testing.T) {
	c := DefaultConfig()
	c.Hidden = []int{4}
	m, err := newModel(c, graph.Tanh, &dataset.Dataset{Dim: 2, Task: dataset.Binary, Width: 1,
		Classes: []string{"0", "1"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	clear(m.Theta)
	spec := solver.DefaultSpec()
	spec.Controller.Atol = 0
	p, err := m.Compile(solver.Reference(), spec)
	if err != nil {
		t.Fatal(err)
	}
	err = p.Solve(context.Background(), []float64{1, 0}, nil,
		func(_ int, _ *solver.Solution, failed error) error { return failed })
	if err != nil {
		t.Error(err)
	}
}
