package dataset

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// header is the names that the first of these lines gives to the columns, nil where it is a row itself.
func (o Options) header(lines []record) ([]string, error) {
	first := lines[0]
	is, err := o.isHeader(lines)
	if err != nil {
		return nil, fmt.Errorf("line %d (%.60q) %w", first.line, strings.Join(first.fields, ","), err)
	}
	if !is {
		return nil, nil
	}
	names := make([]string, len(first.fields))
	for i, name := range first.fields {
		if err := checkUTF8(name); err != nil {
			return nil, fmt.Errorf("line %d, column %d: %w", first.line, i+1, err)
		}
		names[i] = strings.Clone(name) // the field keeps its whole line in memory
	}
	return names, nil
}

// isHeader decides by the rules at [ReadCSV].
func (o Options) isHeader(lines []record) (bool, error) {
	if o.Header != DetectHeader {
		return o.Header == WithHeader, nil
	}
	first, below := lines[0].fields, lines[1:]
	if o.names(first) {
		return true, nil
	}
	g := guess{rows: len(below)}
	for i, text := range first {
		g.columns = append(g.columns, newColumnGuess(text, below, i, o.DecimalComma))
	}
	return g.decide()
}

// names says whether a line has a name that the options want.
func (o Options) names(fields []string) bool {
	has := func(name string) bool { return slices.Contains(fields, name) }
	text := func(name string) bool { return parseCell(name, o.DecimalComma).kind == word && has(name) }
	return slices.ContainsFunc(o.Labels, text) || slices.ContainsFunc(o.Drop, text) ||
		len(o.Features) > 0 && !slices.ContainsFunc(o.Features, func(name string) bool { return !has(name) })
}

// columnGuess is a field of the first line and what stands below it.
type columnGuess struct {
	text  string
	kind  kind
	value float64 // of a whole number without a sign, as pandas names columns
	whole bool

	numbers, wholes int // below
	low, high       float64
	logicals        int
	words           int
	distinct        map[string]bool // the words
}

func newColumnGuess(text string, below []record, column int, decimalComma bool) columnGuess {
	first := parseCell(text, decimalComma)
	g := columnGuess{text: text, kind: first.kind, value: first.value,
		low: math.Inf(1), high: math.Inf(-1), distinct: map[string]bool{}}
	g.whole = first.kind == number && text == strconv.FormatFloat(first.value, 'f', 0, 64) && first.value >= 0
	for _, r := range below {
		if column < len(r.fields) {
			g.add(parseCell(r.fields[column], decimalComma))
		}
	}
	return g
}

func (g *columnGuess) add(c cell) {
	switch c.kind {
	case number:
		g.numbers++
		if c.value == math.Trunc(c.value) {
			g.wholes++
		}
		g.low, g.high = min(g.low, c.value), max(g.high, c.value)
	case logical:
		g.logicals++
	case word:
		g.words++
		g.distinct[c.text] = true
	}
}

// far says whether the number is far from those below, three at least.
func (g columnGuess) far() bool {
	span := g.high - g.low
	return g.numbers >= 3 && (g.value < g.low-span || g.value > g.high+span)
}

// comesBack says whether the text stands below as well.
func (g columnGuess) comesBack() bool { return g.distinct[g.text] }

// overNumbers says whether there are numbers below and no words.
func (g columnGuess) overNumbers() bool { return g.words == 0 && g.numbers > 0 }

// namesLabels says whether the text is a usual name for labels.
func (g columnGuess) namesLabels() bool { return slices.Contains(labelNames, strings.ToLower(g.text)) }

// fractional says whether all numbers below have decimals, one at least.
func (g columnGuess) fractional() bool { return g.numbers > 0 && g.wholes == 0 }

// unlike says whether the words below repeat and the first field is none of them.
func (g columnGuess) unlike() bool {
	return g.numbers == 0 && 2*len(g.distinct) <= g.words && g.words > 0 && !g.comesBack()
}

// labelNames are names of columns that are not taken for the name of a class.
var labelNames = []string{"label", "labels", "class", "target", "category", "output", "species"}

// guess is what speaks for a header.
type guess struct {
	rows    int // below the first line
	columns []columnGuess
}

var errUnclear = errors.New("may name the columns or be the first row: say header yes or no")

func (g *guess) decide() (bool, error) {
	var words, wholes []columnGuess
	decimals := false
	for _, c := range g.columns {
		switch {
		case c.whole:
			wholes = append(wholes, c)
		case c.kind == word, c.kind == logical && c.logicals == 0 && g.rows > 0:
			words = append(words, c)
		case c.kind == number:
			decimals = true // or a sign
		case c.text != "":
			return false, nil // no name that a program gives
		}
	}
	switch {
	case len(wholes) == 0 && !decimals:
		return true, nil
	case slices.ContainsFunc(words, columnGuess.comesBack):
		return false, nil
	case slices.ContainsFunc(words, columnGuess.namesLabels):
		return true, nil
	case g.rows == 0, decimals, repeats(wholes):
		return false, nil
	case slices.ContainsFunc(words, columnGuess.overNumbers):
		if counts(wholes) || slices.ContainsFunc(wholes, columnGuess.far) {
			return true, nil
		}
		return false, errUnclear // a row with a mistake in it is as likely
	}
	return g.weigh(words, wholes)
}

// weigh adds up what speaks for a header that has numbers in it.
func (g *guess) weigh(words, wholes []columnGuess) (bool, error) {
	score := 0
	count := func(holds bool) bool {
		if holds {
			score++
		}
		return holds
	}
	count(slices.ContainsFunc(g.columns, columnGuess.unlike))
	counting := count(counts(wholes))
	count(counting && len(wholes) >= 4)
	features := wholes // the last column may be labels, which are whole without a meaning
	if last := g.columns[len(g.columns)-1]; last.whole && len(wholes) > 1 {
		features = wholes[:len(wholes)-1]
	}
	decimals := count(g.rows >= 3 && all(features, columnGuess.fractional))
	count(g.rows >= 10 && len(features) >= 2 && all(features, columnGuess.far))

	pair := len(words) == 0 && len(wholes) == 2
	switch {
	case score >= 2 && pair && g.rows < 20:
		return false, errUnclear
	case score >= 2:
		return true, nil
	case score == 0, decimals, counting && pair:
		return false, nil // a first row of round numbers, as 0,1 often is
	}
	return false, errUnclear
}

func all(columns []columnGuess, holds func(columnGuess) bool) bool {
	return !slices.ContainsFunc(columns, func(c columnGuess) bool { return !holds(c) })
}

// counts says whether the numbers are 0, 1, 2 and so on, two at least.
func counts(wholes []columnGuess) bool {
	for i, c := range wholes {
		if c.value != float64(i) {
			return false
		}
	}
	return len(wholes) >= 2
}

// repeats says whether a number is there twice.
func repeats(wholes []columnGuess) bool {
	seen := map[float64]bool{}
	for _, c := range wholes {
		seen[c.value] = true
	}
	return len(seen) < len(wholes)
}
