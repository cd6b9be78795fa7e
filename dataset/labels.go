package dataset

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// labels is the label columns of a table: numbers once they can be nothing else, before that the different labels of
// the one column and which of them each row has.
type labels struct {
	numbers []float64 // [n, columns]
	real    bool      // numbers holds the labels

	which    []int32  // [n], indices into distinct
	distinct []*label // in the order in which they appear
	known    map[string]int32
}

// label is one of the different labels.
type label struct {
	cell
	row int // where it appears first
}

// mostClasses is how many whole numbers are taken for classes without being asked for: more are measurements, and each
// different label costs memory.
const mostClasses = 10_000

// addLabel appends the label of a row.
func (t *table) addLabel(row, column int, c cell) error {
	l := &t.labels
	if c.kind == missing {
		return t.errorAt(row, column, fmt.Errorf("%w%s", c.problem(), t.remedy(column, c)))
	}
	if l.real {
		v, err := t.number(row, column, c)
		l.numbers = append(l.numbers, v)
		return err
	}
	i, ok := l.known[c.name()]
	if !ok {
		c.text = strings.Clone(c.name()) // the field keeps its whole line in memory
		if err := checkUTF8(c.text); err != nil {
			return t.errorAt(row, column, err)
		}
		i = int32(len(l.distinct))
		l.known[c.text] = i
		l.distinct = append(l.distinct, &label{c, row})
	}
	l.which = append(l.which, i)
	if !ok && !t.options.classes() && (!c.isWhole() || len(l.distinct) > mostClasses) {
		return t.makeReal()
	}
	return nil
}

// classes says whether labels are classes whatever they look like.
func (o Options) classes() bool { return o.Task.classes() || len(o.Classes) > 0 }

// isWhole says whether the label could be the number of a class, or is a text.
func (l cell) isWhole() bool {
	return l.kind == word || l.kind == logical || l.kind == number && l.value == math.Trunc(l.value)
}

// makeReal turns the labels so far into numbers.
func (t *table) makeReal() error {
	l := &t.labels
	if err := t.checkMixture(); err != nil {
		return err
	}
	for _, i := range l.which {
		d := l.distinct[i]
		v, err := t.number(d.row, t.columns.labels[0], d.cell)
		if err != nil {
			return err
		}
		l.numbers = append(l.numbers, v)
	}
	l.real, l.which, l.distinct, l.known = true, nil, nil, nil
	return nil
}

// checkMixture reports labels of which some are numbers and some are not.
func (t *table) checkMixture() error {
	text := slices.IndexFunc(t.labels.distinct, func(l *label) bool { return !l.isNumber() })
	number := slices.IndexFunc(t.labels.distinct, func(l *label) bool { return l.isNumber() })
	if text < 0 || number < 0 {
		return nil
	}
	of, beside := t.labels.distinct[text], t.labels.distinct[number]
	return t.errorAt(of.row, t.columns.labels[0],
		fmt.Errorf("%.40q is not a number, as the label of %s %d is; if labels are classes, name the task", of.text,
			t.unit, beside.row))
}

// decide finds out what the labels mean; see [Options].
func (t *table) decide() (Task, error) {
	l := &t.labels
	switch {
	case l.real:
		return Regression, nil
	case t.options.Task != Auto && t.options.Task != Classification:
		return t.options.Task, nil
	case t.options.classes():
		return t.classification(), nil
	}
	if err := t.checkMixture(); err != nil {
		return 0, err
	}
	if l.distinct[0].isNumber() && !l.areClasses() {
		return Regression, t.makeReal()
	}
	if err := errors.Join(t.checkSpelling(), t.checkTexts()); err != nil {
		return 0, err
	}
	for _, d := range l.distinct {
		if name, ok := d.plain(); ok {
			d.text = name
		}
	}
	return t.classification(), nil
}

// classification is Binary for two classes, those of the options or else those there are.
func (t *table) classification() Task {
	if k := len(t.options.Classes); k == 2 || k == 0 && len(t.labels.distinct) == 2 {
		return Binary
	}
	return MultiClass
}

