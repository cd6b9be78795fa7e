// Command fit finds the four rates of a predator-prey system, x' = αx − βxy and y' = δxy − γy, from observations with
// noise of 2 % of their deviation, and prints what it took as a line of JSON: fit SEED [FILE]. FILE gets the
// observations, for others to fit.
//
// The rates are 1.5, 1, 3 and 1; eight series from 1 to 4.5 prey and 1 to 2.2 predators are seen at 200 times from 0 to
// 10. The search begins at 1, 1, 1 and 1, and at the first observations, which it fits too.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"time"

	"neuralode"
	"neuralode/dataset"
	"neuralode/graph"
	"neuralode/graph/expr"
	"neuralode/solver"
)

var (
	truth = []float64{1.5, 1, 3, 1}
	first = []float64{1, 1, 1, 1}
)

const (
	moments = 200
	noise   = 0.02 // in units of the deviation
)

// observations are series at the same times.
type observations struct {
	Times []float64   `json:"times"`
	X     [][]float64 `json:"x"` // of each series, [times, 2]
	Truth []float64   `json:"truth"`
	First []float64   `json:"first"`
}

// report is what is printed.
type report struct {
	Peer    string    `json:"peer"`
	Theta   []float64 `json:"theta"`
	Worst   float64   `json:"worst"` // relative error of a rate
	Seconds float64   `json:"seconds"`
	Looks   int       `json:"looks"` // evaluations of the loss and its gradient
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 || len(os.Args) > 3 {
		log.Fatal("usage: fit SEED [FILE]")
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		log.Fatal(err)
	}
}

func run(seed string, file []string) error {
	n, err := strconv.ParseUint(seed, 10, 64)
	if err != nil {
		return err
	}
	ctx := context.Background()
	seen, err := observe(ctx, rand.New(rand.NewPCG(n, 0)))
	if err != nil {
		return err
	}
	for _, path := range file {
		text, err := json.Marshal(seen)
		if err == nil {
			err = os.WriteFile(path, text, 0o644)
		}
		if err != nil {
			return err
		}
	}
	began := time.Now()
	fitted, err := neuralode.Fit(ctx, predation(), first, seen.series())
	if err != nil {
		return err
	}
	r := report{"neuralode", fitted.Theta, 0, time.Since(began).Seconds(), fitted.Evaluations}
	for i, v := range r.Theta {
		r.Worst = math.Max(r.Worst, math.Abs(v/truth[i]-1))
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

func predation() graph.Field {
	return graph.Field{Dim: 2, Params: []graph.Param{{Name: "alpha"}, {Name: "beta"}, {Name: "gamma"}, {Name: "delta"}},
		Func: func(_, z *expr.Node, p []*expr.Node) (*expr.Node, error) {
			x, y := expr.Col(z, 0), expr.Col(z, 1)
			xy := expr.Mul(x, y)
			return expr.Columns(expr.Sub(expr.Mul(p[0], x), expr.Mul(p[1], xy)),
				expr.Sub(expr.Mul(p[3], xy), expr.Mul(p[2], y))), nil
		}}
}

// observe solves the equation and adds the noise.
func observe(ctx context.Context, rng *rand.Rand) (*observations, error) {
	seen := &observations{Truth: truth, First: first}
	for i := range moments {
		seen.Times = append(seen.Times, 10*float64(i)/(moments-1))
	}
	backend, _, err := neuralode.Open("cpu")
	if err != nil {
		return nil, err
	}
	ode, err := neuralode.New(backend, predation(), nil, solver.AccurateSpec())
	if err != nil {
		return nil, err
	}
	defer ode.Close()
	for i := range 8 {
		s, err := ode.SolveAt(ctx, truth, []float64{1 + float64(i)/2, 1 + float64(i)/6}, seen.Times)
		if err == nil {
			err = s.Err()
		}
		if err != nil {
			return nil, err
		}
		seen.X = append(seen.X, s.Saved)
	}
	scale, _ := seen.series().Standardise()
	for _, x := range seen.X {
		for k := range x {
			x[k] += noise * scale.Std[k%2] * rng.NormFloat64()
		}
	}
	return seen, nil
}

// series are the observations as a program reads them.
func (o *observations) series() *dataset.Series {
	s := &dataset.Series{Offsets: []int{0}, Dim: 2, Features: []string{"x", "y"}, TimeName: "t"}
	for i, x := range o.X {
		s.IDs, s.Times, s.X = append(s.IDs, fmt.Sprint(i)), append(s.Times, o.Times...), append(s.X, x...)
		s.Offsets = append(s.Offsets, len(s.Times))
	}
	return s
}
