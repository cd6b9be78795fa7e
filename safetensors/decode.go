package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// maxHeader is the longest header the Python package reads.
const maxHeader = 100_000_000

func decode(data []byte) (*File, error) {
	if len(data) < 8 {
		return nil, fmt.Errorf("the file ends within the header length, after %d bytes", len(data))
	}
	n := binary.LittleEndian.Uint64(data)
	if n > maxHeader {
		return nil, fmt.Errorf("header length %d is over the limit of %d: not a safetensors file?", n, maxHeader)
	}
	if n > uint64(len(data)-8) {
		return nil, fmt.Errorf("the file ends within the header: %d bytes, want %d", len(data)-8, n)
	}
	metadata, entries, err := parseHeader(data[8 : 8+n])
	if err != nil {
		return nil, err
	}
	body := data[8+n:]
	if err := checkLayout(entries, len(body)); err != nil {
		return nil, err
	}
	f := &File{Metadata: metadata, Tensors: make(map[string]Tensor, len(entries))}
	for _, e := range entries {
		f.Tensors[e.name] = e.tensor(body[e.begin:e.end])
	}
	return f, nil
}

// entry is what the header says about one tensor.
type entry struct {
	name       string
	dtype      DType
	shape      []int
	begin, end int // bytes of the body
}

// checkLayout demands that the entries fill the body's size bytes without gap or overlap. It sorts them.
func checkLayout(entries []entry, size int) error {
	slices.SortFunc(entries, func(a, b entry) int {
		if a.begin != b.begin {
			return a.begin - b.begin
		}
		return a.end - b.end
	})
	at := 0
	for _, e := range entries {
		if err := e.follows(at, size); err != nil {
			return fmt.Errorf("tensor %q: %w", e.name, err)
		}
		at = e.end
	}
	if at != size {
		return fmt.Errorf("%d bytes after the last tensor", size-at)
	}
	return nil
}

// follows demands that the entry occupies as many bytes as its shape says, from at, within size bytes.
func (e entry) follows(at, size int) error {
	n, err := count(e.shape)
	if err != nil {
		return err
	}
	width := dtypes[e.dtype].size
	switch {
	case e.begin > e.end:
		return fmt.Errorf("data_offsets [%d,%d] run backward", e.begin, e.end)
	case e.begin < at:
		return fmt.Errorf("data_offsets [%d,%d] overlap the tensor before, which ends at %d", e.begin, e.end, at)
	case e.end > size:
		return fmt.Errorf("data_offsets [%d,%d] leave the file's %d bytes of data", e.begin, e.end, size)
	case e.begin > at:
		return fmt.Errorf("data_offsets [%d,%d] leave a gap after %d", e.begin, e.end, at)
	case n > math.MaxInt/width || e.end-e.begin != n*width:
		return fmt.Errorf("%d bytes do not hold %v of shape %v", e.end-e.begin, e.dtype, e.shape)
	}
	return nil
}

// tensor decodes the entry's bytes into a tensor of its own memory.
func (e entry) tensor(raw []byte) Tensor {
	t := Tensor{DType: e.dtype, Shape: e.shape}
	switch e.dtype {
	case U8:
		t.Bytes = append([]byte{}, raw...)
	case I64:
		t.Ints = numbers(raw, 8, func(b []byte) int64 { return int64(binary.LittleEndian.Uint64(b)) })
	case F64:
		t.Floats = numbers(raw, 8, func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) })
	case F32:
		t.Floats = numbers(raw, 4, func(b []byte) float64 {
			return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
		})
	}
	return t
}

func numbers[T int64 | float64](raw []byte, size int, decode func([]byte) T) []T {
	out := make([]T, len(raw)/size)
	for i := range out {
		out[i] = decode(raw[i*size:])
	}
	return out
}
