// Package npy reads and writes NumPy's .npy format: a magic number, a header that is a Python dictionary, raw numbers.
// It is separate from github.com/sbinet/npyio, which panics on some broken headers, takes a truncated file for zeros,
// leaves Fortran order as it is and cannot write three dimensions.
package npy

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
)

const magic = "\x93NUMPY"

// Array is an array of float64 in C order, the last index running fastest.
type Array struct {
	Shape []int
	Data  []float64
}

// Read reads a whole file. Integers, bool and float32 become float64, Fortran order becomes C order. Anything but a
// complete, well-formed file is an error of one line. Memory is bounded by a multiple of what r delivers.
func Read(r io.Reader) (*Array, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	text, body, err := split(raw)
	if err != nil {
		return nil, err
	}
	h, err := parseHeader(text)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	data, err := h.decode(body)
	if err != nil {
		return nil, err
	}
	if h.fortran {
		data = transpose(data, h.shape)
	}
	return &Array{h.shape, data}, nil
}

// split divides a file into header text and data.
func split(raw []byte) (text string, body []byte, err error) {
	if !strings.HasPrefix(string(raw[:min(len(raw), len(magic))]), magic) {
		return "", nil, fmt.Errorf("not a .npy file: it does not begin with %q", magic)
	}
	if len(raw) < 10 {
		return "", nil, fmt.Errorf("the file ends within the first 10 bytes")
	}
	at, length := 10, uint64(binary.LittleEndian.Uint16(raw[8:]))
	switch major := raw[6]; major {
	case 1:
	case 2, 3:
		if len(raw) < 12 {
			return "", nil, fmt.Errorf("the file ends within the first 12 bytes")
		}
		at, length = 12, uint64(binary.LittleEndian.Uint32(raw[8:]))
	default:
		return "", nil, fmt.Errorf("version %d of the format is not known", major)
	}
	if length > uint64(len(raw)-at) {
		return "", nil, fmt.Errorf("the file ends within the header: %d bytes, want %d", len(raw)-at, length)
	}
	end := at + int(length)
	return string(raw[at:end]), raw[end:], nil
}

// decode makes numbers of the data, in the order of the file.
func (h header) decode(body []byte) ([]float64, error) {
	t, err := parseDType(h.descr)
	if err != nil {
		return nil, err
	}
	n := 1
	for _, d := range h.shape {
		if d > 0 && n > math.MaxInt/8/d {
			return nil, fmt.Errorf("shape %s is too large", h)
		}
		n *= d
	}
	if len(body) != n*t.size {
		return nil, fmt.Errorf("%d bytes of data, want %d for shape %s of %s", len(body), n*t.size, h, h.descr)
	}
	data := make([]float64, n)
	for i := range data {
		data[i] = t.number(body[i*t.size:])
	}
	return data, nil
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
