package dataset

import (
	"fmt"
	"io"
	"math"
	"strconv"

	"neuralode/dataset/internal/npy"
)

// ReadSeriesNPY reads series from a NumPy array [series, times, columns] of numbers in either order: every series has
// the same times. One column holds them when the options name it by its number from 1, and then it is the same in all
// series; else the times are 0, 1, 2, ... Not a number means not observed. The ids are 0, 1, 2, ...; columns have no
// names here. Errors are those of [ReadSeriesCSV] and name series and row, both from 1; gzip compression is taken off.
func ReadSeriesNPY(name string, r io.Reader, o SeriesOptions) (*Series, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	s, err := readSeriesNPY(r, o)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", name, err)
	}
	return s, nil
}

func readSeriesNPY(r io.Reader, o SeriesOptions) (*Series, error) {
	b, err := uncompressed(r)
	if err != nil {
		return nil, err
	}
	a, err := npy.Read(b)
	if err != nil {
		return nil, err
	}
	if len(a.Shape) != 3 {
		return nil, fmt.Errorf("the array has %d dimensions, want 3: series, times and columns", len(a.Shape))
	}
	if o.ID != "" {
		return nil, fmt.Errorf("the series of an array have no column of ids, got %q", o.ID)
	}
	count := a.Shape[2]
	c, err := newSeriesColumns(count, 0, nil, o)
	if err != nil {
		return nil, err
	}
	c.id = count // behind the columns of the array
	if c.time < 0 {
		c.time = count + 1
		c.notes = append(c.notes, "the times are 0, 1, 2, ...: no column is named as the time")
	}
	t := newSeriesTable(c, o)
	t.kinds = make([]kind, count+2)
	for i := range a.Shape[0] {
		t.unit = fmt.Sprintf("series %d, row", i+1)
		for j := range a.Shape[1] {
			row := a.Data[(i*a.Shape[1]+j)*count:]
			if err := t.add(j+1, arrayRow(i, j, row[:count])); err != nil {
				return nil, err
			}
		}
	}
	return t.series()
}

// arrayRow gives the fields of row j of series i, and behind them i as the id and j as the time.
func arrayRow(i, j int, row []float64) func(column int) cell {
	return func(column int) cell {
		switch {
		case column == len(row):
			return cell{text: strconv.Itoa(i)}
		case column > len(row):
			return numberCell(float64(j))
		case math.IsNaN(row[column]):
			return cell{kind: missing, text: "nan"}
		}
		return numberCell(row[column])
	}
}
