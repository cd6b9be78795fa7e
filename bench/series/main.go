// Command series trains a network on observed trajectories, as the first neural ODE of diffrax's documentation does,
// and prints what it took as a line of JSON: series SEED [FILE]. FILE gets the observations, for others to train on.
//
// y' = (z2, −z1) with z = y/(1 + y) from 256 starts uniform in [−0.6, 1]², seen at 100 times from 0 to 10; a network
// 2-64-64-2 with softplus; 500 iterations on the first tenth of the times and 500 on all, of 32 series each, with Adam
// at 3e-3.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"strconv"
	"time"

	"neuralode"
	"neuralode/graph"
	"neuralode/graph/expr"
	"neuralode/solver"
)

const (
	trained    = 256 // series
	held       = 64
	moments    = 100
	iterations = 500 // of each part
	batch      = 32
	rate       = 3e-3
)

// parts are how many of the times are trained on, one part after the other.
var parts = []int{moments / 10, moments}

// observations are series at the same times.
type observations struct {
	Times []float64 `json:"times"`
	Z0    []float64 `json:"z0"`   // [series, 2]
	Z     []float64 `json:"z"`    // [series, times, 2]
	Held  int       `json:"held"` // the last of the series are not trained on
}

// report is what is printed.
type report struct {
	Peer      string    `json:"peer"`
	MSE       float64   `json:"mse"` // of the series that were held out
	Seconds   float64   `json:"seconds"`
	Iteration []float64 `json:"iteration_ms"` // of each part, the mean
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 || len(os.Args) > 3 {
		log.Fatal("usage: series SEED [FILE]")
	}
	seed, err := strconv.ParseUint(os.Args[1], 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	ctx, rng := context.Background(), rand.New(rand.NewPCG(seed, 0))
	seen, err := observe(ctx, rng)
	if err == nil && len(os.Args) == 3 {
		err = write(os.Args[2], seen)
	}
	if err != nil {
		log.Fatal(err)
	}
	r, err := train(ctx, rng, seen)
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		log.Fatal(err)
	}
}

func write(path string, seen observations) error {
	text, err := json.Marshal(seen)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

// observe solves the equation that is to be learnt.
func observe(ctx context.Context, rng *rand.Rand) (observations, error) {
	seen := observations{Held: held}
	for i := range moments {
		seen.Times = append(seen.Times, 10*float64(i)/(moments-1))
	}
	for range 2 * (trained + held) {
		seen.Z0 = append(seen.Z0, -0.6+1.6*rng.Float64())
	}
	truth := graph.Field{Dim: 2, Func: func(_, y *expr.Node, _ []*expr.Node) (*expr.Node, error) {
		z := expr.Div(y, expr.Shift(1, y))
		return expr.Columns(expr.Col(z, 1), expr.Neg(expr.Col(z, 0))), nil
	}}
	ode, err := compile(truth, nil, solver.AccurateSpec())
	if err != nil {
		return seen, err
	}
	defer ode.Close()
	s, err := ode.SolveAt(ctx, nil, seen.Z0, seen.Times)
	if err == nil {
		err = s.Err()
	}
	if err == nil {
		seen.Z = s.Saved
	}
	return seen, err
}

func compile(field graph.Field, head *graph.Head, spec solver.Spec) (*neuralode.ODE, error) {
	backend, _, err := neuralode.Open("cpu")
	if err != nil {
		return nil, err
	}
	return neuralode.New(backend, field, head, spec)
}

// train is everything that a user waits for, compilation included.
func train(ctx context.Context, rng *rand.Rand, seen observations) (report, error) {
	r, begin := report{Peer: "neuralode"}, time.Now()
	net := graph.MLP{Sizes: []int{2, 64, 64, 2}, Activation: graph.Softplus}
	field, err := net.Field()
	if err != nil {
		return r, err
	}
	spec := solver.DefaultSpec()
	spec.Gradient = solver.Discrete
	ode, err := compile(field, &graph.Head{Dim: 2, Readout: graph.Components(), Loss: graph.MeanSquaredError()}, spec)
	if err != nil {
		return r, err
	}
	defer ode.Close()
	state := solver.NewOptimizerState(net.Init(rng))
	for _, times := range parts {
		began := time.Now()
		if state, err = trainPart(ctx, rng, ode, seen.first(times), state); err != nil {
			return r, err
		}
		r.Iteration = append(r.Iteration, time.Since(began).Seconds()*1e3/iterations)
	}
	r.Seconds = time.Since(begin).Seconds()
	s, err := ode.SolveAt(ctx, state.Theta, seen.Z0[2*trained:], seen.Times)
	if err == nil {
		err = s.Err()
	}
	if err != nil {
		return r, err
	}
	want := seen.Z[2*trained*moments:]
	for i, z := range s.Saved {
		r.MSE += (z - want[i]) * (z - want[i]) / float64(len(want))
	}
	return r, nil
}

// first is the first of the times of the series to train on.
func (o observations) first(times int) solver.Data {
	d := solver.Data{Batch: solver.Batch{Z0: o.Z0[:2*trained], Times: o.Times[:times],
		Spans: []solver.Span{{T0: o.Times[0], T1: o.Times[times-1]}}}, Objective: solver.Objective{AtTimes: true}}
	for i := range trained {
		d.Labels = append(d.Labels, o.Z[2*i*moments:2*(i*moments+times)]...)
	}
	return d
}

func trainPart(ctx context.Context, rng *rand.Rand, ode *neuralode.ODE, data solver.Data, from solver.OptimizerState) (
	to solver.OptimizerState, err error) {
	session, err := ode.TrainFrom(data, solver.DefaultOptimizer(rate), from)
	if err != nil {
		return from, err
	}
	defer session.Close()
	var minibatches [][]int
	for len(minibatches) < iterations {
		minibatches = append(minibatches, rng.Perm(trained)[:batch])
	}
	if err := session.Run(ctx, minibatches, nil, func(solver.Iteration) {}); err != nil {
		return from, fmt.Errorf("training: %w", err)
	}
	return session.State()
}
