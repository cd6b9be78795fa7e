package train_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"

	"neuralode/plan"
	"neuralode/solver"
	"neuralode/train"
)

// TestPredictor asks for points of which one fails, from many goroutines at once: the answers are those of the plan's
// interpreter on the reference backend's states, to the bit the same however they are asked for.
func TestPredictor(t *testing.T) {
	m, err := load(t, modelFile())
	if err != nil {
		t.Fatal(err)
	}
	spec := solver.DefaultSpec()
	spec.Precision = solver.Float64
	p, err := m.Compile(backend(t), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	const n = 20
	x := make([]float64, n*m.Features())
	for i := range x {
		x[i] = math.Sin(3 * float64(i))
	}
	x[4*m.Features()] = math.NaN()
	all, err := p.Predict(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	checkFailed(t, all, 4)
	want := byReference(t, m, spec, x)
	for i := range n {
		if i == 4 {
			continue
		}
		sum := 0.0
		for k := range 3 {
			got := all.Probability[3*i+k]
			sum += got
			if ratio := want[3*i+k] - want[3*i]; math.Abs(math.Log(got/all.Probability[3*i])-ratio) > 1e-9 {
				t.Errorf("point %d: the probabilities are %v, want logits %v", i, all.Probability[3*i:3*i+3],
					want[3*i:3*i+3])
			}
			if got > all.Probability[3*i+all.Class[i]] {
				t.Errorf("point %d: class %d of %v", i, all.Class[i], all.Probability[3*i:3*i+3])
			}
		}
		if math.Abs(sum-1) > 1e-12 {
			t.Errorf("point %d: the probabilities sum up to %v", i, sum)
		}
	}
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			one, err := p.Predict(context.Background(), x[i*m.Features():(i+1)*m.Features()])
			if err != nil {
				t.Error(err)
				return
			}
			if one.Class[0] != all.Class[i] || i != 4 && !slices.Equal(one.Probability, all.Probability[3*i:3*i+3]) {
				t.Errorf("point %d alone is %v, with the others %v", i, one.Probability, all.Probability[3*i:3*i+3])
			}
		})
	}
	group.Wait()
	if _, err := p.Predict(context.Background(), x[:m.Features()-1]); err == nil {
		t.Error("half a point is predicted")
	}
}

func checkFailed(t *testing.T, all *train.Predictions, failing int) {
	t.Helper()
	for i, err := range all.Err {
		var failed *solver.SampleError
		if (i == failing) != (errors.As(err, &failed) && failed.Sample == failing) {
			t.Errorf("point %d: error %v", i, err)
		}
		if (i == failing) != (all.Class[i] < 0) {
			t.Errorf("point %d: class %d", i, all.Class[i])
		}
	}
	if all.Failed() != 1 {
		t.Errorf("%d failed", all.Failed())
	}
}

// byReference are the outputs of the reference backend's states, by the plan's interpreter.
func byReference(t *testing.T, m *train.Model, spec solver.Spec, x []float64) []float64 {
	t.Helper()
	program, err := solver.Reference().Compile(solver.Model{Field: m.Solver.Field}, spec)
	if err != nil {
		t.Fatal(err)
	}
	n := m.Solver.Field.ThetaLen()
	s, err := program.Solve(context.Background(), m.Theta[:n],
		solver.Batch{Z0: m.States(x), Spans: []solver.Span{m.Span}})
	if err != nil {
		t.Fatal(err)
	}
	machine := plan.NewMachine(m.Solver.Head)
	machine.SetTheta(m.Theta[n:])
	machine.Forward(len(s.End), map[string][]float64{"z": s.Z1,
		"label": make([]float64, len(s.End)*m.Solver.LabelWidth())})
	return machine.Output("out")
}

// TestAnswers asks models of the other losses: probabilities of two classes, and numbers with and without classes.
func TestAnswers(t *testing.T) {
	x := []float64{1, 2, -3, -4}
	for what, c := range map[string]struct {
		loss, classes string
		check         func(out float64, p *train.Predictions, i int) bool
	}{
		"bce": {"bce", `["no","yes"]`, func(out float64, p *train.Predictions, i int) bool {
			yes := 1 / (1 + math.Exp(-out))
			return math.Abs(p.Probability[2*i+1]-yes)+math.Abs(p.Probability[2*i]-(1-yes)) < 1e-6 &&
				(p.Class[i] == 1) == (yes > 0.5) && p.Value == nil
		}},
		"mse": {"mse", "null", func(out float64, p *train.Predictions, i int) bool {
			return math.Abs(p.Value[i]-out) < 1e-6 && p.Class == nil && p.Probability == nil
		}},
		"mse of two classes": {"mse", `["no","yes"]`, func(out float64, p *train.Predictions, i int) bool {
			return math.Abs(p.Value[i]-out) < 1e-6 && (p.Class[i] == 1) == (out > 0.5) && p.Probability == nil
		}},
	} {
		f := modelFile()
		f.Metadata["loss"], f.Metadata["classes"], f.Metadata["readout"], f.Metadata["outputs"] = c.loss, c.classes,
			"component", "1"
		delete(f.Tensors, "readout.weight")
		delete(f.Tensors, "readout.bias")
		m, err := load(t, f)
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.Compile(backend(t), solver.DefaultSpec())
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Predict(context.Background(), x)
		if err != nil {
			t.Fatal(err)
		}
		for i, out := range byReference(t, m, solver.DefaultSpec(), x) {
			if !c.check(out, got, i) {
				t.Errorf("%s: %+v, want output %d to be %v", what, got, i, out)
			}
		}
		p.Close()
	}
}
