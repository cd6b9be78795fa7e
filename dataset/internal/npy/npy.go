// Package npy reads and writes NumPy's .npy format: a magic number, a header that is a Python dictionary, raw numbers.
// It is separate from github.com/sbinet/npyio, which panics on some broken headers, takes a truncated file for zeros,
// leaves Fortran order as it is and cannot write three dimensions.
package npy

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

const magic = "\x93NUMPY"

// Array is an array of float64 in C order, the last index running fastest.
type Array struct {
	Shape []int
	Data  []float64
}

// Read reads a whole file. Integers, bool, float16 and float32 become float64, Fortran order becomes C order. Anything
// but a complete, well-formed file is an error of one line, as is an integer that float64 cannot hold: it could turn
// into another one's twin. Memory is bounded by a multiple of what r delivers.
func Read(r io.Reader) (*Array, error) {
	f, err := NewReader(r)
	if err != nil {
		return nil, err
	}
	data := f.data
	if !f.header.fortran {
		data, err = f.all()
	}
	if err != nil {
		return nil, err
	}
	return &Array{f.Shape, data}, nil
}

// Reader reads an array piece by piece, as [Read] does; one in Fortran order it reads whole.
type Reader struct {
	Shape []int

	header header
	dtype  dtype
	r      io.Reader
	n      int       // numbers of the array
	done   int       // that were read
	chunk  []byte    // of the file
	data   []float64 // that are left of an array in Fortran order
}

// NewReader reads the header.
func NewReader(r io.Reader) (*Reader, error) {
	b := bufio.NewReader(r)
	text, err := readHeader(b)
	if err != nil {
		return nil, err
	}
	h, err := parseHeader(text)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	f := &Reader{Shape: h.shape, header: h, r: b, n: 1, chunk: make([]byte, 1<<16)}
	if f.dtype, err = parseDType(h.descr); err != nil {
		return nil, err
	}
	for _, d := range h.shape {
		if d > 0 && f.n > math.MaxInt/8/d {
			return nil, fmt.Errorf("shape %s is too large", h)
		}
		f.n *= d
	}
	if h.fortran {
		data, err := f.all()
		if err != nil {
			return nil, err
		}
		f.data = transpose(data, h.shape)
	}
	return f, nil
}

// Append appends the next n numbers, in C order, or those that are left. With the last it looks for the end of the
// file.
func (f *Reader) Append(data []float64, n int) ([]float64, error) {
	if f.header.fortran {
		n = min(n, len(f.data))
		data = append(data, f.data[:n]...)
		f.data = f.data[n:]
		return data, nil
	}
	return f.read(data, n)
}

// readHeader is the text of the header, behind the magic number, the version and its length.
func readHeader(r io.Reader) (string, error) {
	start, err := take(r, 10)
	switch {
	case err != nil:
		return "", err
	case !strings.HasPrefix(string(start[:min(len(start), len(magic))]), magic):
		return "", fmt.Errorf("not a .npy file: it does not begin with %q", magic)
	case len(start) < 10:
		return "", errors.New("the file ends within the first 10 bytes")
	}
	length := uint64(binary.LittleEndian.Uint16(start[8:]))
	switch major := start[6]; major {
	case 1:
	case 2, 3:
		more, err := take(r, 2)
		if err != nil {
			return "", err
		}
		if len(more) < 2 {
			return "", errors.New("the file ends within the first 12 bytes")
		}
		length = uint64(binary.LittleEndian.Uint32(append(start[8:10:10], more...)))
	default:
		return "", fmt.Errorf("version %d of the format is not known", major)
	}
	text, err := take(r, length)
	if err == nil && uint64(len(text)) < length {
		err = fmt.Errorf("the file ends within the header: %d bytes, want %d", len(text), length)
	}
	return string(text), err
}

// take is the next n bytes, or those that are left.
func take(r io.Reader, n uint64) ([]byte, error) { return io.ReadAll(io.LimitReader(r, int64(n))) }

