package portrait

import (
	"context"
	"math"
	"slices"

	"neuralode/figure"
	"neuralode/solver"
)

// readOutCells are those of the read-out's map along each axis: its lines are straight or nearly so.
const readOutCells = 160

// At is where the data are at each of the times, [times][samples], in their units: their first two components. It fails
// where one of them cannot be solved.
func (p *Portrait) At(ctx context.Context, times []float64) ([][]figure.Point, error) {
	at := make([][]figure.Point, len(times))
	dim := p.model.Net.Dim()
	err := p.predictor.Solve(ctx, flat(p.Data.Points), times, func(_ int, s *solver.Solution, failed error) error {
		states := p.model.Unscale(s.Saved)
		for k := range s.End {
			for j := range times {
				z := states[(k*len(times)+j)*dim:]
				at[j] = append(at[j], figure.Point{z[0], z[1]})
			}
		}
		return failed
	})
	return at, err
}

// ends are the data at t1 with what the read-out says there.
func (p *Portrait) ends(ctx context.Context) (figure.Ends, error) {
	t1 := p.model.Span.T1
	at, err := p.At(ctx, []float64{t1})
	if err != nil {
		return figure.Ends{}, err
	}
	e := figure.Ends{Points: at[0], Time: t1, Limits: endLimits(at[0])}
	e.ReadOut, err = p.readOut(ctx, e.Limits)
	return e, err
}

// readOut is what the read-out says of states around the limits; nil where a plane does not hold them.
func (p *Portrait) readOut(ctx context.Context, l figure.Limits) (*figure.Map, error) {
	if p.model.Net.Dim() != 2 || p.Data.Classes < 2 {
		return nil, nil
	}
	w, h := l.XMax-l.XMin, l.YMax-l.YMin // a picture may make one side as long as the other, and longer
	side := max(w, h) * readOutRoom
	x, y := (l.XMin+l.XMax)/2, (l.YMin+l.YMax)/2
	room := figure.Limits{XMin: x - side, XMax: x + side, YMin: y - side, YMax: y + side}
	grid := figure.Grid{Limits: room, NX: readOutCells, NY: readOutCells}
	out, err := p.predictor.ReadOut(ctx, p.model.StatesAt(flat(grid.Points())))
	if err != nil {
		return nil, err
	}
	return &figure.Map{Grid: grid, Values: p.answers(out), Name: p.mapName()}, nil
}

// readOutRoom is how far around its middle the read-out is asked, in longer sides of what is shown.
const readOutRoom = 2

// endLimits are those of points and a margin, as far as single ones do not fly off.
func endLimits(points []figure.Point) figure.Limits {
	var lo, hi [2]float64
	for axis := range 2 {
		var xs []float64
		for _, p := range points {
			xs = append(xs, p[axis])
		}
		lo[axis], hi[axis] = mostOf(xs)
	}
	return figure.Limits{XMin: lo[0], XMax: hi[0], YMin: lo[1], YMax: hi[1]}
}

// mostOf is from the lowest to the highest number with a margin, and no farther from the middle 98 of 100 than these
// are from each other.
func mostOf(xs []float64) (lo, hi float64) {
	slices.Sort(xs)
	n := len(xs)
	from, to := xs[n/100], xs[n-1-n/100]
	lo, hi = max(xs[0], from-(to-from)), min(xs[n-1], to+(to-from))
	margin := 0.06 * (hi - lo)
	if margin <= 1e-9*math.Max(math.Abs(lo), math.Abs(hi)) {
		margin = math.Max(1, 0.1*math.Abs(lo)) // all at one place
	}
	return lo - margin, hi + margin
}