// areClasses says whether whole numbers look like classes.
func (l *labels) areClasses() bool {
	var values []float64
	for _, d := range l.distinct {
		values = append(values, d.value)
	}
	slices.Sort(values)
	values = slices.Compact(values)
	k, low := len(values), values[0]
	if k <= 2 {
		return true
	}
	return (low == 0 || low == 1) && values[k-1]-low == float64(k-1) && k <= len(l.which)/2
}

// checkSpelling reports a number that is spelled in two ways: whether these are two classes is not for a reader to say.
func (t *table) checkSpelling() error {
	first := map[float64]*label{}
	for _, l := range t.labels.distinct {
		if !l.isNumber() {
			return nil
		}
		if other, ok := first[l.value]; ok {
			return t.errorAt(l.row, t.columns.labels[0],
				fmt.Errorf("%.40q is the same number as %.40q in %s %d: name the task; under classification they are two classes",
					l.text, other.text, t.unit, other.row))
		}
		first[l.value] = l
	}
	return nil
}

// checkTexts reports texts that are hardly classes: numbers with a comma, and those that differ in most rows.
func (t *table) checkTexts() error {
	l, column := &t.labels, t.columns.labels[0]
	if l.distinct[0].isNumber() {
		return nil
	}
	first := l.distinct[0]
	switch {
	case !slices.ContainsFunc(l.distinct, func(d *label) bool { return !d.hasComma() }):
		return t.errorAt(first.row, column, fmt.Errorf("%w%s; if labels are classes, name the task",
			first.problem(), t.remedy(column, first.cell)))
	case t.n >= fewRows && 2*len(l.distinct) > t.n:
		return fmt.Errorf("%s: %d different texts in %d rows, such as %.40q: label names the column of labels; "+
			"if these are classes, name the task", t.columns.title(column), len(l.distinct), t.n, first.text)
	}
	return nil
}

// sorted is the names of the classes: numbers in their order, or else everything in the order of names.
func (l *labels) sorted() []string {
	numbers := !slices.ContainsFunc(l.distinct, func(d *label) bool { return d.kind != number })
	in := slices.Clone(l.distinct)
	slices.SortFunc(in, func(a, b *label) int {
		if numbers && a.value != b.value {
			return cmp.Compare(a.value, b.value)
		}
		return strings.Compare(a.text, b.text)
	})
	var names []string
	for _, d := range in {
		names = append(names, d.text)
	}
	return names
}

// classes is the names of the classes and the labels as indices into them.
func (t *table) classes(task Task) ([]string, []float64, error) {
	names := slices.Clone(t.options.Classes)
	if len(names) == 0 {
		names = t.labels.sorted()
		if err := t.checkCount(task, names); err != nil {
			return nil, nil, err
		}
	}
	values := make([]float64, len(t.labels.distinct))
	index := t.indices(names)
	for i, l := range t.labels.distinct {
		v, ok := index[l.text]
		if !ok {
			return nil, nil, t.errorAt(l.row, t.columns.labels[0],
				fmt.Errorf("%.40q is none of the classes %s", l.text, someOf(names)))
		}
		values[i] = float64(v)
	}
	labels := make([]float64, len(t.labels.which))
	for i, w := range t.labels.which {
		labels[i] = values[w]
	}
	return names, labels, nil
}

// indices is the classes by their names, and by the labels of the table that are the same number in another spelling:
// 1.0 is class 1 unless class 1.0 or label 1 is there too.
func (t *table) indices(names []string) map[string]int {
	index, byNumber, spellings := map[string]int{}, map[string][]int{}, map[string]int{}
	for i, name := range names {
		index[name] = i
		if plain, ok := parseCell(name, t.options.DecimalComma).plain(); ok {
			byNumber[plain] = append(byNumber[plain], i)
		}
	}
	for _, l := range t.labels.distinct {
		if plain, ok := l.plain(); ok {
			spellings[plain]++
		}
	}
	for _, l := range t.labels.distinct {
		plain, ok := l.plain()
		if _, known := index[l.text]; !known && ok && len(byNumber[plain]) == 1 && spellings[plain] == 1 {
			index[l.text] = byNumber[plain][0]
		}
	}
	return index
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
