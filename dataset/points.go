package dataset

import (
	"errors"
	"fmt"
	"io"

	"neuralode/dataset/internal/npy"
)

// Points reads unlabelled points block by block, so that a file need not fit into memory, but for an array in Fortran
// order. Close it after use.
type Points struct {
	Features []string // the names of the columns of points
	Named    bool     // these come from a file's header
	Kept     []string // the names of the columns that are carried along: see [Options].Keep
	Unit     string   // what a row is called: "line" of a text, "row" of an array
	Notes    []string // as [Dataset].Notes

	name  string
	file  io.Closer
	table *table
	next  func() (row int, at func(column int) cell, err error) // io.EOF at the end
	begun bool
	err   error // of the last Next
}

// Block is some of the points of a file, in its order.
type Block struct {
	X    []float64 // [n, features], finite
	Kept []string  // [n, columns carried along], as they stand in a text, without space around them
	Rows []int     // [n], the line or row that a point stands in, from 1
}

// Len is the number of points.
func (b *Block) Len() int { return len(b.Rows) }

// OpenPoints opens the file at path, text or .npy as the name ends, and reads its header. The options' task must be
// Unlabelled. Files mean what they mean to [ReadFile], and errors are as there.
func OpenPoints(path string, o Options) (*Points, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	p, err := pointsOf(path, f, o)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	p.file = f
	return p, nil
}

func pointsOf(path string, f io.Reader, o Options) (*Points, error) {
	switch ending(path) {
	case ".npy":
		return newPoints(path, o, func(p *Points) error { return p.openNPY(f, o) })
	case ".tsv":
		o.tabbed()
	}
	return NewPoints(path, f, o)
}

// NewPoints is OpenPoints of a text that r gives; name stands for the file in errors.
func NewPoints(name string, r io.Reader, o Options) (*Points, error) {
	return newPoints(name, o, func(p *Points) error { return p.openCSV(r, o) })
}

func newPoints(name string, o Options, open func(*Points) error) (*Points, error) {
	p := &Points{name: name}
	err := o.Check()
	if err == nil && o.Task != Unlabelled {
		err = fmt.Errorf("dataset: points are read without labels, got task %v", o.Task)
	}
	if err != nil {
		return nil, err
	}
	if err := open(p); err != nil {
		return nil, p.failed(err)
	}
	c := p.table.columns
	p.Features, p.Named, p.Kept = c.featureNames(), c.names != nil, c.keptNames()
	p.Unit, p.Notes = p.table.unit, p.table.notes
	return p, nil
}

func (p *Points) failed(err error) error { return fmt.Errorf("dataset: %s: %w", p.name, err) }

func (p *Points) openCSV(r io.Reader, o Options) error {
	l, names, err := openLines(r, o)
	if err != nil {
		return err
	}
	c, err := newColumns(l.count(), l.blankEnd(), names, o)
	if err != nil {
		return err
	}
	p.table = newTable(c, "line", o)
	p.table.notes = append(l.notes, p.table.notes...)
	p.next = func() (int, func(int) cell, error) {
		err := l.nextRow()
		return l.line, l.cell, err
	}
	return nil
}

// openNPY reads an array in C order row by row, one in Fortran order whole.
func (p *Points) openNPY(r io.Reader, o Options) error {
	b, err := uncompressed(r)
	if err != nil {
		return err
	}
	a, err := npy.NewReader(b)
	if err == nil {
		err = checkShape(a.Shape)
	}
	if err != nil {
		return err
	}
	c, err := newColumns(a.Shape[1], 0, nil, o)
	if err != nil {
		return err
	}
	p.table = newTable(c, "row", o)
	row, numbers := 0, make([]float64, 0, a.Shape[1])
	p.next = func() (int, func(int) cell, error) {
		if row == a.Shape[0] {
			return 0, nil, io.EOF
		}
		row++
		numbers, err = a.Append(numbers[:0], a.Shape[1])
		return row, func(column int) cell { return numberCell(numbers[column]) }, err
	}
	return nil
}

// readArray reads an array of points and columns.
func readArray(r io.Reader) (*npy.Array, error) {
	b, err := uncompressed(r)
	if err != nil {
		return nil, err
	}
	a, err := npy.Read(b)
	if err == nil {
		err = checkShape(a.Shape)
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

// checkShape wants points and columns.
func checkShape(shape []int) error {
	if len(shape) != 2 {
		return fmt.Errorf("the array has %d dimensions, want 2: points and columns", len(shape))
	}
	if shape[0]*shape[1] == 0 {
		return errEmpty
	}
	return nil
}

// Next is the next n points, or those that are left; none is io.EOF. After an error it is that error.
func (p *Points) Next(n int) (*Block, error) {
	if p.err != nil {
		return nil, p.err
	}
	b := &Block{}
	for b.Len() < n && p.err == nil {
		p.err = p.add(b)
	}
	switch {
	case p.err != nil && p.err != io.EOF:
		p.err = p.failed(p.err)
		return nil, p.err
	case b.Len() > 0:
		p.begun = true
		return b, nil
	case !p.begun:
		p.err = p.failed(errEmpty)
	}
	return nil, p.err
}

// add appends the next row to the block.
func (p *Points) add(b *Block) error {
	row, at, err := p.next()
	if err != nil {
		return err
	}
	p.table.x = b.X
	if err := p.table.add(row, at); err != nil {
		return err
	}
	b.X, b.Rows = p.table.x, append(b.Rows, row)
	for _, i := range p.table.columns.kept {
		c := at(i)
		if c.text == "" && p.Unit == "row" {
			c.text = shortest(c.value)
		}
		b.Kept = append(b.Kept, c.text)
	}
	return nil
}

// Close closes the file that OpenPoints opened.
func (p *Points) Close() error {
	if p.file == nil {
		return nil
	}
	return p.file.Close()
}
