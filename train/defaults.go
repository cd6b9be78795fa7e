package train

import (
	"fmt"
	"slices"
	"strings"

	"neuralode/dataset"
)

// AutoPatience is the Config.Patience of a new run that is settled by the task of its data.
const AutoPatience = -1

// DefaultsFor are DefaultConfig for a made data set, and for a file what does well on tables of anyone's, from a
// hundred rows on: columns in all units, and rows held out that say how good the model is. The shape of the net and the
// rates were chosen on five tables of scikit-learn (bench/tables): one wide layer of relu, a weight decay that keeps
// the map near a linear one where rows are few, and a rate that falls to zero, so that the end is no matter of chance.
// The gradient is the fastest.
//
// Iterations are settled by the rows: each is seen about 25 times, in 200 to 2000 iterations. So is patience by the
// task. A regression stops where the error of rows held out no longer falls. A classification does not: its loss rises
// with its certainty, long before its answers get worse.
func DefaultsFor(data string) Config {
	c := DefaultConfig()
	c.Data = data
	if c.made() {
		return c
	}
	c.Scale, c.Validation, c.Patience = "standard", 0.2, AutoPatience
	c.Hidden, c.Activation, c.Gradient = []int{128}, "relu", "discrete"
	c.Optimizer, c.WeightDecay, c.Rate, c.Schedule = "adamw", 0.3, 1e-2, "cosine"
	c.Iterations, c.Batch = 0, 128
	return c
}

// Presets are the two experiments of the project in JAX that this one follows, a classifier of two spirals and one of
// two circles with 1000 points a class, trained with Adam: DefaultConfig on each.
var Presets = []string{"spiral", "circle"}

// Preset is the configuration of that name, one of Presets.
func Preset(name string) (Config, error) {
	c := DefaultConfig()
	if !slices.Contains(Presets, name) {
		return c, fmt.Errorf("train: preset must be one of %s, got %q", strings.Join(Presets, ", "), name)
	}
	c.Data = name
	return c, nil
}

// What is settled by the data of a file.
const (
	leastIterations = 200
	mostIterations  = 2000
	epochs          = 25
	defaultPatience = 20
)

// settle decides what DefaultsFor leaves to the data, of which so many rows are trained on.
func (c *Config) settle(d *dataset.Dataset, rows int) {
	if c.Iterations == 0 {
		c.Iterations = min(max(epochs*rows/max(c.Batch, 1), leastIterations), mostIterations)
	}
	if c.Patience == AutoPatience {
		c.Patience = 0
		if d.Task == dataset.Regression && c.Validation > 0 {
			c.Patience = defaultPatience
		}
	}
}
