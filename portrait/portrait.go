package portrait

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"neuralode/dataset"
	"neuralode/figure"
	"neuralode/solver"
	"neuralode/train"
)

// Portrait is a model of two features with the samples that its pictures show. It is for one goroutine at a time;
// several of one model may be used at once.
type Portrait struct {
	Data   figure.Data
	Limits figure.Limits // those of the data and a margin

	model     *train.Model
	predictor *train.Predictor // of the model
	shown     *dataset.Dataset
}

// New is the portrait of a model with some labelled samples, as train.Run.Shown gives them, solved on the backend as
// spec says; Fine is such a spec. It is compiled here, once for all that it draws: close it when it is no longer used.
// It is an error if the data have not two features, or no labels.
func New(m *train.Model, shown *dataset.Dataset, backend solver.Backend, spec solver.Spec) (*Portrait, error) {
	if m.Features() != 2 || shown.Dim != 2 {
		return nil, fmt.Errorf("portrait: the model has %d features and the data %d, want 2", m.Features(), shown.Dim)
	}
	if len(shown.Labels) == 0 {
		return nil, fmt.Errorf("portrait: the data are %v, want labels: series have pictures of their own", shown.Task)
	}
	predictor, err := m.Compile(backend, spec)
	if err != nil {
		return nil, err
	}
	p := &Portrait{model: m, predictor: predictor, shown: shown}
	for i := range shown.Len() {
		p.Data.Points = append(p.Data.Points, figure.Point{shown.X[2*i], shown.X[2*i+1]})
		p.Data.Labels = append(p.Data.Labels, shown.Labels[i*shown.Width])
	}
	p.Data.Classes, p.Data.Names, p.Data.Axes = len(shown.Classes), legendNames(shown), axisNames(shown)
	p.Limits = limits(p.Data.Points)
	return p, nil
}

// With is the portrait with other parameters, of which it keeps the memory. It is good as long as p is.
func (p *Portrait) With(theta []float64) *Portrait {
	other := *p
	other.predictor = p.predictor.With(theta)
	other.model = other.predictor.Model()
	return &other
}

// Close frees what was compiled.
func (p *Portrait) Close() error { return p.predictor.Close() }

// The tolerances of pictures, where the run's are coarser.
const (
	fineRtol = 1e-6
	fineAtol = 1e-8
)

// Fine is the spec that figures are solved with. The tolerances of a training show in a figure: neighbouring points of
// the map take other steps, and the errors of their steps make its boundary wiggle. As finer steps are more, the run's
// limit is raised, and as pixels have nothing to do with each other, each has its own steps.
func Fine(spec solver.Spec) solver.Spec {
	c := &spec.Controller
	c.Rtol, c.Atol = min(c.Rtol, fineRtol), min(c.Atol, fineAtol)
	c.MaxSteps, c.MinStep = max(c.MaxSteps, solver.DefaultController().MaxSteps), 0
	return Quick(spec)
}

// Quick is the spec that pictures of a moment are solved with: the run's tolerances, and as in Fine own steps for each
// sample. It is for the CPU, which has no TF32.
func Quick(spec solver.Spec) solver.Spec {
	spec.Controller.Control = solver.ControlSample
	if spec.Precision == solver.TF32 { // refuses fine tolerances too
		spec.Precision = solver.Float32
	}
	return spec
}

// Ways solves that many samples, or all where there are fewer, picked from the data evenly over their labels, with
// states at so many times, 2 or more, from t0 to t1. It fails where one of them cannot be solved.
func (p *Portrait) Ways(ctx context.Context, samples, points int) (figure.Trajectories, error) {
	var x []float64
	var t figure.Trajectories
	for _, i := range picked(p.Data.Labels, min(samples, len(p.Data.Points))) {
		x = append(x, p.Data.Points[i][:]...)
		t.Labels = append(t.Labels, p.Data.Labels[i])
	}
	times := evenly(p.model.Span.T0, p.model.Span.T1, points)
	dim := p.model.Net.Dim()
	err := p.predictor.Solve(ctx, x, times, func(_ int, s *solver.Solution, failed error) error {
		states := p.model.Unscale(s.Saved)
		for k := range s.End {
			way := make([]figure.Point, points)
			for j := range way {
				z := states[(k*points+j)*dim:]
				way[j] = figure.Point{z[0], z[1]}
			}
			t.Paths = append(t.Paths, way)
		}
		return failed
	})
	return t, err
}

// Field is the right-hand side at time t on the grid, where the components that the picture does not show are 0.
func (p *Portrait) Field(t float64, grid figure.Grid) figure.Field {
	return figure.Field{Grid: grid, Time: t, Dim: p.model.Net.Dim(), Vectors: fieldOn(p.model, t, grid)}
}

// fieldOn is the right-hand side of a model at its time t on a grid of its first two features, the others 0.
func fieldOn(m *train.Model, t float64, grid figure.Grid) (vectors []figure.Point) {
	dim := m.Net.Dim()
	f := m.UnscaleRates(m.Field(t, m.StatesAt(flat(grid.Points()))))
	for i := range grid.Len() {
		vectors = append(vectors, figure.Point{f[i*dim], f[i*dim+1]})
	}
	return vectors
}

// picked returns n samples, in ascending order, that stand for all labels: taken evenly in the order of the labels.
func picked(labels []float64, n int) []int {
	order := make([]int, len(labels))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(labels[a], labels[b]) })
	some := make([]int, n)
	for k := range some {
		some[k] = order[k*len(order)/n]
	}
	slices.Sort(some)
	return some
}

// evenly are count numbers from a to b, both included, equally far from each other.
func evenly(a, b float64, count int) []float64 {
	x := make([]float64, count)
	for i := range x {
		x[i] = a + (b-a)*(float64(i)/float64(count-1))
	}
	x[count-1] = b
	return x
}

func flat(points []figure.Point) []float64 {
	x := make([]float64, 0, 2*len(points))
	for _, p := range points {
		x = append(x, p[0], p[1])
	}
	return x
}
