package verify

import (
	"context"
	"fmt"
	"math"
	"slices"

	"neuralode/gradcheck"
	"neuralode/solver"
	"neuralode/train"
)

// What a model's answers are compared with: a solve in float64 at a tolerance at which nothing of the training's shows,
// and one still tighter that says how good it is.
const (
	exactRtol    = 1e-11
	exacterRtol  = 1e-12
	atolPerRtol  = 1e-2 // of both
	exactSteps   = 1 << 17
	independents = 4 // samples of the reference backend, which is slow
	largestField = 1e5
)

// Subject is a model to be verified, and where.
type Subject struct {
	Model *train.Model
	Spec  solver.Spec // as it was trained
	Data  solver.Data // starts, and labels or none

	Backend solver.Backend // that of the training
	Exact   solver.Backend // computes in float64

	Gradients int // of the samples, the first so many have their gradients checked
}

// Report is how far a model's answers and gradients are from exact ones.
type Report struct {
	Samples int
	AtTimes bool    // states are those at the times of the samples, as the loss of series looks at them, not z(t1)
	Size    float64 // root mean square of the states
	OutSize float64 // and of the outputs

	Own float64 // largest error of the exact states, by an even tighter solve
	// its largest distance to that of the reference backend, on the first samples; NaN for a large field
	Independent float64
	Answers     []Answer

	GradientSamples int
	Gradients       *gradcheck.Report // nil for a model that is only solved
}

// Answer is what one tolerance makes of the samples, compared with the exact answers.
type Answer struct {
	Rtol, Atol        float64
	Precision         solver.Precision
	Trained           bool // the tolerances and the precision are those of the training
	NFE               float64
	ZMedian, ZMax     float64 // absolute errors of the components of the states
	OutMedian, OutMax float64 // and of the outputs
	Loss              float64 // error of the mean loss; NaN without labels
	Changed           int     // classes that are others than those of the exact answers
}

// Model compares a model's answers at the tolerances of its training, and at tighter ones, with those of tight solves
// in float64, and checks its gradients: see [gradcheck.Check]. Gradients that do not agree are a *gradcheck.Error
// beside the report. It fails where a sample cannot be solved.
func Model(ctx context.Context, s Subject) (*Report, error) {
	r := &Report{Samples: s.Model.Solver.WithRoom(s.Data.Batch).Len(s.Model.Net.Dim()), Independent: math.NaN(),
		AtTimes: s.Data.AtTimes}
	exact, err := s.solve(ctx, s.Exact, tight(s.Spec, exactRtol), r.Samples)
	if err != nil {
		return nil, err
	}
	r.Size, r.OutSize = rms(exact.z), rms(exact.out)
	if err := s.trust(ctx, r, exact); err != nil {
		return nil, err
	}
	for _, spec := range ladder(s.Spec) {
		backend, trained := s.Exact, len(r.Answers) == 0
		if trained {
			backend = s.Backend
		}
		got, err := s.solve(ctx, backend, spec, r.Samples)
		if err != nil {
			return nil, err
		}
		r.Answers = append(r.Answers, s.judge(spec, trained, got, exact))
	}
	return r, s.gradients(ctx, r)
}

// tight is the spec in float64 at a tolerance.
func tight(s solver.Spec, rtol float64) solver.Spec {
	s = s.Tight(rtol, rtol*atolPerRtol)
	s.Precision, s.Controller.MaxSteps = solver.Float64, exactSteps
	return s
}

// ladder is the training's spec, the same in float64, and three that are ever ten times tighter.
func ladder(s solver.Spec) []solver.Spec {
	specs := []solver.Spec{s}
	if s.Precision != solver.Float64 {
		s.Precision = solver.Float64
		specs = append(specs, s)
	}
	for range 3 {
		s = s.Tight(s.Controller.Rtol/10, s.Controller.Atol/10)
		s.Controller.MaxSteps = exactSteps
		if s.Controller.Rtol > 10*exactRtol {
			specs = append(specs, s)
		}
	}
	return specs
}

// answers are what a solve makes of the samples.
type answers struct {
	z, out, losses []float64 // states that the loss looks at: at t1, or at the times of the samples
	classes        []int
	nfe            float64
}

