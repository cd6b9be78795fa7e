package dataset

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// labelError puts the place of a label before an error.
func (t *table) labelError(label int, err error) error {
	width := len(t.columns.labels)
	return fmt.Errorf("%s %d, %s: %w", t.unit, t.rows[label/width], t.columns.title(t.columns.labels[label%width]), err)
}

// numbers is the labels as real numbers.
func (t *table) numbers() ([]float64, error) {
	out := make([]float64, len(t.labels))
	for i, c := range t.labels {
		if err := c.err(); err != nil {
			return nil, t.labelError(i, err)
		}
		out[i] = c.value
	}
	return out, nil
}

// task finds out what the labels mean; see [Options].
func (t *table) task(o Options) (Task, error) {
	switch {
	case len(o.Classes) > 0:
		return t.classification(o), nil
	case len(t.columns.labels) > 1:
		return Regression, nil
	}
	text := slices.IndexFunc(t.labels, cell.isText)
	number := slices.IndexFunc(t.labels, func(c cell) bool { return !c.isText() })
	if text >= 0 && number >= 0 {
		return 0, t.mixed(text, number)
	}
	if text < 0 {
		if _, err := t.numbers(); err != nil {
			return 0, err
		}
		if !areClasses(t.labels) {
			return Regression, nil
		}
	}
	return t.classification(o), nil
}

// classification is Binary for two classes, those of the options or else those there are.
func (t *table) classification(o Options) Task {
	if k := len(o.Classes); k == 2 || k == 0 && len(distinct(t.labels)) == 2 {
		return Binary
	}
	return MultiClass
}

func (t *table) mixed(text, number int) error {
	if c := t.labels[number]; c.problem != "" {
		return t.labelError(number, c.err())
	}
	return t.labelError(text, fmt.Errorf("%w, as the label of %s %d is; if labels are classes, name the task",
		t.labels[text].err(), t.unit, t.rows[number]))
}

// areClasses says whether numbers look like classes.
func areClasses(labels []cell) bool {
	values := distinct(labels)
	for _, c := range values {
		if c.value != math.Trunc(c.value) {
			return false
		}
	}
	k, low := len(values), values[0].value
	if k <= 2 {
		return true
	}
	return (low == 0 || low == 1) && values[k-1].value-low == float64(k-1) && k <= len(labels)/2
}

// distinct is the different labels: numbers in their order, or else everything in the order of names.
func distinct(labels []cell) []cell {
	seen := map[string]bool{}
	var out []cell
	numbers := true
	for _, c := range labels {
		numbers = numbers && c.problem == ""
		if name := c.name(); !seen[name] {
			seen[name] = true
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b cell) int {
		if numbers {
			return cmp.Compare(a.value, b.value)
		}
		return strings.Compare(a.name(), b.name())
	})
	return out
}

// classes is the names of the classes and the labels as indices into them; names is empty or what they must be.
func (t *table) classes(task Task, names []string) ([]string, []float64, error) {
	if err := t.checkClasses(); err != nil {
		return nil, nil, err
	}
	if len(names) == 0 {
		for _, c := range distinct(t.labels) {
			names = append(names, c.name())
		}
		if err := t.checkCount(task, names); err != nil {
			return nil, nil, err
		}
	}
	index := map[string]float64{}
	for i, name := range names {
		index[name] = float64(i)
	}
	labels := make([]float64, len(t.labels))
	for i, c := range t.labels {
		v, ok := index[c.name()]
		if !ok {
			return nil, nil, t.labelError(i, fmt.Errorf("%.40q is none of the classes %s", c.name(), quoted(names)))
		}
		labels[i] = v
	}
	return slices.Clone(names), labels, nil
}

// checkClasses refuses labels that are neither text nor finite numbers.
func (t *table) checkClasses() error {
	for i, c := range t.labels {
		if c.problem != "" && !c.isText() {
			return t.labelError(i, c.err())
		}
	}
	return nil
}

func (t *table) checkCount(task Task, names []string) error {
	column := t.columns.title(t.columns.labels[0])
	switch {
	case len(names) < 2:
		return fmt.Errorf("%s: every label is %s: want at least two classes", column, quoted(names))
	case task == Binary && len(names) > 2:
		return fmt.Errorf("%s: %d classes, want 2: %s", column, len(names), quoted(names[:min(len(names), 5)]))
	}
	return nil
}
