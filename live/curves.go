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

// The columns of curves.
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

// curves are what the page draws over the iterations, of at most maxPoints points. When there are more, two neighbours
// become one, and each later point stands for twice as many iterations. Points that are there are never written again,
// so that readers need no lock.
type curves struct {
	epoch   int // counts how often points were joined: places of another epoch mean others
	columns [columnCount][]float64
	each    int // iterations that a point stands for
	sum     sums
}

func newCurves() curves { return curves{each: 1} }

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

func (c *curves) len() int { return len(c.columns[iterationColumn]) }

func (c *curves) add(p Point) {
	c.sum.add([columnCount]float64{float64(p.Iteration), p.Loss, p.Validation, p.NFEMean, p.NFEMax})
	if c.sum.n == c.each && c.len() == maxPoints {
		c.join()
	}
	if c.sum.n == c.each {
		c.push(c.sum.take())
	}
}

func (c *curves) push(p [columnCount]float64) {
	for j, x := range p {
		c.columns[j] = append(c.columns[j], x)
	}
}

// join makes one point of every two.
func (c *curves) join() {
	old := c.columns
	c.columns, c.each = [columnCount][]float64{}, 2*c.each
	c.epoch++
	var two sums
	for i := range old[iterationColumn] {
		var p [columnCount]float64
		for j := range p {
			p[j] = old[j][i]
		}
		if two.add(p); two.n == 2 {
			c.push(two.take())
		}
	}
}

// from are the points from that place on, which the caller must not change.
func (c *curves) from(i int) (part [columnCount]numbers) {
	for j, column := range c.columns {
		part[j] = numbers(column[i:len(column):len(column)])
	}
	return part
}
