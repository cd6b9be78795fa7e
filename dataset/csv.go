package dataset

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// ReadCSV reads points from lines of fields with a separator between them; name stands for the file in errors. Fields
// mean what they mean to pandas.read_csv: numbers are decimal; empty fields, NA, NaN, null and their like are missing
// values; double quotes around a field keep separators and line ends in it. Features are numbers, or True and False as
// 1 and 0; labels are numbers or text. Space around fields, blank lines, a byte-order mark and gzip compression are
// taken off.
//
// Where [Options] leave it open, the first 64 KiB say which separator cuts all lines into as many fields, and the first
// hundred lines whether the first names the columns. It does when it holds a name that Options want or no number at
// all. One that holds numbers does not when a text in it stands below too. It does when a text in it is a usual name
// for labels, such as label or species; else not when a number in it has a sign or decimals, or stands there twice; and
// it does when a text stands over numbers and its own numbers count from 0, as names that pandas gives, or lie far from
// those below. Of what is left it does when at least two of these hold: a text is unlike the texts below, which repeat;
// its numbers count from 0, four or more of which count twice; numbers below have decimals; its numbers lie far from
// those below. Where little speaks for it and little against it, that is an error.
//
// A first line sep=; or of another character, by which Excel knows the separator, says it here too. Lines that begin
// with # are rows, but at the front of the file those of another number of fields are left out. A first column without
// a name or with the name "Unnamed: 0" is the index of pandas and left out, as are columns at the end with neither name
// nor content. Further columns without a name, and names given twice, get the names that pandas gives them.
// [Dataset].Notes tells of all this.
//
// Errors are one line and name the file, the line and the column: `dataset: points.csv: line 7, column 3 ("x2"): "abc"
// is not a number`. Missing and infinite values, lines of another length than the first, a column that is not there,
// text that is not UTF-8, an empty file, and labels that do not make the task are errors.
func ReadCSV(name string, r io.Reader, o Options) (*Dataset, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	d, err := readCSV(r, o)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", name, err)
	}
	return d, nil
}

func readCSV(r io.Reader, o Options) (*Dataset, error) {
	l, names, err := openLines(r, o)
	if err != nil {
		return nil, err
	}
	c, err := newColumns(l.count(), l.blankEnd(), names, o)
	if err != nil {
		return nil, err
	}
	t := newTable(c, "line", o)
	t.notes = append(l.notes, t.notes...)
	if err := l.each(func() error { return t.add(l.line, l.cell) }); err != nil {
		return nil, err
	}
	return t.dataset(o)
}

// openLines stands before the first row, and has the names of the columns where there is a header.
func openLines(r io.Reader, o Options) (l *lines, names []string, err error) {
	if l, err = newLines(r, o); err != nil {
		return nil, nil, err
	}
	if l.first, err = l.lookAhead(); err != nil {
		return nil, nil, noData(err)
	}
	if err := l.separated(l.first[0], o.Task); err != nil {
		return nil, nil, err
	}
	if names, err = o.header(l.first); err != nil {
		return nil, nil, err
	}
	if names != nil {
		l.ahead = l.ahead[1:]
	}
	return l, names, nil
}

// count is how many columns there are.
func (l *lines) count() int { return len(l.first[0].fields) }

// each goes through the rows that are left.
func (l *lines) each(row func() error) error {
	for {
		err := l.nextRow()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = row()
		}
		if err != nil {
			return err
		}
	}
}

// nextRow goes to the next line, of as many fields as the first. At the end of the file it returns io.EOF.
func (l *lines) nextRow() error {
	if err := l.next(); err != nil {
		return err
	}
	if len(l.fields) != l.count() {
		return l.uneven(l.count(), l.first[0].line)
	}
	return nil
}

// blankEnd is how many fields at the end are empty in all of the first lines, a header among them.
func (l *lines) blankEnd() int {
	blank := l.count()
	for _, r := range l.first {
		i := len(r.fields)
		for i > 0 && r.fields[i-1] == "" {
			i--
		}
		blank = min(blank, len(r.fields)-i)
	}
	return blank
}

func noData(err error) error {
	if err == io.EOF {
		return errEmpty
	}
	return err
}

// record is a line that was looked at ahead of its turn.
type record struct {
	line   int
	fields []string
}

// lines walks through the lines that hold something.
type lines struct {
	csv     *csv.Reader
	format  Format // with the separator found out
	skipped int    // lines before those that csv reads
	notes   []string

	first []record // of them all, a header among them, once openLines has looked
	ahead []record // lines that next has not given yet
	end   error    // what came after them, once it came

	line   int      // of the current fields, from 1
	fields []string // without space around them; good until next
}

