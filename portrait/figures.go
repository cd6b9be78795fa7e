package portrait

import (
	"context"
	"errors"
	"math"

	"neuralode/figure"
	"neuralode/solver"
)

// The sizes of the figures: arrows along the longer axis, cells along each, trajectories and their points.
const (
	quiver       = 22
	trajectories = 50
	points       = 200 // a curve of fewer shows its corners
	cells        = 200
)

// Dynamics is the field at t0 and the way of some samples, in a frame that the ways stay within, and beside it where
// the data are at t1.
func (p *Portrait) Dynamics(ctx context.Context) (*figure.Figure, error) {
	ways, err := p.Ways(ctx, trajectories, points)
	if err != nil {
		return nil, err
	}
	ends, err := p.ends(ctx)
	if err != nil {
		return nil, err
	}
	return figure.DynamicsWithEnds(p.Data, p.Field(p.model.Span.T0, Square(within(p.Limits, ways), quiver)), ways, ends)
}

// Decision is what the model answers around the data.
func (p *Portrait) Decision(ctx context.Context) (*figure.Figure, error) {
	grid := figure.Grid{Limits: p.Limits, NX: cells, NY: cells}
	answer := func(points []figure.Point) ([]float64, error) { return p.Answers(ctx, points) }
	values, err := answer(grid.Points())
	if err != nil {
		return nil, err
	}
	return figure.Decision(p.Data, figure.Map{Grid: grid, Values: values, At: answer, Name: p.mapName()})
}

// mapName is what the values of a map are; "" for what the picture says itself.
func (p *Portrait) mapName() string {
	if p.model.Loss == "mse" { // a number between those of the two classes, of which nothing makes a probability
		return "prediction"
	}
	return ""
}

// Answers are the model's answers at points, as figure.Map has them: a probability, scores, or a prediction.
func (p *Portrait) Answers(ctx context.Context, points []figure.Point) ([]float64, error) {
	var values []float64
	err := p.predictor.Solve(ctx, flat(points), nil, func(_ int, s *solver.Solution, failed error) error {
		var sample *solver.SampleError
		if errors.As(failed, &sample) && sample.End.Status == solver.Cancelled {
			return ctx.Err()
		}
		out, err := p.predictor.ReadOut(ctx, s.Z1)
		values = append(values, p.answers(out)...)
		return err
	})
	return values, err
}

// answers turns outputs into what the picture shows: a probability, scores, or a prediction.
func (p *Portrait) answers(out []float64) []float64 {
	m, classes := p.model, len(p.shown.Classes)
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
