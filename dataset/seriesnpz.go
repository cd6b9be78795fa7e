package dataset

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"neuralode/dataset/internal/npy"
	"neuralode/memory"
)

// ReadSeriesNPZ reads series from named NumPy arrays, as numpy.savez and savez_compressed write them: features as
// [series, times, features], or one by one as [series, times]; times that all share, [times], or of each series its
// own, [series, times], not a number behind the last; and what there is one of for each series, an id or constants, as
// [series]. Where no array has more than one dimension, all are of one series and as long. Arrays are chosen by their
// names as columns of a text are; feature K of several in an array NAME is NAMEK, from 1. Without times these are 0, 1,
// 2, ..., without ids so are they. Errors are those of [ReadSeriesCSV] and name the array, and series and row from 1.
func ReadSeriesNPZ(name string, r io.ReaderAt, size int64, o SeriesOptions) (*Series, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	s, err := readSeriesNPZ(r, size, o)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", name, err)
	}
	return s, nil
}

func readSeriesNPZ(r io.ReaderAt, size int64, o SeriesOptions) (*Series, error) {
	b, err := readBundle(r, size)
	if err != nil {
		return nil, err
	}
	if err := b.place(o); err != nil {
		return nil, err
	}
	c, err := newSeriesColumns(len(b.columns), 0, b.names(), o)
	if err != nil {
		return nil, err
	}
	if c.id < 0 {
		c.id = len(b.columns) // behind the columns of the arrays
	}
	if c.time < 0 {
		c.time = len(b.columns) + 1
		c.notes = append(c.notes, "the times are 0, 1, 2, ...: no array is named as the time")
	}
	c.names = append(c.names, "id", "t")
	t := newSeriesTable(c, o)
	t.kinds = make([]kind, len(b.columns)+2)
	for i := range b.series {
		t.unit = fmt.Sprintf("series %d, row", i+1)
		rows := b.rowsOf(c.time, i)
		if rows == 0 {
			return nil, fmt.Errorf("series %d has no time in array %.60q", i+1, c.names[c.time])
		}
		for j := range rows {
			if err := t.add(j+1, b.row(i, j)); err != nil {
				return nil, err
			}
		}
	}
	return t.series()
}

// bundle is the arrays of a file as columns of series.
type bundle struct {
	arrays        []namedArray
	series, times int // how many
	columns       []arrayColumn
}

type namedArray struct {
	name string
	*npy.Array
}

// arrayColumn is where a column has its numbers: that of series i and time j is data[at + i·perSeries + j·perTime].
type arrayColumn struct {
	name                   string
	data                   []float64
	at, perSeries, perTime int
}

// readBundle reads the arrays. One that memory has no room for is a *memory.Error before it is read.
func readBundle(r io.ReaderAt, size int64) (*bundle, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("not a .npz file: %w", err)
	}
	b, bytes := &bundle{}, 0.0
	for _, f := range archive.File {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		if !ok {
			return nil, fmt.Errorf("%.60q is no array: its name does not end in .npy", f.Name)
		}
		bytes += memoryPerByte * float64(f.UncompressedSize64)
		if err := memory.Check(bytes, "array %.60q", name); err != nil {
			return nil, err
		}
		a, err := readMember(f)
		if err != nil {
			return nil, fmt.Errorf("array %.60q: %w", name, err)
		}
		b.arrays = append(b.arrays, namedArray{name, a})
	}
	if len(b.arrays) == 0 {
		return nil, errors.New("there are no arrays")
	}
	return b, nil
}

func readMember(f *zip.File) (*npy.Array, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return npy.Read(io.LimitReader(r, int64(f.UncompressedSize64)))
}

// place finds out how many series and times there are, and where each column lies.
func (b *bundle) place(o SeriesOptions) error {
	b.series, b.times = 1, -1
	for _, a := range b.arrays { // the array of most dimensions says it
		switch d := len(a.Shape); {
		case d < 1 || d > 3:
			return fmt.Errorf("array %.60q has %d dimensions, want 1 to 3: series, times and features", a.name, d)
		case d > 1:
			b.series, b.times = a.Shape[0], a.Shape[1]
		case b.times < 0:
			b.times = a.Shape[0]
		}
	}
	for _, a := range b.arrays {
		if err := b.take(a, o); err != nil {
			return err
		}
	}
	return nil
}

// take adds the columns of an array.
func (b *bundle) take(a namedArray, o SeriesOptions) error {
	s, t := b.series, b.times
	wrong := func(want string) error {
		return fmt.Errorf("array %.60q has shape %v, want %s for %d series at %d times", a.name, a.Shape, want, s, t)
	}
	isTime := a.name == o.Time || o.Time == "" && isTimeName(a.name)
	switch len(a.Shape) {
	case 1:
		switch n := a.Shape[0]; {
		case n == t && (isTime || n != s || s == 1):
			b.columns = append(b.columns, arrayColumn{a.name, a.Data, 0, 0, 1})
		case n == s:
			b.columns = append(b.columns, arrayColumn{a.name, a.Data, 0, 1, 0})
		default:
			return wrong(fmt.Sprintf("[%d] or [%d]", t, s))
		}
	case 2:
		if a.Shape[0] != s || a.Shape[1] != t {
			return wrong(fmt.Sprintf("[%d %d]", s, t))
		}
		b.columns = append(b.columns, arrayColumn{a.name, a.Data, 0, t, 1})
	case 3:
		n := a.Shape[2]
		if a.Shape[0] != s || a.Shape[1] != t || n < 1 {
			return wrong(fmt.Sprintf("[%d %d features]", s, t))
		}
		for k := range n {
			name := a.name
			if n > 1 {
				name += strconv.Itoa(k + 1)
			}
			b.columns = append(b.columns, arrayColumn{name, a.Data, k, t * n, n})
		}
	}
	return nil
}

func (b *bundle) names() []string {
	names := make([]string, len(b.columns))
	for i, c := range b.columns {
		names[i] = c.name
	}
	return names
}

// number is that of a column.
func (c *arrayColumn) number(i, j int) float64 { return c.data[c.at+i*c.perSeries+j*c.perTime] }

// rowsOf is how many rows series i has: those up to its last time that is a number.
func (b *bundle) rowsOf(time, i int) int {
	n := b.times
	if time >= len(b.columns) {
		return n
	}
	for n > 0 && math.IsNaN(b.columns[time].number(i, n-1)) {
		n--
	}
	return n
}

// row gives the fields of row j of series i, and behind them i as the id and j as the time.
func (b *bundle) row(i, j int) func(column int) cell {
	return func(column int) cell {
		if column >= len(b.columns) {
			return arrayRow(i, j, nil)(column - len(b.columns))
		}
		v := b.columns[column].number(i, j)
		switch {
		case math.IsNaN(v):
			return cell{kind: missing, text: "nan"}
		case b.columns[column].perTime == 0 && v == math.Trunc(v) && math.Abs(v) < 1<<53: // an id
			return cell{text: strconv.FormatFloat(v, 'f', -1, 64), value: v}
		}
		return numberCell(v)
	}
}

// noPoints is the reader of points of a file that holds series alone.
func noPoints(name string, _ io.Reader, _ Options) (*Dataset, error) {
	return nil, fmt.Errorf("dataset: %s holds series: train takes them so with the task series, and points are read from one of its arrays that is saved as .npy",
		name)
}
