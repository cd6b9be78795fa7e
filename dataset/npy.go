package dataset

import (
	"fmt"
	"io"
)

// ReadNPY reads points from a NumPy array [n, columns] of numbers in either order; name stands for the file in errors,
// which name a row and a column, both from 1. Columns have no names here: [Options].Labels are numbers. Whatever else
// [ReadCSV] refuses is refused here too, as is a file that is truncated, too long or of another dtype or rank. Gzip
// compression is taken off.
func ReadNPY(name string, r io.Reader, o Options) (*Dataset, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	d, err := readNPY(r, o)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", name, err)
	}
	return d, nil
}

func readNPY(r io.Reader, o Options) (*Dataset, error) {
	a, err := readArray(r)
	if err != nil {
		return nil, err
	}
	count := a.Shape[1]
	c, err := newColumns(count, 0, nil, o)
	if err != nil {
		return nil, err
	}
	t := newTable(c, "row", o)
	t.x = make([]float64, 0, a.Shape[0]*len(c.features))
	for i := range a.Shape[0] {
		row := a.Data[i*count : (i+1)*count]
		if err := t.add(i+1, func(column int) cell { return numberCell(row[column]) }); err != nil {
			return nil, err
		}
	}
	return t.dataset(o)
}