func newLines(r io.Reader, o Options) (*lines, error) {
	b, err := openText(r)
	if err != nil {
		return nil, err
	}
	l := &lines{format: o.Format}
	sample := sampled(b)
	if named := excelLine(sample); named != 0 {
		_, _ = b.Discard(len(sample[0]))
		sample, l.skipped = sample[1:], 1
		l.format.Separator = cmp.Or(l.format.Separator, named)
	}
	if l.format.Separator == 0 {
		if l.format.Separator, err = detectSeparator(rows(sample), o.DecimalComma); err != nil {
			return nil, err
		}
	}
	if n := skipComments(b, sample, l.format.Separator); n > 0 {
		l.skipped += n
		l.notes = append(l.notes,
			fmt.Sprintf("lines that begin with # in front of the table are left out, up to line %d", l.skipped))
	}
	l.csv = csv.NewReader(b)
	l.csv.Comma = rune(l.format.Separator)
	l.csv.FieldsPerRecord = -1                          // lengths are compared here, for the message
	l.csv.TrimLeadingSpace = l.format.Separator != '\t' // it would take away an empty field
	l.csv.ReuseRecord = true
	return l, nil
}

// lookedAt is how many lines below the first are looked at to find out whether it is a header.
const lookedAt = 100

// lookAhead is the first lines, one at least, which next will give again.
func (l *lines) lookAhead() ([]record, error) {
	for len(l.ahead) <= lookedAt && l.end == nil {
		if l.end = l.read(); l.end == nil {
			l.ahead = append(l.ahead, record{l.line, slices.Clone(l.fields)})
		}
	}
	if len(l.ahead) == 0 {
		return nil, l.end
	}
	return l.ahead, nil
}

// next goes to the next line. At the end of the file it returns io.EOF.
func (l *lines) next() error {
	switch {
	case len(l.ahead) > 0:
		l.line, l.fields, l.ahead = l.ahead[0].line, l.ahead[0].fields, l.ahead[1:]
		return nil
	case l.end != nil:
		return l.end
	}
	return l.read()
}

func (l *lines) read() error {
	for {
		fields, err := l.csv.Read()
		if err != nil {
			return l.syntaxError(err)
		}
		for i, f := range fields {
			fields[i] = strings.TrimSpace(f)
		}
		l.fields = fields
		l.line, _ = l.csv.FieldPos(0)
		l.line += l.skipped
		if last := len(fields) - 1; l.format.Separator == ' ' && last > 0 && fields[last] == "" {
			l.fields = fields[:last] // space at the end of the line
		}
		if len(fields) != 1 || fields[0] != "" {
			return nil
		}
	}
}

// separated reports a line whose fields are separated by something else. One column may be all that is wanted, but not
// with labels.
func (l *lines) separated(first record, task Task) error {
	others := ";\t"
	if task != Unlabelled {
		others += ",| "
	}
	i := strings.IndexAny(first.fields[0], others)
	if len(first.fields) > 1 || i < 0 {
		return nil
	}
	return fmt.Errorf("line %d: one field with %q in it: want fields separated by %q, or another separator",
		first.line, first.fields[0][i], rune(l.format.Separator))
}

// uneven reports a line of another length than the first.
func (l *lines) uneven(want, first int) error {
	err := fmt.Errorf("line %d: %d columns, want %d as in line %d", l.line, len(l.fields), want, first)
	if strings.HasPrefix(l.fields[0], "#") {
		err = fmt.Errorf("%w; lines that begin with # are rows", err)
	}
	return err
}

func (l *lines) syntaxError(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) && parse.StartLine != parse.Line {
		return fmt.Errorf("lines %d to %d: %w", parse.StartLine+l.skipped, parse.Line+l.skipped, parse.Err)
	}
	if parse != nil {
		return fmt.Errorf("line %d, byte %d: %w; a field with a quote in it wants quotes around it, and two for each inside",
			parse.Line+l.skipped, parse.Column, parse.Err)
	}
	return err
}

func (l *lines) cell(column int) cell { return parseCell(l.fields[column], l.format.DecimalComma) }

// checkUTF8 reports a text that would be another one in a model.
func checkUTF8(text string) error {
	if utf8.ValidString(text) {
		return nil
	}
	return fmt.Errorf("%.40q is not UTF-8: save the file as UTF-8", text)
}
