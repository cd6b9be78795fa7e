package figure

import (
	"errors"
	"fmt"
	"math"
)

// problems collects everything that is wrong with the input of a figure.
type problems []error

func (p *problems) add(format string, args ...any) {
	*p = append(*p, fmt.Errorf("figure: "+format, args...))
}

// length reports a slice that has not one entry per thing.
func (p *problems) length(what string, got, want int, things string) {
	if got != want {
		p.add("%d %s for %d %s", got, what, want, things)
	}
}

// finite reports the first value that is not finite, and how many more there are.
func (p *problems) finite(what string, n int, value func(int) []float64) {
	first, more := -1, 0
	for i := range n {
		switch {
		case finite(value(i)...):
		case first < 0:
			first = i
		default:
			more++
		}
	}
	if first >= 0 {
		p.add("%s %d is %v, want it finite%s", what, first, bare(value(first)), andMore(more))
	}
}

// bare writes a single number without brackets.
func bare(xs []float64) any {
	if len(xs) == 1 {
		return xs[0]
	}
	return xs
}

func andMore(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (and %d more)", n)
}

func (p problems) err() error { return errors.Join(p...) }

func finite(xs ...float64) bool {
	for _, x := range xs {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}
