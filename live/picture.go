package live

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"neuralode/figure"
	"neuralode/portrait"
	"neuralode/solver"
	"neuralode/train"
)

// The sizes of pictures: arrows along the longer axis, trajectories and their points, cells of the map along each axis,
// and sizes of steps that are told apart.
const (
	quiver     = 16
	ways       = 40
	wayPoints  = 50
	mapCells   = 56
	stepBins   = 24
	stepDecade = 4 // of sizes below the span; smaller ones are with the smallest
)

// Scene is the model whose training is shown, at any θ.
type Scene struct {
	Model    *train.Model
	Spec     solver.Spec        // how the run solves
	Portrait *portrait.Portrait // of data of two features, solved as the run does; otherwise nil
	Series   *portrait.Series   // of a run of series, solved as the run does; otherwise nil
	Stages   []train.Stage      // of a run of series
	Solves   solver.Batch       // those whose steps are counted; there may be none
}

// Close frees what the scene was compiled to. Nothing may show it any more.
func (s *Scene) Close() error {
	switch {
	case s.Portrait != nil:
		return s.Portrait.Close()
	case s.Series != nil:
		return s.Series.Close()
	}
	return nil
}

// picture is what the page draws of one θ.
type picture struct {
	Iteration int `json:"iteration"`
	arrows
	Ways   []numbers     `json:"ways"` // x and y in turn
	Labels numbers       `json:"labels"`
	Cells  int           `json:"cells"` // of the map, along each axis
	Map    []byte        `json:"map"`   // a class, or 0 to 255 for a probability or a prediction within the labels
	Views  []viewPicture `json:"views,omitempty"`
	Steps  []int         `json:"steps"` // how many of each size
	Note   string        `json:"note,omitempty"`
}

// arrows are a field.
type arrows struct {
	Limits numbers `json:"limits,omitempty"` // x from, to, y from, to
	NX     int     `json:"nx"`               // columns
	NY     int     `json:"ny"`
	U      numbers `json:"u"` // the lowest row first
	V      numbers `json:"v"`
}

func arrowsOf(f figure.Field) arrows {
	l := f.Grid.Limits
	a := arrows{Limits: numbers{l.XMin, l.XMax, l.YMin, l.YMax}, NX: f.Grid.NX, NY: f.Grid.NY}
	for _, v := range f.Vectors {
		a.U, a.V = append(a.U, v[0]), append(a.V, v[1])
	}
	return a
}

// paint computes the picture and writes it as JSON. What cannot be solved is left out, and the note says why. A fault
// of a picture does not end the training.
func (s *Scene) paint(ctx context.Context, at train.Snapshot, labels [2]float64) (text []byte, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("live: the picture of iteration %d failed: %v", at.Iteration, fault)
		}
	}()
	model := *s.Model
	model.Theta = at.Theta
	sizes := portrait.StepSizes(ctx, &model, s.Solves, s.Spec)
	p := picture{Iteration: at.Iteration, Steps: histogram(sizes, portrait.Span(&model))}
	switch {
	case s.Portrait != nil:
		err = p.plane(ctx, s.Portrait.With(at.Theta), model.Span.T0, labels)
	case s.Series != nil:
		err = p.series(ctx, s.Series, at.Theta)
	}
	if err != nil {
		p.Note = err.Error()
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return json.Marshal(p)
}

// plane adds what is seen of two features.
func (p *picture) plane(ctx context.Context, of *portrait.Portrait, t0 float64, labels [2]float64) error {
	grid := figure.Grid{Limits: of.Limits, NX: mapCells, NY: mapCells}
	answers, err := of.Answers(ctx, grid.Points())
	if err != nil {
		return err
	}
	p.Cells, p.Map = mapCells, levels(answers, of.Data.Classes, labels)
	paths, err := of.Ways(ctx, ways, wayPoints)
	if err != nil {
		return err
	}
	for _, path := range paths.Paths {
		p.Ways = append(p.Ways, flat(path))
	}
	p.Labels = paths.Labels
	l := around(of.Limits, paths)
	p.arrows = arrowsOf(of.Field(t0, portrait.Square(l, quiver)))
	return nil
}

// Frames that trajectories need are larger than that of the data by a power of zoom, so that they seldom change, and by
// widest at most.
const (
	zoom   = 1.25
	widest = 8
)

// around is the smallest such frame about the data's that the trajectories stay within.
func around(data figure.Limits, paths figure.Trajectories) figure.Limits {
	x, y := (data.XMin+data.XMax)/2, (data.YMin+data.YMax)/2
	w, h := (data.XMax-data.XMin)/2, (data.YMax-data.YMin)/2
	far := 1.0
	for _, path := range paths.Paths {
		for _, p := range path {
			far = max(far, math.Abs(p[0]-x)/w, math.Abs(p[1]-y)/h)
		}
	}
	by := min(widest, math.Pow(zoom, math.Ceil(math.Log(far)/math.Log(zoom))))
	return figure.Limits{XMin: x - by*w, XMax: x + by*w, YMin: y - by*h, YMax: y + by*h}
}

func flat(points []figure.Point) numbers {
	xs := make(numbers, 0, 2*len(points))
	for _, p := range points {
		xs = append(xs, p[0], p[1])
	}
	return xs
}

// levels is a byte for each answer: the class of the highest score, a probability, or where a prediction lies within
// the labels.
func levels(answers []float64, classes int, labels [2]float64) []byte {
	if classes > 2 {
		bytes := make([]byte, len(answers)/classes)
		for i := range bytes {
			scores := answers[i*classes : (i+1)*classes]
			bytes[i] = byte(max(0, slices.Index(scores, slices.Max(scores)))) // not there: a NaN
		}
		return bytes
	}
	bytes, lo, hi := make([]byte, len(answers)), labels[0], labels[1]
	if classes == 2 {
		lo, hi = 0, 1
	}
	for i, v := range answers {
		if u := (v - lo) / (hi - lo); u > 0 { // and no NaN
			bytes[i] = byte(math.Round(255 * min(u, 1)))
		}
	}
	return bytes
}

// histogram counts the sizes of steps by their part of the span, in equal parts of a decade, the smallest first.
func histogram(sizes []float64, span solver.Span) []int {
	counts := make([]int, stepBins)
	for _, h := range sizes {
		u := 1 + math.Log10(h/math.Abs(span.T1-span.T0))/stepDecade
		counts[min(max(int(u*stepBins), 0), stepBins-1)]++
	}
	return counts
}
