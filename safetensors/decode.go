package safetensors

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
)

// Floats is the numbers of a tensor of type F64, F32, F16 or BF16 that must be there with this shape; each of them is
// a float64 exactly. NaN and infinity are numbers here. An error names the tensor, what was wanted and what is there.
func (r *Reader) Floats(name string, shape ...int) ([]float64, error) {
	return numbers(r, name, shape, floats, "F64, F32, F16 or BF16")
}

// Finite is what Floats gives, and an error where one of the numbers is NaN or infinite.
func (r *Reader) Finite(name string, shape ...int) ([]float64, error) {
	data, err := r.Floats(name, shape...)
	if err != nil {
		return nil, err
	}
	for i, v := range data {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("tensor %.60q: number %d is %v, want finite numbers", name, i, v)
		}
	}
	return data, nil
}

// Ints is the numbers of a tensor of type I64 that must be there with this shape. Its errors are those of
// [Reader.Floats].
func (r *Reader) Ints(name string, shape ...int) ([]int64, error) {
	return numbers(r, name, shape, map[string]func([]byte) int64{
		"I64": func(b []byte) int64 { return int64(binary.LittleEndian.Uint64(b)) },
	}, "I64")
}

// floats decode one number.
var floats = map[string]func([]byte) float64{
	"F64": func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) },
	"F32": func(b []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) },
	"F16": func(b []byte) float64 { return half(binary.LittleEndian.Uint16(b)) },
	"BF16": func(b []byte) float64 {
		return float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16))
	},
}

// half is a number of IEEE 754's binary16: a sign, 5 bits of exponent, of which 15 is that of 1, and 10 of fraction.
func half(b uint16) float64 {
	sign, exponent, fraction := uint64(b>>15)<<63, uint64(b>>10)&31, uint64(b)&1023
	switch exponent {
	case 0: // no leading 1
		return math.Copysign(math.Ldexp(float64(fraction), -24), math.Float64frombits(sign|1))
	case 31: // infinity or NaN
		return math.Float64frombits(sign | 2047<<52 | fraction<<42)
	}
	return math.Float64frombits(sign | (exponent+1023-15)<<52 | fraction<<42)
}

// chunk is how many bytes are read at once.
const chunk = 1 << 16

// numbers is the tensor by the decoder of its type; want names the types that have one.
func numbers[T int64 | float64](r *Reader, name string, shape []int, decoders map[string]func([]byte) T,
	want string) ([]T, error) {
	e, err := r.find(name)
	if err != nil {
		return nil, fmt.Errorf("%w, want shape %v", err, shape)
	}
	one, ok := decoders[e.dtype]
	if !ok {
		return nil, fmt.Errorf("tensor %.60q is %.60q, want %s", name, e.dtype, want)
	}
	switch got, err := e.sizes(); {
	case err != nil:
		return nil, fmt.Errorf("tensor %.60q: %w", name, err)
	case !slices.Equal(got, shape):
		return nil, fmt.Errorf("tensor %.60q has shape %v, want %v", name, got, shape)
	}
	out, err := decode(r.body, e, one)
	if err != nil {
		return nil, fmt.Errorf("tensor %.60q: %w", name, err)
	}
	return out, nil
}

// decode is the numbers of an entry, each decoded by one.
func decode[T int64 | float64](body io.ReaderAt, e entry, one func([]byte) T) ([]T, error) {
	out := make([]T, 0, e.count)
	width := widths[e.dtype] / 8
	buffer := make([]byte, min(chunk, e.end-e.begin))
	for at := e.begin; at < e.end; at += len(buffer) {
		buffer = buffer[:min(len(buffer), e.end-at)]
		if n, err := body.ReadAt(buffer, int64(at)); n < len(buffer) {
			return nil, fmt.Errorf("byte %d of the data: %w", at+n, err)
		}
		for i := 0; i < len(buffer); i += width {
			out = append(out, one(buffer[i:]))
		}
	}
	return out, nil
}
