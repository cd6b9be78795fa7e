package cpu_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"neuralode/graph"
	"neuralode/reference"
	"neuralode/solver"
	"neuralode/solver/cpu"
)

func TestSmoke(t *testing.T) {
	for _, p := range reference.Embedded() {
		act, _ := graph.ParseActivation(p.Activation)
		f, err := graph.MLP{Sizes: p.Sizes, Activation: act, Time: p.Time}.Field()
		if err != nil {
			t.Fatal(err)
		}
		pl, err := graph.LowerField(f)
		if err != nil {
			t.Fatal(err)
		}
		n := 8
		dim := p.Dim()
		b := solver.Batch{Z0: p.X[:n*dim], Spans: []solver.Span{{T0: p.T0, T1: p.T1}}}
		for _, g := range []solver.Gradient{solver.Discrete, solver.Backsolve} {
			for _, ctl := range []solver.Control{solver.ControlSample, solver.ControlBatch} {
				for _, saves := range [][]float64{nil, {p.T0 + 0.25*(p.T1-p.T0), p.T0 + 0.7*(p.T1-p.T0), p.T1}} {
					s := solver.DefaultSpec()
					s.Controller.Control = ctl
					s.Gradient, s.Precision, s.SaveAt = g, solver.Float64, saves
					m := solver.Model{Field: pl}
					o := solver.Objective{Cotangent: make([]float64, n*dim)}
					for i := range o.Cotangent {
						o.Cotangent[i] = math.Sin(float64(i))
					}
					if saves != nil {
						o.Saved = make([]float64, n*dim*len(saves))
						for i := range o.Saved {
							o.Saved[i] = math.Cos(float64(i))
						}
					}
					be, _ := cpu.New(cpu.Options{})
					var ds [2]*solver.Derivative
					for i, back := range []solver.Backend{solver.Reference(), be} {
						pr, err := back.Compile(m, s)
						if err != nil {
							t.Fatal(err)
						}
						ds[i], err = pr.Differentiate(context.Background(), p.Theta, b, o)
						if err != nil {
							t.Fatal(err)
						}
						if ds[i].Err() != nil {
							t.Fatal(ds[i].Err())
						}
					}
					diff := func(a, b []float64) float64 {
						d, m := 0.0, 0.0
						for i := range a {
							d = math.Max(d, math.Abs(a[i]-b[i]))
							m = math.Max(m, math.Abs(a[i]))
						}
						return d / (m + 1e-300)
					}
					fmt.Println(p.Name, g, ctl, len(saves), diff(ds[0].Z1, ds[1].Z1), diff(ds[0].Saved, ds[1].Saved), diff(ds[0].Z0, ds[1].Z0), diff(ds[0].Theta, ds[1].Theta), ds[0].Stats[0], ds[1].Stats[0], ds[0].BackStats[0], ds[1].BackStats[0])
				}
			}
		}
	}
}
