// Package neuralode solves and trains neural ordinary differential equations, dz/dt = f(t, z; θ).
//
// A field is a Gorgonia expression (package graph); [New] lowers it, with its vector-Jacobian product, and compiles it
// for a backend from [Open]. [ODE.Solve] integrates a batch with adaptive steps, each sample with its own;
// [ODE.Gradient] differentiates a loss through the solve; [ODE.Layer] puts the solve into a larger Gorgonia graph;
// [ODE.Fit] finds the parameters of a known equation from observed series.
package neuralode
