package train

import (
	"math"
	"slices"

	"neuralode/graph"
)

// numberLosses are the losses of labels and features that are numbers.
var numberLosses = []string{"mse", "huber", "gaussian"}

// ofNumbers reports whether the loss is one of numbers; mse is one of two classes too.
func (m *Model) ofNumbers() bool { return slices.Contains(numberLosses, m.Loss) }

// numberLossGraph is the loss of numbers as an expression, the mean over the outputs.
func (m *Model) numberLossGraph() graph.Loss {
	switch m.Loss {
	case "huber":
		return graph.Huber(m.HuberDelta)
	case "gaussian":
		return graph.GaussianNLL(m.Outputs)
	}
	return graph.MeanSquaredError()
}

// Noise is the deviation that a model with the loss gaussian has found of each output, in units of the data; nil of
// other models.
func (m *Model) Noise() []float64 {
	scale := m.LabelScale
	if m.Series() {
		scale = m.FeatureScale
	}
	if m.Loss != "gaussian" {
		return nil
	}
	return scale.UndoRates(m.scaledNoise(), m.Outputs)
}

// scaledNoise is Noise in units of the outputs: its parameters are the last of the head.
func (m *Model) scaledNoise() []float64 {
	noise := make([]float64, m.Outputs)
	end := m.Solver.Field.ThetaLen() + m.Solver.Head.ThetaLen()
	for j, v := range m.Theta[end-m.Outputs : end] {
		noise[j] = graph.NoiseOf(v)
	}
	return noise
}

// numberLoss is the loss of one output as a formula: what the plan says of rows, said of sums of them.
type numberLoss struct {
	name  string
	delta float64   // huber
	noise []float64 // gaussian
	share []float64 // of each output in the loss of a row
}

// numberLoss is the loss of numbers by the parameters as they are.
func (m *Model) numberLoss() numberLoss {
	l := numberLoss{name: m.Loss, delta: m.HuberDelta, share: m.shares()}
	if m.Loss == "gaussian" {
		l.noise = m.scaledNoise()
	}
	return l
}

// shares are the parts of the outputs in the loss of a row: their weights, which add up to 1.
func (m *Model) shares() []float64 {
	share, sum := slices.Repeat([]float64{1}, m.Outputs), float64(m.Outputs)
	if m.Weights != nil {
		share, sum = slices.Clone(m.Weights), 0
		for _, w := range share {
			sum += w
		}
	}
	for j := range share {
		share[j] /= sum
	}
	return share
}

// of is what output j adds to the loss of a row where it misses by so much, in units of the outputs.
func (l numberLoss) of(j int, miss float64) float64 {
	loss := miss * miss
	switch l.name {
	case "huber":
		if loss /= 2; math.Abs(miss) > l.delta {
			loss = l.delta * (math.Abs(miss) - l.delta/2)
		}
	case "gaussian":
		r := miss / l.noise[j]
		loss = r*r/2 + math.Log(l.noise[j]) + math.Log(2*math.Pi)/2
	}
	return l.share[j] * loss
}
