package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"neuralode"
	"neuralode/atomicfile"
	"neuralode/dataset"
	"neuralode/figure"
	"neuralode/solver"
	"neuralode/train"
)

func (a *app) plotCommand() *cobra.Command {
	device := "auto"
	c := &cobra.Command{
		Use:     "plot RUN",
		Short:   "Draw a run's figures again: loss, dynamics, decision map",
		Example: `  neuralode plot runs/spiral-20260101-120000`,
		Args:    oneArgument("a run folder"),
		RunE: func(c *cobra.Command, args []string) error {
			r, err := train.OpenRun(args[0])
			if err != nil {
				return err
			}
			backend, err := a.open(device)
			if err != nil {
				return err
			}
			a.announce()
			return a.draw(c.Context(), r, backend)
		},
	}
	c.Flags().StringVar(&device, "device", "auto", oneOf(neuralode.Devices))
	return c
}

// draw writes the figures of a run into its folder. One that cannot show what it shall does not keep the others from being
// written, and the error names each. One that cannot be written does: the others would fail for the same reason.
func (a *app) draw(ctx context.Context, r *train.Run, backend solver.Backend) error {
	err := a.drawLoss(ctx, r)
	if isOfFile(err) {
		return err
	}
	return errors.Join(err, a.drawPlane(ctx, r, backend))
}

// isOfFile reports whether a file could not be read or written.
func isOfFile(err error) bool {
	var file *fs.PathError
	return errors.As(err, &file)
}

func (a *app) drawLoss(ctx context.Context, r *train.Run) error {
	iterations, losses, err := r.Losses()
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(losses) == 0 {
		fmt.Fprintf(a.err, "loss is drawn when there are iterations\n")
		return nil
	}
	if err != nil {
		return err
	}
	return a.writeFigure(ctx, r, "loss", func() (*figure.Figure, error) { return figure.Loss(iterations, losses) })
}

// drawPlane writes the figures that show two features.
func (a *app) drawPlane(ctx context.Context, r *train.Run, backend solver.Backend) error {
	if n := r.Model.Features(); n != 2 {
		fmt.Fprintf(a.err, "dynamics and decision map are drawn for data of two features, these have %d\n", n)
		return nil
	}
	spec, err := r.Config.Spec()
	if err != nil {
		return err
	}
	p, err := newPainter(r, backend, fine(spec))
	if err != nil {
		return err
	}
	err = a.writeFigure(ctx, r, "dynamics", func() (*figure.Figure, error) { return p.dynamics(ctx) })
	if isOfFile(err) {
		return err
	}
	return errors.Join(err, a.writeFigure(ctx, r, "decision", func() (*figure.Figure, error) { return p.decision(ctx) }))
}

func (a *app) writeFigure(ctx context.Context, r *train.Run, name string, make func() (*figure.Figure, error)) error {
	f, err := make()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer gateOf(ctx).close()()
	path := filepath.Join(r.Dir, name+".png")
	if err := atomicfile.Replace(path, func(w io.Writer) error { return f.WritePNG(w) }); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%-9s %s\n", name, onLine(path))
	return nil
}

// painter evaluates a run's model where its figures need it.
type painter struct {
	run     *train.Run
	shown   *dataset.Dataset
	backend solver.Backend
	spec    solver.Spec
	data    figure.Data
	limits  figure.Limits
}

// The sizes of the figures: arrows along the longer axis, cells along each, trajectories and their points.
const (
	quiver       = 22
	trajectories = 50
	points       = 200 // a curve of fewer shows its corners
	cells        = 200
)

// The tolerances of figures, where the run's are coarser.
const (
	fineRtol = 1e-6
	fineAtol = 1e-8
)

// fine is the spec that figures are solved with. The tolerances of a training show in a figure: neighbouring points of
// the map take other steps, and the errors of their steps make its boundary wiggle. As finer steps are more, the run's
// limit is raised, and as pixels have nothing to do with each other, each has its own steps.
func fine(spec solver.Spec) solver.Spec {
	c := &spec.Controller
	c.Rtol, c.Atol = min(c.Rtol, fineRtol), min(c.Atol, fineAtol)
	c.MaxSteps = max(c.MaxSteps, solver.DefaultController().MaxSteps)
	c.Control = solver.ControlSample
	if spec.Precision == solver.TF32 { // refuses such tolerances
		spec.Precision = solver.Float32
	}
	return spec
}

