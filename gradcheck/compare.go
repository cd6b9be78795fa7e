package gradcheck

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"neuralode/solver"
)

// Fault is a derivative that is not what it should be.
type Fault struct {
	Gradient    solver.Gradient
	Of          string // a parameter, "z0", "inputs", "signals", "t0", "t1" or "times"
	Entry       []int  // of its numbers the one that is farthest off; nil where only the whole is known
	Got, Want   float64
	By          string  // whose Want is: "finite differences", or a mode
	Uncertainty float64 // of Want
}

func (f Fault) String() string {
	of := f.Of
	if f.Entry != nil {
		of += strings.ReplaceAll(fmt.Sprint(f.Entry), " ", ", ")
	}
	known := ""
	if f.Uncertainty > 0 {
		known = fmt.Sprintf(" (known to %.1g)", f.Uncertainty)
	}
	return fmt.Sprintf("∂L/∂%s by %v is %.6g, by %s %.6g%s", of, f.Gradient, f.Got, f.By, f.Want, known)
}

// differences is what a Fault calls them.
const differences = "finite differences"

// Error says which derivatives do not agree, those by finite differences first.
type Error struct{ Faults []Fault }

func (e *Error) Error() string {
	var texts []string
	for _, f := range e.Faults[:min(len(e.Faults), mostFaults)] {
		texts = append(texts, f.String())
	}
	if more := len(e.Faults) - mostFaults; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return "gradcheck: " + strings.Join(texts, "; ")
}

const mostFaults = 5

// compare holds the modes that gave a derivative to finite differences and to each other.
func (c *checker) compare() error {
	for i := range c.report.Modes {
		m := &c.report.Modes[i]
		if m.Err != nil {
			m.ToDifferences, m.ToOthers = math.NaN(), math.NaN()
		}
	}
	for at, q := range c.parts {
		for _, v := range c.directions(q, at) {
			if err := c.toDifferences(q, v); err != nil {
				return err
			}
		}
	}
	for _, q := range c.parts {
		c.toOthers(q)
	}
	return nil
}

// toDifferences holds the modes to the difference along v.
func (c *checker) toDifferences(q part, v []float64) error {
	d, err := c.difference(q, v)
	if err != nil {
		return err
	}
	d.size = max(math.Abs(d.Value), norm(q.of(c.exact[c.best]))/math.Sqrt(float64(len(v))), c.least(q))
	c.report.Differences = append(c.report.Differences, d)
	for i := range c.report.Modes {
		m := &c.report.Modes[i]
		if m.Err != nil {
			continue
		}
		got := dot(q.of(c.exact[i]), v)
		if off := math.Abs(got - d.Value); off > 0 && !math.IsInf(d.Uncertainty, 1) {
			m.ToDifferences = math.Max(m.ToDifferences, off/d.size)
		}
		if !d.allows(got) && !c.blamed(m.Gradient, q.name) {
			f, err := c.locate(q, i, got, d)
			if err != nil {
				return err
			}
			c.faults = append(c.faults, f)
		}
	}
	return nil
}

// least is the size below which a part's derivative is rounding: a billionth of what the loss changes by with a part of
// the most effect, for a change of this one by its own size.
func (c *checker) least(q part) float64 {
	most := 1e-290 // where all are zeros
	for _, other := range c.parts {
		most = math.Max(most, norm(other.of(c.exact[c.best]))*other.scale())
	}
	return 1e-9 * most / q.scale()
}

// allows reports whether a derivative along the direction is the difference, as far as that is known.
func (d Difference) allows(got float64) bool {
	return math.Abs(got-d.Value) <= Bound*d.size+10*d.Uncertainty
}

func (c *checker) blamed(mode solver.Gradient, name string) bool {
	return slices.ContainsFunc(c.faults, func(f Fault) bool { return f.Gradient == mode && f.Of == name })
}

// mostEntries is how many numbers of a part are looked at one by one.
const mostEntries = 32

// locate finds the number of a part that is farthest off, among those with the largest derivatives.
func (c *checker) locate(q part, mode int, got float64, along Difference) (Fault, error) {
	gradient := c.report.Modes[mode].Gradient
	whole := Fault{Gradient: gradient, Of: q.name, Got: got, Want: along.Value, By: differences,
		Uncertainty: along.Uncertainty}
	if len(q.value) == 1 {
		return whole, nil
	}
	g := q.of(c.exact[mode])
	order := make([]int, len(g))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(math.Abs(g[b]), math.Abs(g[a])) })
	if len(order) > mostEntries { // half of them the largest, half the smallest: a zero may be what is wrong
		order = slices.Concat(order[:mostEntries/2], order[len(order)-mostEntries/2:])
	}
	worst := 0.0
	for _, i := range order {
		v := make([]float64, len(g))
		v[i] = 1
		d, err := c.difference(q, v)
		if err != nil {
			return Fault{}, err
		}
		if off := math.Abs(g[i] - d.Value); off > worst && off > 10*d.Uncertainty {
			worst = off
			whole = Fault{Gradient: gradient, Of: q.name, Entry: q.index(i), Got: g[i], Want: d.Value, By: differences,
				Uncertainty: d.Uncertainty}
		}
	}
	return whole, nil
}

// toOthers holds a part of each mode to those of the others.
func (c *checker) toOthers(q part) {
	for i := range c.report.Modes {
		for j := range c.report.Modes {
			m, other := &c.report.Modes[i], c.report.Modes[j]
			if i == j || m.Err != nil || other.Err != nil {
				continue
			}
			got, want := q.of(c.exact[i]), q.of(c.exact[j])
			apart := norm(minus(got, want)) / math.Max(norm(want), c.least(q))
			m.ToOthers = math.Max(m.ToOthers, apart)
			if i > j && !(apart <= Bound) && !c.blamed(m.Gradient, q.name) && !c.blamed(other.Gradient, q.name) {
				k := farthest(got, want)
				c.faults = append(c.faults, Fault{Gradient: m.Gradient, Of: q.name, Entry: q.index(k), Got: got[k],
					Want: want[k], By: other.Gradient.String()})
			}
		}
	}
}

func farthest(x, y []float64) int {
	at := 0
	for i := range x {
		if math.Abs(x[i]-y[i]) > math.Abs(x[at]-y[at]) {
			at = i
		}
	}
	return at
}

// judge differentiates under the spec itself, by every mode.
func (c *checker) judge() error {
	if c.p.Backend == nil {
		return nil
	}
	exact := c.exact[c.best]
	for i := range c.report.Modes {
		m := &c.report.Modes[i]
		m.Theta, m.Z0 = math.NaN(), math.NaN()
		spec := c.p.Spec
		spec.Gradient = m.Gradient
		d, err := c.underSpec(spec)
		if errors.Is(err, errors.ErrUnsupported) {
			m.SpecErr = err
			continue
		}
		if err != nil {
			return err
		}
		if m.SpecErr = d.Err(); m.SpecErr == nil {
			m.Theta, m.Z0 = distance(d.Theta, exact.Theta), distance(d.Z0, exact.Z0)
		}
	}
	return nil
}

func (c *checker) underSpec(spec solver.Spec) (*solver.Derivative, error) {
	program, err := c.p.Backend.Compile(c.p.Model, spec)
	if err != nil {
		return nil, err
	}
	defer program.Close()
	return program.Differentiate(c.ctx, c.p.Theta, c.p.Batch, c.p.Goal)
}
