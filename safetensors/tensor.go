// Package safetensors reads and writes files of named arrays in the safetensors format: an 8-byte little-endian header
// length, a JSON header, and the raw little-endian numbers. The Python package of that name reads what this one
// writes, and this one reads what it writes: any file, and of its tensors those of floating-point numbers of 16 bits or
// more and of 64-bit integers.
package safetensors

import (
	"fmt"
	"math"
)

// DType is the type of a tensor's numbers in a file that is written.
type DType uint8

// The types that are written.
const (
	F64 DType = iota
	F32
	I64
)

var dtypes = [...]struct {
	name string
	size int // bytes
	rank int // place in the file: tensors of a lower rank come first, so that no number is misaligned
}{F64: {"F64", 8, 1}, F32: {"F32", 4, 2}, I64: {"I64", 8, 0}}

func (d DType) String() string {
	if int(d) < len(dtypes) {
		return dtypes[d].name
	}
	return fmt.Sprintf("unknown(%d)", uint8(d))
}

// widths are the bits of a number of each type that the Python package (0.8.0) knows.
var widths = map[string]int{
	"BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
	"F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
	"C64": 64, "F64": 64, "I64": 64, "U64": 64,
}

// Tensor is an array of numbers to write, row-major. The one field that fits DType holds them; the other is nil.
type Tensor struct {
	DType  DType
	Shape  []int     // none negative; empty for a single number
	Floats []float64 // of F64, and of F32, which is rounded to float32 when it is written
	Ints   []int64   // of I64
}

// Float64 is a tensor that is written as F64. It holds data and shape, not copies.
func Float64(data []float64, shape ...int) Tensor {
	return Tensor{DType: F64, Shape: shape, Floats: data}
}

// Float32 is a tensor that is written as F32, each number rounded to nearest. It holds data and shape, not copies.
func Float32(data []float64, shape ...int) Tensor {
	return Tensor{DType: F32, Shape: shape, Floats: data}
}

// Int64 is a tensor of integers. It holds data and shape, not copies.
func Int64(data []int64, shape ...int) Tensor { return Tensor{DType: I64, Shape: shape, Ints: data} }

// Len is the number of numbers the tensor holds.
func (t Tensor) Len() int { return len(t.Floats) + len(t.Ints) }

// check reports why t cannot be written.
func (t Tensor) check() error {
	if int(t.DType) >= len(dtypes) {
		return fmt.Errorf("dtype %v is none of F64, F32 and I64", t.DType)
	}
	if held := t.held(); held != t.Len() {
		return fmt.Errorf("%v holds numbers of another type", t.DType)
	}
	want, err := count(t.Shape)
	if err != nil {
		return err
	}
	if t.Len() != want {
		return fmt.Errorf("%d numbers, want %d for shape %v", t.Len(), want, t.Shape)
	}
	if t.DType == F32 {
		return fitsFloat32(t.Floats)
	}
	return nil
}

// held is the number of numbers in the field that belongs to the type.
func (t Tensor) held() int {
	if t.DType == I64 {
		return len(t.Ints)
	}
	return len(t.Floats)
}

func fitsFloat32(data []float64) error {
	for i, v := range data {
		if math.IsInf(float64(float32(v)), 0) && !math.IsInf(v, 0) {
			return fmt.Errorf("number %d, %g, is too large for F32", i, v)
		}
	}
	return nil
}

// count is the product of a shape.
func count(shape []int) (int, error) {
	n := 1
	for _, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("shape %v has a negative size", shape)
		}
		if d > 0 && n > math.MaxInt/d {
			return 0, fmt.Errorf("shape %v is too large", shape)
		}
		n *= d
	}
	return n, nil
}