func newPainter(r *train.Run, backend solver.Backend, spec solver.Spec) (*painter, error) {
	d, err := r.Shown()
	if err != nil {
		return nil, err
	}
	p := &painter{run: r, shown: d, backend: backend, spec: spec}
	for i := range d.Len() {
		p.data.Points = append(p.data.Points, figure.Point{d.X[2*i], d.X[2*i+1]})
	}
	p.data.Labels, p.data.Classes = d.Labels[:0:0], len(d.Classes)
	for i := range d.Len() {
		p.data.Labels = append(p.data.Labels, d.Labels[i*d.Width])
	}
	p.data.Names = legendNames(d)
	p.data.Axes = axisNames(d)
	p.limits = limits(p.data.Points)
	return p, nil
}

// limits are those of the data and a margin.
func limits(points []figure.Point) figure.Limits {
	l := figure.Around(points, 0)
	x, y := margin(l.XMin, l.XMax), margin(l.YMin, l.YMax)
	return figure.Limits{XMin: l.XMin - x, XMax: l.XMax + x, YMin: l.YMin - y, YMax: l.YMax + y}
}

// margin is 1 on each side, or a quarter of what the data span where 1 would dwarf them or not be seen.
func margin(lo, hi float64) float64 {
	if span := hi - lo; span > 0 && (span < 1 || span > 20) {
		return span / 4
	}
	return 1
}

// legendNames are the names of the classes, or of what a regression predicts. Numbers alone would say little in a legend.
func legendNames(d *dataset.Dataset) []string {
	if len(d.Classes) == 0 {
		return d.Targets[:1]
	}
	for _, name := range d.Classes {
		if _, err := strconv.ParseFloat(name, 64); err != nil {
			return d.Classes
		}
	}
	names := make([]string, len(d.Classes))
	for i, number := range d.Classes {
		names[i] = "class " + strings.Replace(number, "-", "−", 1)
	}
	return names
}

// axisNames are those of the columns of a file with a header; otherwise empty, for those of a state's components.
func axisNames(d *dataset.Dataset) (names [2]string) {
	if d.Named {
		copy(names[:], d.Features)
	}
	return names
}

// dynamics is the field at t0 and the way of some samples, in a frame that the ways stay within.
func (p *painter) dynamics(ctx context.Context) (*figure.Figure, error) {
	ways, err := p.ways(ctx)
	if err != nil {
		return nil, err
	}
	m := p.run.Model
	grid := square(within(p.limits, ways), quiver)
	field := figure.Field{Grid: grid, Time: m.Span.T0, Dim: m.Net.Dim()}
	f := m.Field(m.Span.T0, m.States(flat(field.Grid.Points())))
	for i := range grid.Len() {
		field.Vectors = append(field.Vectors, figure.Point{f[i*m.Net.Dim()], f[i*m.Net.Dim()+1]})
	}
	return figure.Dynamics(p.data, field, ways)
}

// square is a grid of cells about square in the picture, with that many along its longer side. The picture itself is
// square where one side is more than four times the other, see [figure.Dynamics].
func square(l figure.Limits, n int) figure.Grid {
	w, h := l.XMax-l.XMin, l.YMax-l.YMin
	if max(w, h) > 4*min(w, h) {
		return figure.Grid{Limits: l, NX: n, NY: n}
	}
	along := func(side float64) int { return int(math.Round(float64(n) * side / max(w, h))) }
	return figure.Grid{Limits: l, NX: along(w), NY: along(h)}
}

// widest is how many times as wide as the frame of the data that of the trajectories may be: beyond, the data would be
// a speck.
const widest = 8

