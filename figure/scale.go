package figure

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
)

// scale turns labels into colours and markers: one per class, or by value between lo and hi.
type scale struct {
	classes palette // empty for real labels
	lo, hi  float64
	fade    float64 // towards white
}

// newScale is that of the data; for real labels it spans these and the other values given.
func newScale(d Data, others []float64) scale {
	s := scale{lo: math.Inf(1), hi: math.Inf(-1)}
	if d.Classes > 0 {
		s.classes = newPalette(d.Classes, d.Names)
	}
	for _, vs := range [][]float64{d.Labels, others} {
		for _, v := range vs {
			s.lo, s.hi = math.Min(s.lo, v), math.Max(s.hi, v)
		}
	}
	if s.lo > s.hi {
		s.lo, s.hi = 0, 1
	}
	if s.lo == s.hi { // one value lies in the middle
		pad := math.Max(math.Abs(s.lo)/2, 0.5)
		s.lo, s.hi = s.lo-pad, s.hi+pad
	}
	return s
}

// pale is the scale for what lies behind.
func (s scale) pale() scale {
	s.fade = 0.45
	return s
}

// colour of a label; NaN has none.
func (s scale) colour(label float64) color.NRGBA { return mix(s.full(label), white, s.fade) }

func (s scale) full(label float64) color.NRGBA {
	switch {
	case math.IsNaN(label):
		return neutral
	case len(s.classes) > 0:
		return s.classes[int(label)]
	}
	return sequential((label - s.lo) / (s.hi - s.lo))
}

func (s scale) shape(label float64) shape {
	if math.IsNaN(label) || len(s.classes) == 0 {
		return circle
	}
	return classShape(int(label))
}

// marker is that of a data point. Its edge sets it off from others and from a map: real labels may have the very
// colours of theirs, dark ones too, so their edge is white.
func (s scale) marker(label float64, r vg.Length) marker {
	edge := mix(mix(s.full(label), ink, 0.6), white, s.fade)
	if len(s.classes) == 0 {
		edge = white
	}
	return marker{s.shape(label), r, s.colour(label), edge, r / 6}
}
