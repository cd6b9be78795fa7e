// Command gradients prints the table of docs/gradients.md: how far each gradient mode is from the true gradient of
// problems that are hard for one of them, and what it costs. It runs on the float64 reference backend, so that the
// numbers are the same on every machine.
package main

import (
	"context"
	"fmt"
	"log"
	"math"
	"math/rand/v2"

	"neuralode/graph"
	"neuralode/reference"
	"neuralode/solver"
	"neuralode/solver/solvertest"
	"neuralode/train"
)

func main() {
	fmt.Println("| problem | rtol | forward | adjoint | discrete | backsolve |")
	fmt.Println("|---|---|---|---|---|---|")
	rows, err := problems()
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range rows {
		for _, rtol := range r.rtols {
			line, err := r.line(rtol)
			if err != nil {
				log.Fatalf("%s: %v", r.name, err)
			}
			fmt.Println(line)
		}
	}
}

// problem is a gradient that is known.
type problem struct {
	name      string
	rtols     []float64
	model     solver.Model
	theta     []float64
	batch     solver.Batch
	objective solver.Objective
	want      []float64 // ∂L/∂θ
}

func problems() ([]*problem, error) {
	all, err := trained()
	if err != nil {
		return nil, err
	}
	kinked, err := relu()
	if err != nil {
		return nil, err
	}
	all = append(all, kinked)
	for _, h := range solvertest.HardGradients() {
		field, err := graph.LowerField(h.Field)
		if err != nil {
			return nil, err
		}
		all = append(all, &problem{name: h.Name, rtols: []float64{1e-3, 1e-6}, model: solver.Model{Field: field},
			theta: []float64{h.Theta}, batch: solver.Batch{Z0: h.Z0, Spans: []solver.Span{{T1: h.T1}}},
			objective: solver.Objective{Cotangent: []float64{1, 1}}, want: []float64{h.Want}})
	}
	return all, nil
}

// trained are the networks of the reference files, whose gradients an eighth-order method gave.
func trained() ([]*problem, error) {
	var all []*problem
	for _, p := range reference.Embedded() {
		m, err := train.FromReference(&p.Model)
		if err != nil {
			return nil, err
		}
		all = append(all, &problem{name: p.Name, rtols: []float64{1e-3, 1e-6}, model: m.Solver, theta: p.Theta,
			batch: solver.Batch{Z0: p.X, Spans: []solver.Span{m.Span}}, objective: solver.Objective{Labels: p.Label},
			want: p.GradTheta})
	}
	return all, nil
}

// relu is a random net with kinks; its gradient is that of the adjoint at a tolerance a thousand times tighter.
func relu() (*problem, error) {
	net := graph.MLP{Sizes: []int{2, 32, 2}, Activation: graph.ReLU}
	f, err := net.Field()
	if err != nil {
		return nil, err
	}
	p := &problem{name: "random relu net", rtols: []float64{1e-3, 1e-6, 1e-8},
		theta:     net.Init(rand.New(rand.NewPCG(1, 1))),
		batch:     solver.Batch{Z0: []float64{1, -0.5}, Spans: []solver.Span{{T1: 10}}},
		objective: solver.Objective{Cotangent: []float64{1, 1}}}
	if p.model.Field, err = graph.LowerField(f); err != nil {
		return nil, err
	}
	d, err := p.differentiate(solver.Adjoint, 1e-11)
	if err != nil {
		return nil, err
	}
	p.want = d.Theta
	return p, d.Err()
}

func (p *problem) differentiate(mode solver.Gradient, rtol float64) (*solver.Derivative, error) {
	spec := solver.DefaultSpec()
	spec.Precision, spec.Gradient, spec.Controller.MaxSteps = solver.Float64, mode, 1<<20
	spec.Controller.Rtol, spec.Controller.Atol = rtol, rtol/1000
	program, err := solver.Reference().Compile(p.model, spec)
	if err != nil {
		return nil, err
	}
	return program.Differentiate(context.Background(), p.theta, p.batch, p.objective)
}

// line is a row of the table: evaluations of the forward solve, then of each mode the error and its evaluations.
func (p *problem) line(rtol float64) (string, error) {
	line, forward := "", 0.0
	for _, mode := range solver.Gradients() {
		d, err := p.differentiate(mode, rtol)
		if err != nil {
			return "", err
		}
		forward = meanNFE(d.Stats)
		line += fmt.Sprintf(" %s, %.0f |", p.verdict(d), meanNFE(d.BackStats))
	}
	return fmt.Sprintf("| %s | %.0e | %.0f |%s", p.name, rtol, forward, line), nil
}

// verdict is the relative error of the gradient in the 2-norm, or how many samples say that they have none.
func (p *problem) verdict(d *solver.Derivative) string {
	failed := 0
	for _, end := range d.Back {
		if end.Status != solver.OK {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Sprintf("refused (%d of %d)", failed, len(d.Back))
	}
	difference, size := 0.0, 0.0
	for i, w := range p.want {
		difference += (d.Theta[i] - w) * (d.Theta[i] - w)
		size += w * w
	}
	return fmt.Sprintf("%.1e", math.Sqrt(difference/size))
}

func meanNFE(stats []solver.Stats) float64 {
	total := 0
	for _, s := range stats {
		total += s.NFE
	}
	return float64(total) / float64(len(stats))
}
