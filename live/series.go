package live

import (
	"math"
	"time"
)

// Point is an iteration as the page shows it. What is not known is NaN.
type Point struct {
	Iteration        int
	Loss             float64
	Validation       float64 // loss of the held-out samples
	Accuracy, R2     float64 // of these: of classes, of numbers
	NFEMean, NFEMax  float64
	SamplesPerSecond float64
	Elapsed          time.Duration // since the process that did it began to train
}

// The columns of a series.
const (
	iterationColumn = iota
	lossColumn
	validationColumn
	nfeMeanColumn
	nfeMaxColumn
	columnCount
)

// maxPoints is above what the width of a page can show.
const maxPoints = 4096

// series is the curves, of at most maxPoints points. When there are more, two neighbours become one, and each later point
// stands for twice as many iterations. Points that are there are never written again, so that readers need no lock.
type series struct {
	epoch   int // counts how often points were joined: places of another epoch mean others
	columns [columnCount][]float64
	each    int // iterations that a point stands for
	sum     sums
}

func newSeries() series { return series{each: 1} }

// sums gathers what becomes one point: means of what is known, the largest of what is a largest value.
type sums struct {
	n     int
	value [columnCount]float64
	known [columnCount]int
}

func (s *sums) add(p [columnCount]float64) {
	s.n++
	for c, x := range p {
		switch {
		case math.IsNaN(x):
			continue
		case c == iterationColumn || s.known[c] == 0:
			s.value[c] = x
		case c == nfeMaxColumn:
			s.value[c] = max(s.value[c], x)
		default:
			s.value[c] += x
		}
		s.known[c]++
	}
}

// take is the point, and begins the next.
func (s *sums) take() (p [columnCount]float64) {
	for c := range p {
		p[c] = s.value[c]
		if s.known[c] == 0 {
			p[c] = math.NaN()
		} else if c != iterationColumn && c != nfeMaxColumn {
			p[c] /= float64(s.known[c])
		}
	}
	*s = sums{}
	return p
}

func (s *series) len() int { return len(s.columns[iterationColumn]) }

func (s *series) add(p Point) {
	s.sum.add([columnCount]float64{float64(p.Iteration), p.Loss, p.Validation, p.NFEMean, p.NFEMax})
	if s.sum.n == s.each && s.len() == maxPoints {
		s.join()
	}
	if s.sum.n == s.each {
		s.push(s.sum.take())
	}
}

func (s *series) push(p [columnCount]float64) {
	for c, x := range p {
		s.columns[c] = append(s.columns[c], x)
	}
}

// join makes one point of every two.
func (s *series) join() {
	old := s.columns
	s.columns, s.each = [columnCount][]float64{}, 2*s.each
	s.epoch++
	var two sums
	for i := range old[iterationColumn] {
		var p [columnCount]float64
		for c := range p {
			p[c] = old[c][i]
		}
		if two.add(p); two.n == 2 {
			s.push(two.take())
		}
	}
}

// from are the points from that place on, which the caller must not change.
func (s *series) from(i int) (part [columnCount]numbers) {
	for c, column := range s.columns {
		part[c] = numbers(column[i:len(column):len(column)])
	}
	return part
}
