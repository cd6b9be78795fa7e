package gradcheck_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"neuralode/gradcheck"
	"neuralode/solver"
)

// spoiledTimes is a backend whose derivative for one of the save times, or for t0 of a sample, is twice what it should
// be.
type spoiledTimes struct {
	solver.Backend
	time, start int // which; −1: none
}

type spoiledProgram struct {
	solver.Program
	b spoiledTimes
}

func (b spoiledTimes) Compile(m solver.Model, s solver.Spec) (solver.Program, error) {
	p, err := b.Backend.Compile(m, s)
	return spoiledProgram{p, b}, err
}

func (p spoiledProgram) Differentiate(ctx context.Context, theta []float64, b solver.Batch,
	o solver.Objective) (*solver.Derivative, error) {
	d, err := p.Program.Differentiate(ctx, theta, b, o)
	if err == nil && p.b.time >= 0 {
		d.Times[p.b.time] *= 2
	}
	if err == nil && p.b.start >= 0 {
		d.Spans[p.b.start].T0 *= 2
	}
	return d, err
}

// timed is the net with three samples of spans and times of their own, the last of each at its end.
func timed(t *testing.T) gradcheck.Problem {
	p := net(t)
	p.Batch = solver.Batch{Z0: []float64{1, 0.5, -0.3, 0.8, 0.1, -0.7}, Spans: []solver.Span{{T0: 0, T1: 1}, {T0: 0.5, T1: 2}, {T0: 1, T1: 0}},
		Times: []float64{0.2, 0.6, 1, 1, 2, 0.5, 0}, Offsets: []int{0, 3, 5, 7}}
	saved := make([]float64, 2*len(p.Batch.Times))
	for i := range saved {
		saved[i] = math.Cos(float64(2 * i))
	}
	p.Goal = solver.Objective{Cotangent: []float64{1, 2, -1, 0.5, 1, 1}, Saved: saved, ForTimes: true}
	return p
}

// TestTimes holds the derivatives for t0, t1 and the save times to differences, where they can be moved: not at the
// ends of spans, which t1 has too.
func TestTimes(t *testing.T) {
	p := timed(t)
	r, err := gradcheck.Check(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, d := range r.Differences {
		found[d.Of]++
		if d.Value == 0 || !(d.Uncertainty <= 1e-7) {
			t.Errorf("%s: %v, known to %v", d.Of, d.Value, d.Uncertainty)
		}
	}
	if found["t0"] != 2 || found["times"] != 2 || found["t1"] != 0 {
		t.Errorf("differences of %v", found)
	}
	for _, m := range r.Modes {
		if m.Err != nil || !(m.ToDifferences <= 1e-6) || !(m.ToOthers <= 1e-7) {
			t.Errorf("%+v", m)
		}
	}
	p.Batch.Times[2], p.Batch.Times[4], p.Batch.Times[6] = 0.9, 1.8, 0.1 // now the ends are free
	if r, err = gradcheck.Check(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	found = map[string]int{}
	for _, d := range r.Differences {
		found[d.Of]++
	}
	if found["t0"] != 2 || found["times"] != 2 || found["t1"] != 2 {
		t.Errorf("differences of %v", found)
	}
}

// TestSharedTimes: a span and times that all samples have in common are moved for all.
func TestSharedTimes(t *testing.T) {
	p := timed(t)
	p.Batch.Spans, p.Batch.Times, p.Batch.Offsets = []solver.Span{{T0: 0, T1: 1}}, []float64{0.2, 0.7}, nil
	p.Goal.Saved = p.Goal.Saved[:12]
	r, err := gradcheck.Check(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	var of []string
	for _, d := range r.Differences {
		of = append(of, d.Of)
	}
	if text := fmt.Sprint(of); !strings.Contains(text, "t0 t1 times times") {
		t.Errorf("differences of %s", text)
	}
}

// TestSpoiledTimes spoils one of them: the error says which.
func TestSpoiledTimes(t *testing.T) {
	for want, b := range map[string]spoiledTimes{"∂L/∂times[1]": {time: 1, start: -1}, "∂L/∂t0[2]": {time: -1, start: 2}} {
		p := timed(t)
		b.Backend = p.Exact
		p.Exact = b
		_, err := gradcheck.Check(t.Context(), p)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "layers") {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
