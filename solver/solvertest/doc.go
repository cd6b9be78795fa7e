// Package solvertest is the conformance suite that every backend runs: closed forms, the reference solutions, the
// float64 reference backend, and properties that must hold to the bit.
package solvertest

import (
	"testing"

	"neuralode/solver"
)

// Suite is what a backend is asked to show.
type Suite struct {
	Backend   solver.Backend
	Precision solver.Precision
	Samples   int  // of the reference files that are solved, 0 for all; emulated devices are slow
	Short     bool // leave out the comparison with the reference backend, which is slow itself
}

// Run runs the whole suite as subtests. It leaves out specs that the backend does not support, once it has seen that
// Compile refuses them with the same error, and skips what a call says is errors.ErrUnsupported.
func (s Suite) Run(t *testing.T) {
	t.Run("closed forms", s.closedForms)
	t.Run("functions", s.Functions)
	t.Run("constant steps", s.constantSteps)
	t.Run("gradient oracle", s.gradientOracle)
	t.Run("reference files", s.referenceFiles)
	t.Run("reference backend", s.referenceBackend)
	t.Run("save times", s.saveTimes)
	t.Run("ragged times", s.raggedTimes)
	t.Run("loss at times", s.lossAtTimes)
	t.Run("training at times", s.trainsAtTimes)
	t.Run("read-out", s.ReadOut)
	t.Run("time derivatives", s.timeDerivatives)
	t.Run("inputs", s.inputs)
	t.Run("lifts", s.lifts)
	t.Run("stops", s.stops)
	t.Run("tolerances", s.tolerances)
	t.Run("steps", s.steps)
	t.Run("signals", s.signals)
	t.Run("jumps", s.jumps)
	t.Run("events", s.events)
	t.Run("batch independence", s.batchIndependence)
	t.Run("there and back", s.thereAndBack)
	t.Run("linear in the cotangent", s.linearInCotangent)
	t.Run("cotangents", s.cotangents)
	t.Run("random fields", s.randomFields)
	t.Run("modes agree", s.modesAgree)
	t.Run("finite differences", s.finiteDifferences)
	t.Run("hard gradients", s.hardGradients)
	t.Run("left out", s.leftOut)
	t.Run("failures", s.failures)
	t.Run("times", s.times)
	t.Run("wrong use", s.wrongUse)
	t.Run("refusals", s.refusals)
	t.Run("training", s.training)
	t.Run("iterations in parts", s.parts)
	t.Run("limited records", s.records)
	t.Run("stiff fields", s.Stiff)
	t.Run("stiffness", s.detected)
}

// RunLifecycle runs what is asked of a backend beside its numbers: that sessions keep their own data, look at indices
// and contexts first, and end with their program. A harness that is no backend of its own may leave it out.
func (s Suite) RunLifecycle(t *testing.T) {
	t.Run("sessions", s.sessions)
	t.Run("one session closed", s.sessionClose)
	t.Run("closed", s.closed)
}

// choose picks the bound for the suite's precision.
func (s Suite) choose(single, double float64) float64 {
	if s.Precision == solver.Float64 {
		return double
	}
	return single
}

// spec is the default spec at tolerances that suit the precision.
func (s Suite) spec(gradient solver.Gradient) solver.Spec {
	spec := solver.DefaultSpec()
	spec.Precision, spec.Gradient = s.Precision, gradient
	spec.Controller.Rtol, spec.Controller.Atol = s.choose(1e-5, 1e-9), s.choose(1e-6, 1e-10)
	spec.Controller.MaxSteps = 100000
	return spec
}
