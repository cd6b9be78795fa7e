package kernels

import "neuralode/solver"

// Optimizer is Call.optimizer.
func Optimizer(o solver.Optimizer) []float64 {
	nesterov := 0.0
	if o.Nesterov {
		nesterov = 1
	}
	return []float64{optimizerRule: float64(o.Rule), optimizerBeta1: o.Beta1, optimizerBeta2: o.Beta2,
		optimizerEpsilon: o.Epsilon, optimizerClipNorm: o.ClipNorm, optimizerMomentum: o.Momentum,
		optimizerNesterov: nesterov, optimizerWeightDecay: o.WeightDecay}
}

// Trained is Call.trained: nothing where no part of an θ of n numbers is frozen.
func Trained(o solver.Optimizer, n int) []int64 {
	if len(o.Frozen) == 0 {
		return nil
	}
	var flat []int64
	for _, r := range o.Trained(n) {
		flat = append(flat, int64(r.From), int64(r.To))
	}
	return flat
}

// Rates is Call.rates for n minibatches.
func Rates(o solver.Optimizer, rates []float64, n int) []float64 {
	all := make([]float64, n)
	for k := range all {
		all[k] = o.RateOf(rates, k)
	}
	return all
}
