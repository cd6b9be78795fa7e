package bench

import (
	"context"
	"errors"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/graph"
	"neuralode/solver"
)

// lorenz is the system of Lorenz (1963), σ = 10 and β = 8/3, with ρ as the input of each sample.
func lorenz() graph.Field {
	return graph.Field{Dim: 3, Inputs: 1, InputFunc: func(_, s, rho *gorgonia.Node, _ []*gorgonia.Node) (*gorgonia.Node,
		error) {
		column := func(i int) *gorgonia.Node { return gorgonia.Must(graph.Slice(s, 1, i, i+1, 1)) }
		x, y, z := column(0), column(1), column(2)
		dx := scaled(gorgonia.Must(gorgonia.Sub(y, x)), 10)
		dy := gorgonia.Must(gorgonia.Sub(gorgonia.Must(gorgonia.HadamardProd(x, gorgonia.Must(gorgonia.Sub(rho, z)))),
			y))
		dz := gorgonia.Must(gorgonia.Sub(gorgonia.Must(gorgonia.HadamardProd(x, y)), scaled(z, 8.0/3)))
		return graph.Concat(1, dx, dy, dz)
	}}
}

func scaled(x *gorgonia.Node, by float64) *gorgonia.Node {
	return gorgonia.Must(gorgonia.HadamardProd(x, gorgonia.NewConstant(by)))
}

// ensemble times the forward solve of n Lorenz systems from (1, 0, 0), ρ from 0 to 21, over one unit of time in
// float32: the ensemble of the GPU benchmarks of Utkarsh et al. (2024).
func ensemble(b *testing.B, backend solver.Backend, n int) {
	field, err := graph.LowerField(lorenz())
	if err != nil {
		b.Fatal(err)
	}
	program, err := backend.Compile(solver.Model{Field: field}, ensembleSpec())
	if errors.Is(err, errors.ErrUnsupported) {
		b.Skip(err)
	}
	if err != nil {
		b.Fatal(err)
	}
	defer program.Close()
	batch := solver.Batch{Spans: []solver.Span{{T1: 1}}}
	for i := range n {
		batch.Z0, batch.Inputs = append(batch.Z0, 1, 0, 0), append(batch.Inputs, 21*float64(i)/float64(n))
	}
	var nfe float64
	for b.Loop() {
		s, err := program.Solve(context.Background(), nil, batch)
		if err == nil {
			err = s.Err()
		}
		if err != nil {
			b.Fatal(err)
		}
		nfe = solver.Summarize(s).NFEMean
	}
	each := b.Elapsed().Seconds() / float64(b.N)
	b.ReportMetric(1e3*each, "ms")
	b.ReportMetric(nfe, "NFE")
	b.ReportMetric(float64(n)/each, "samples/s")
}

// ensembleSpec has the published atol, 1e-8, and for the rtol, 1e-8 too, the least that float32 holds.
func ensembleSpec() solver.Spec {
	spec := solver.DefaultSpec()
	spec.Gradient, spec.Controller.Rtol, spec.Controller.Atol = solver.NoGradient, 0x1p-23, 1e-8
	return spec
}
