package neuralode

import (
	"context"

	"neuralode/gradcheck"
	"neuralode/solver"
	"neuralode/solver/cpu"
)

// CheckGradient compares the derivatives of an objective for z0, inputs, each parameter and, where the objective asks
// for them, signals, t0, t1 and save times with finite differences and, by every mode, with each other: on the CPU in
// float64 at tight tolerances, whatever the ODE's own. The report has those distances, and what the ODE's tolerances,
// precision and device cost in each mode. A *gradcheck.Error, beside the report, says which derivatives are wrong and
// by how much: a field that jumps where its state passes a parameter is a usual cause. It takes some twenty solves for
// each parameter; a few samples suffice. Arguments and other errors are those of Differentiate.
func (o *ODE) CheckGradient(ctx context.Context, theta []float64, b solver.Batch,
	objective solver.Objective) (*gradcheck.Report, error) {
	if err := solver.CheckGradient(o.model, o.spec, theta, b, objective); err != nil {
		return nil, err
	}
	exact, err := cpu.New(cpu.Options{})
	if err != nil {
		return nil, err
	}
	return gradcheck.Check(ctx, gradcheck.Problem{Exact: exact, Backend: o.backend, Model: o.model, Spec: o.spec,
		Theta: theta, Batch: b, Goal: objective})
}