// within are limits around the data's that the trajectories stay within, or as far around as is allowed.
func within(data figure.Limits, ways figure.Trajectories) figure.Limits {
	l := data
	for _, way := range ways.Paths {
		a := figure.Around(way, 0)
		l.XMin, l.XMax = min(l.XMin, a.XMin), max(l.XMax, a.XMax)
		l.YMin, l.YMax = min(l.YMin, a.YMin), max(l.YMax, a.YMax)
	}
	l.XMin, l.XMax = extended(data.XMin, data.XMax, l.XMin, l.XMax)
	l.YMin, l.YMax = extended(data.YMin, data.YMax, l.YMin, l.YMax)
	return l
}

// extended is lo to hi, with a margin where it goes beyond from and to, and within what is allowed around these.
func extended(from, to, lo, hi float64) (float64, float64) {
	margin, most := 0.03*(hi-lo), (widest-1)*(to-from)/2
	if lo < from {
		lo = max(lo-margin, from-most)
	}
	if hi > to {
		hi = min(hi+margin, to+most)
	}
	return lo, hi
}

// ways solves samples picked from the data.
func (p *painter) ways(ctx context.Context) (figure.Trajectories, error) {
	d, m := p.shown, p.run.Model
	n := min(trajectories, d.Len())
	var x []float64
	var t figure.Trajectories
	for _, i := range picked(p.data.Labels, n) {
		x = append(x, d.X[2*i:2*i+2]...)
		t.Labels = append(t.Labels, p.data.Labels[i])
	}
	times := evenly(m.Span.T0, m.Span.T1, points)
	err := m.SolveInBlocks(ctx, p.backend, p.spec, x, times, func(_ int, s *solver.Solution, failed error) error {
		for k := range s.End {
			way := make([]figure.Point, points)
			for j := range way {
				z := s.Saved[(k*points+j)*m.Net.Dim():]
				way[j] = figure.Point{z[0], z[1]}
			}
			t.Paths = append(t.Paths, way)
		}
		return failed
	})
	return t, err
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

// decision is what the model answers around the data.
func (p *painter) decision(ctx context.Context) (*figure.Figure, error) {
	grid := figure.Grid{Limits: p.limits, NX: cells, NY: cells}
	answer := func(points []figure.Point) ([]float64, error) { return p.answersAt(ctx, points) }
	values, err := answer(grid.Points())
	if err != nil {
		return nil, err
	}
	answers := figure.Map{Grid: grid, Values: values, At: answer}
	if p.run.Model.Loss == "mse" { // a number between those of the two classes, of which nothing makes a probability
		answers.Name = "prediction"
	}
	return figure.Decision(p.data, answers)
}

// answersAt are the model's answers at points.
func (p *painter) answersAt(ctx context.Context, points []figure.Point) ([]float64, error) {
	m := p.run.Model
	var values []float64
	err := m.SolveInBlocks(ctx, p.backend, p.spec, flat(points), nil, func(_ int, s *solver.Solution, failed error) error {
		var sample *solver.SampleError
		if errors.As(failed, &sample) && sample.End.Status == solver.Cancelled {
			return ctx.Err()
		}
		out, _ := m.Read(s.Z1, nil)
		values = append(values, p.answers(out)...)
		return nil
	})
	return values, err
}

// answers turns outputs into what the picture shows: a probability, scores, or a prediction.
func (p *painter) answers(out []float64) []float64 {
	m, classes := p.run.Model, len(p.shown.Classes)
	n := len(out) / m.Outputs
	values := make([]float64, 0, len(out))
	for i := range n {
		row := out[i*m.Outputs : (i+1)*m.Outputs]
		switch {
		case m.Loss == "bce":
			values = append(values, 1/(1+math.Exp(-row[0])))
		case m.Loss == "softmax" && classes == 2:
			values = append(values, 1/(1+math.Exp(row[0]-row[1])))
		case m.Loss == "mse" && classes == 2:
			values = append(values, math.Min(1, math.Max(0, row[0])))
		case m.Loss == "softmax":
			values = append(values, row...)
		default:
			values = append(values, row[0])
		}
	}
	return values
}

func flat(points []figure.Point) []float64 {
	x := make([]float64, 0, 2*len(points))
	for _, p := range points {
		x = append(x, p[0], p[1])
	}
	return x
}