// all is the numbers of the data, in the order of the file.
func (f *Reader) all() (data []float64, err error) {
	data = []float64{}
	for f.done < f.n {
		if cap(data) < f.n && len(data) >= f.n/8 {
			data = slices.Grow(data, f.n-len(data)) // an eighth is there: the shape may be believed
		}
		if data, err = f.read(data, len(f.chunk)/f.dtype.size); err != nil {
			return nil, err
		}
	}
	if f.n == 0 {
		return f.read(data, 0)
	}
	return data, nil
}

// read appends the next n numbers, or those that are left, in the order of the file.
func (f *Reader) read(data []float64, n int) ([]float64, error) {
	size := f.dtype.size
	for n = min(n, f.n-f.done); n > 0; {
		b := f.chunk[:min(len(f.chunk)/size, n)*size]
		got, err := io.ReadFull(f.r, b)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil, f.header.length(f.done*size+got, f.n*size)
		}
		if err != nil {
			return nil, err
		}
		for ; len(b) > 0; b = b[size:] {
			v, exact := f.dtype.number(b)
			f.done, n = f.done+1, n-1
			if !exact {
				return nil, fmt.Errorf("number %d of the data is a whole number that float64 does not hold: "+
					"save it as float64 if its last digits do not matter", f.done)
			}
			data = append(data, v)
		}
	}
	if f.done < f.n {
		return data, nil
	}
	rest, err := io.Copy(io.Discard, f.r)
	if err == nil && rest > 0 {
		err = f.header.length(f.n*size+int(rest), f.n*size)
	}
	return data, err
}

// length reports a file with too few or too many bytes of data.
func (h header) length(got, want int) error {
	return fmt.Errorf("%d bytes of data, want %d for shape %s of %s", got, want, h, h.descr)
}

// transpose turns Fortran order, the first index running fastest, into C order.
func transpose(data []float64, shape []int) []float64 {
	out := make([]float64, len(data))
	index := make([]int, len(shape))
	for _, v := range data {
		at := 0
		for axis, d := range shape {
			at = at*d + index[axis]
		}
		out[at] = v
		for axis := range index {
			if index[axis]++; index[axis] < shape[axis] {
				break
			}
			index[axis] = 0
		}
	}
	return out
}

// Write writes the array as float64 in C order, version 1.0 of the format, the data at a multiple of 64 bytes. A shape
// that does not fit the data is an error before anything is written.
func (a *Array) Write(w io.Writer) error {
	if n := product(a.Shape); n != len(a.Data) {
		return fmt.Errorf("%d numbers do not fill shape %s", len(a.Data), header{shape: a.Shape})
	}
	n, err := NewWriter(w, a.Shape)
	if err != nil {
		return err
	}
	n.Write(a.Data)
	return n.Close()
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// Writer writes an array piece by piece, as [Array.Write] does.
type Writer struct {
	b    *bufio.Writer
	left int // numbers
}

// NewWriter writes the header of an array of that shape. A shape that the format has no room for is an error before
// anything is written.
func NewWriter(w io.Writer, shape []int) (*Writer, error) {
	h := header{descr: "<f8", shape: shape}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }", h.descr, h)
	text += strings.Repeat(" ", 63-(10+len(text))%64) + "\n"
	if len(text) > math.MaxUint16 {
		return nil, fmt.Errorf("shape %s is too long", h)
	}
	b := bufio.NewWriterSize(w, 1<<16)
	_, _ = b.WriteString(magic + "\x01\x00")
	_, _ = b.Write(binary.LittleEndian.AppendUint16(nil, uint16(len(text))))
	_, _ = b.WriteString(text)
	return &Writer{b, product(shape)}, nil
}

// Write writes the next numbers.
func (w *Writer) Write(data []float64) {
	for _, v := range data {
		_, _ = w.b.Write(binary.LittleEndian.AppendUint64(w.b.AvailableBuffer(), math.Float64bits(v)))
	}
	w.left -= len(data)
}

// Close returns the first error of all writes, or says that there were too few or too many numbers. It does not close
// what is underneath.
func (w *Writer) Close() error {
	if err := w.b.Flush(); err != nil {
		return err
	}
	if w.left != 0 {
		return fmt.Errorf("%d numbers are missing from the array", w.left)
	}
	return nil
}