// solve answers the first n samples.
func (s Subject) solve(ctx context.Context, backend solver.Backend, spec solver.Spec, n int) (*answers, error) {
	spec.Gradient = solver.NoGradient
	program, err := backend.Compile(s.Model.Solver, spec)
	if err != nil {
		return nil, err
	}
	defer program.Close()
	batch, goal := s.first(n)
	solution, err := program.Solve(ctx, s.Model.Theta, batch)
	if err == nil {
		err = solution.Err()
	}
	if err != nil {
		spec.Controller.Advise(err)
		return nil, fmt.Errorf("verify: at rtol %g: %w", spec.Controller.Rtol, err)
	}
	states := goal.States(s.Model.Solver, batch, solution)
	read, err := program.ReadOut(ctx, s.Model.Theta, states)
	if err != nil {
		return nil, err
	}
	a := &answers{z: states.Z}
	for _, cost := range solution.Stats {
		a.nfe += float64(cost.NFE) / float64(n)
	}
	a.out = read.Out
	for i, l := range read.Losses {
		if goal.Mask == nil || !goal.Mask[i] {
			a.losses = append(a.losses, l)
		}
	}
	if len(s.Model.Classes) > 0 {
		a.classes = s.Model.ClassesOf(a.out)
	}
	return a, nil
}

// first are the first n samples.
func (s Subject) first(n int) (solver.Batch, solver.Objective) {
	some := make([]int, n)
	for i := range some {
		some[i] = i
	}
	return s.Data.Minibatch(s.Model.Solver, some)
}

// trust says how good the exact answers are.
func (s Subject) trust(ctx context.Context, r *Report, exact *answers) error {
	better, err := s.solve(ctx, s.Exact, tight(s.Spec, exacterRtol), r.Samples)
	if err != nil {
		return err
	}
	r.Own = largestDifference(exact.z, better.z)
	parameters := float64(s.Model.Solver.Field.ThetaLen())
	if parameters > largestField {
		return nil
	}
	n := min(r.Samples, independents)
	other, err := s.solve(ctx, solver.Reference(), tight(s.Spec, exactRtol), n)
	if err == nil {
		r.Independent = largestDifference(other.z, exact.z[:len(other.z)])
	}
	return err
}

// judge compares answers with exact ones.
func (s Subject) judge(spec solver.Spec, trained bool, got, exact *answers) Answer {
	a := Answer{Rtol: spec.Controller.Rtol, Atol: spec.Controller.Atol, Precision: spec.Precision, Trained: trained,
		NFE: got.nfe, Loss: math.NaN()}
	a.ZMedian, a.ZMax = medianAndMax(got.z, exact.z)
	a.OutMedian, a.OutMax = medianAndMax(got.out, exact.out)
	for i := range got.classes {
		if got.classes[i] != exact.classes[i] {
			a.Changed++
		}
	}
	if got.losses != nil {
		a.Loss = math.Abs(mean(got.losses) - mean(exact.losses))
	}
	return a
}

// gradients checks those of the training's loss on the first samples, or without labels those of the sum of z(t1).
func (s Subject) gradients(ctx context.Context, r *Report) (err error) {
	n := min(r.Samples, s.Gradients)
	if n == 0 {
		return nil
	}
	batch, goal := s.first(n)
	if goal.Labels == nil {
		goal.Cotangent = slices.Repeat([]float64{1 / float64(n)}, n*s.Model.Net.Dim())
	}
	r.GradientSamples = n
	r.Gradients, err = gradcheck.Check(ctx, gradcheck.Problem{Exact: s.Exact, Backend: s.Backend, Model: s.Model.Solver,
		Spec: s.Spec, Theta: s.Model.Theta, Batch: batch, Goal: goal})
	return err
}

func medianAndMax(got, want []float64) (median, largest float64) {
	apart := make([]float64, len(got))
	for i := range got {
		apart[i] = math.Abs(got[i] - want[i])
	}
	slices.Sort(apart)
	return apart[len(apart)/2], apart[len(apart)-1]
}

func mean(x []float64) (sum float64) {
	for _, v := range x {
		sum += v / float64(len(x))
	}
	return sum
}

func rms(x []float64) (sum float64) {
	for _, v := range x {
		sum += v * v / float64(len(x))
	}
	return math.Sqrt(sum)
}
