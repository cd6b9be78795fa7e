package kernels

import (
	"slices"

	"neuralode/plan"
	"neuralode/solver"
)

// TimeDerivatives completes the derivative of a batch with those for times, from what its gradient has left of
// Call.cotangent and Call.savedBar; saved is nil where there is none. It evaluates the field on the host, in float64:
// once for each end of a span and each save time, which is little beside a solve.
func TimeDerivatives(m solver.Model, spec solver.Spec, theta []float64, d *solver.Derivative, b solver.Batch,
	o solver.Objective, cotangent, saved []float64) error {
	if o.Labels != nil {
		weighCotangents(m.Dim(), spec.Gradient, b, o, cotangent, saved)
	}
	field := plan.NewMachine(m.Field)
	field.SetTheta(theta[:m.Field.ThetaLen()])
	return solver.TimeDerivatives(d, b, cotangent, saved, spec.Precision,
		func(z, t, inputs []float64) ([]float64, error) {
			field.Forward(len(t), map[string][]float64{"t": t, "z": z, "inputs": inputs})
			return slices.Clone(field.Output("f")), nil
		})
}

// weighCotangents multiplies what the head has left by the weights of the samples, which on the way back multiply what
// comes out. At times the discrete gradient has them in it.
func weighCotangents(dim int, mode solver.Gradient, b solver.Batch, o solver.Objective, cotangent, saved []float64) {
	n := b.Len(dim)
	weights := o.Weight
	if o.AtTimes {
		weights = LossesAtTimes(o, b, n).Weight
	}
	counting := Counting(o, b, n)
	for i := range n {
		w := 1.0
		if weights != nil {
			w = weights[i]
		}
		if counting > 0 {
			w /= float64(counting)
		}
		scale(cotangent[i*dim:(i+1)*dim], w)
		if from, to := b.Rows(i); saved != nil && mode != solver.Discrete {
			scale(saved[from*dim:to*dim], w)
		}
	}
}

func scale(x []float64, by float64) {
	for i := range x {
		x[i] *= by
	}
}
