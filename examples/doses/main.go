// Command doses finds how fast a drug is absorbed and eliminated, and in how much it is spread, from blood samples of
// twelve patients who took it at times of their own; and then, for each, when the concentration falls below a level, and
// how much longer a larger last dose holds it. The blood samples are made with 1.2 and 0.2 an hour and 15 litres, with 5 %
// of noise. With -picture it draws them, and what was found.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"os"

	"neuralode"
	"neuralode/figure"
	"neuralode/graph"
	"neuralode/graph/expr"
	"neuralode/solver"
)

const (
	patients = 12
	shown    = 3   // of them, in the end
	level    = 1.0 // milligrams per litre
	day      = 24.0
)

// kinetics is a drug that goes from the gut into the blood, milligrams in both, and leaves it. Its parameters are
// logarithms: of rates per hour and of the litres in which it is spread.
func kinetics() graph.Field {
	concentration := func(z, volume *expr.Node) *expr.Node { return expr.Mul(expr.Col(z, 1), expr.Exp(expr.Neg(volume))) }
	return graph.Field{Dim: 2, Params: []graph.Param{{Name: "absorption"}, {Name: "elimination"}},
		Func: func(_, z *expr.Node, theta []*expr.Node) (*expr.Node, error) {
			in := expr.Mul(expr.Exp(theta[0]), expr.Col(z, 0))
			out := expr.Mul(expr.Exp(theta[1]), expr.Col(z, 1))
			return expr.Columns(expr.Neg(in), expr.Sub(in, out)), nil
		},
		Events: []graph.Event{{Name: "too low", Direction: graph.Falling, Params: []graph.Param{{Name: "volume"}},
			Condition: func(m graph.Moment) (*expr.Node, error) {
				return expr.Shift(-level, concentration(m.Z, m.Theta[0])), nil
			}}}}
}

// blood reads the concentration off the state; the loss is in parts of what was measured.
func blood() graph.Head {
	return graph.Head{Dim: 2, Readout: graph.Readout{
		Params: func(int) []graph.Param { return []graph.Param{{Name: "volume"}} },
		Func: func(z *expr.Node, theta []*expr.Node) (*expr.Node, error) {
			return expr.Mul(expr.Col(z, 1), expr.Exp(expr.Neg(theta[0]))), nil
		}}, Loss: graph.MeanSquaredError()}
}

// prescribe gives each patient three or four doses at times of their own.
func prescribe(rng *rand.Rand) solver.Batch {
	b := solver.Batch{Z0: make([]float64, 2*patients), Spans: []solver.Span{{T1: day}}, Offsets: []int{0}, JumpOffsets: []int{0}}
	for i := range patients {
		for j := range 3 + i%2 {
			b.Jumps = append(b.Jumps, 5*float64(j)+2*rng.Float64())
			b.Amounts = append(b.Amounts, 30+10*float64(i%3), 0) // into the gut
		}
		for at := 1.5; at < day; at += 1.5 + rng.Float64() {
			b.Times = append(b.Times, at)
		}
		b.JumpOffsets, b.Offsets = append(b.JumpOffsets, len(b.Jumps)), append(b.Offsets, len(b.Times))
	}
	return b
}

func main() {
	picture := flag.String("picture", "", "a PNG `file` to draw what was found into")
	flag.Parse()
	ctx, head := context.Background(), blood()
	backend, _, err := neuralode.Open("cpu")
	check(err)
	spec := solver.AccurateSpec()
	spec.Controller.Rtol, spec.Controller.Atol = 1e-5, 1e-6
	ode, err := neuralode.New(backend, kinetics(), &head, spec)
	check(err)
	defer ode.Close()

	rng, truth := rand.New(rand.NewPCG(1, 2)), []float64{math.Log(1.2), math.Log(0.2), math.Log(15)}
	b := prescribe(rng)
	made, err := ode.SolveBatch(ctx, truth, b)
	check(err)
	labels := make([]float64, len(b.Times))
	for i := range labels {
		labels[i] = made.Saved[2*i+1] / 15 * (1 + 0.05*rng.NormFloat64())
	}

	theta := fit(ctx, ode, solver.Data{Batch: b, Objective: solver.Objective{AtTimes: true, Labels: labels}})
	fmt.Printf("absorption %.2f an hour, elimination %.3f an hour, %.1f litres\n", math.Exp(theta[0]), math.Exp(theta[1]),
		math.Exp(theta[2]))
	fallen(ctx, ode, theta, b)
	if *picture != "" {
		draw(ctx, ode, theta, b, labels, *picture)
	}
}

// fit finds the parameters, by Adam.
func fit(ctx context.Context, ode *neuralode.ODE, data solver.Data) []float64 {
	session, err := ode.Train(data, solver.DefaultOptimizer(0.1), []float64{0, -1, 2})
	check(err)
	everybody := make([]int, patients)
	for i := range everybody {
		everybody[i] = i
	}
	for k := range 600 {
		rate := 0.1 * math.Pow(0.01, float64(k)/600)
		check(session.Run(ctx, [][]int{everybody}, []float64{rate}, func(solver.Iteration) {}))
	}
	state, err := session.State()
	check(err)
	return state.Theta
}

// fallen says of three patients when the concentration falls below the level for the last time, and how much later a
// milligram more of the last dose makes that: a derivative of an event's time.
func fallen(ctx context.Context, ode *neuralode.ODE, theta []float64, b solver.Batch) {
	s, err := ode.SolveBatch(ctx, theta, b)
	check(err)
	most := 0
	for _, events := range s.Events {
		most = max(most, len(events))
	}
	o := solver.Objective{Cotangent: make([]float64, 2*patients), EventTimes: make([]float64, patients*most)}
	for i, events := range s.Events {
		if len(events) > 0 {
			o.EventTimes[i*most+len(events)-1] = 1
		}
	}
	d, err := ode.Differentiate(ctx, theta, b, o)
	check(err)
	check(d.Err())
	for i, events := range s.Events[:shown] {
		if len(events) == 0 {
			fmt.Printf("patient %d: above %g mg/l to the end\n", i, level)
			continue
		}
		last := 2 * (b.JumpOffsets[i+1] - 1)
		fmt.Printf("patient %d: below %g mg/l at %.1f h, %.1f min later for a milligram more\n", i, level,
			events[len(events)-1].T, 60*d.Amounts[last])
	}
}

// draw shows three patients.
func draw(ctx context.Context, ode *neuralode.ODE, theta []float64, b solver.Batch, labels []float64, file string) {
	fine := b
	fine.Times, fine.Offsets = nil, nil
	for k := range 481 {
		fine.Times = append(fine.Times, day*float64(k)/480)
	}
	s, err := ode.SolveBatch(ctx, theta, fine)
	check(err)
	volume := math.Exp(theta[2])
	var tracks []figure.Track
	for i := range shown {
		track := figure.Track{Name: fmt.Sprintf("patient %d", i)}
		for k, at := range fine.Times {
			track.Curve = append(track.Curve, figure.Point{at, s.Saved[2*(481*i+k)+1] / volume})
		}
		for k, at := range b.TimesOf(i) {
			track.Observed = append(track.Observed, figure.Point{at, labels[b.Offsets[i]+k]})
		}
		tracks = append(tracks, track)
	}
	f, err := figure.Tracks([2]string{"hours", "milligrams per litre"}, tracks, figure.Frame(tracks))
	check(err)
	out, err := os.Create(file)
	check(err)
	check(f.WritePNG(out))
	check(out.Close())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
