// Package solver says what solving and differentiating an ordinary differential equation dz/dt = f(t, z; θ) means here,
// as plain data that any backend can execute: [Model], [Tableau], [Controller], [Spec], [Batch], [Objective],
// [Optimizer] go in, [Solution] and [Derivative] come out, and a [Backend] does a whole solve, or whole training
// iterations, per call.
//
// [Reference] is the readable float64 backend that every other one must match.
package solver
