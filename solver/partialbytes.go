package solver

import (
	"encoding/binary"
	"errors"
	"math"
)

// sumMagic begins the bytes of a PartialSum, and says which version of them they are.
const sumMagic = 0x314d5553 // "SUM1"

// MarshalBinary is the sum as bytes, little-endian, with the numbers of its sums in their precision.
func (p *PartialSum) MarshalBinary() ([]byte, error) {
	width := 0
	if len(p.Subtrees) > 0 {
		width = len(p.Subtrees[0].Sums)
	}
	w := byteWriter(binary.LittleEndian.AppendUint32(make([]byte, 0, p.bytes(width)), sumMagic))
	for _, v := range []int{int(p.Step), p.Samples, p.Leaves, int(p.Precision), width, len(p.Subtrees),
		len(p.Failures)} {
		w.int(v)
	}
	for _, s := range p.Subtrees {
		for _, v := range []int{s.From, s.To, s.NFE, s.NFEMax, s.Accepted, s.Rejected} {
			w.int(v)
		}
		w.float(s.Loss)
		w.floats(s.Sums, p.Precision)
	}
	for _, f := range p.Failures {
		backward := 0
		if f.Backward {
			backward = 1
		}
		for _, v := range []int{f.Place, f.Sample, backward, int(f.End.Status)} {
			w.int(v)
		}
		w.float(f.End.T)
		w.float(f.End.H)
	}
	return w, nil
}

// bytes is about how many the sum has, with subtrees of so many numbers.
func (p *PartialSum) bytes(width int) int {
	return 64 + len(p.Subtrees)*(56+8*width) + 48*len(p.Failures)
}

// UnmarshalBinary reads what MarshalBinary wrote. Other bytes are an error, and take no more memory than they have.
func (p *PartialSum) UnmarshalBinary(data []byte) error {
	r := byteReader{data: data}
	if r.take(4); len(data) < 4 || binary.LittleEndian.Uint32(data) != sumMagic {
		return errors.New("solver: these bytes are no partial sum")
	}
	q := PartialSum{Step: int64(r.int()), Samples: r.int(), Leaves: r.int(), Precision: Precision(r.int())}
	width, subtrees, failures, size := r.int(), r.int(), r.int(), 4
	if q.Precision == Float64 {
		size = 8
	}
	for range r.count(subtrees, 7*8+r.size(width, size)) {
		s := Subtree{From: r.int(), To: r.int(), NFE: r.int(), NFEMax: r.int(), Accepted: r.int(), Rejected: r.int(),
			Loss: r.float()}
		s.Sums = r.floats(width, size)
		q.Subtrees = append(q.Subtrees, s)
	}
	for range r.count(failures, 6*8) {
		f := Failure{Place: r.int(), Sample: r.int(), Backward: r.int() != 0, End: End{Status: Status(r.int())}}
		f.End.T, f.End.H = r.float(), r.float()
		q.Failures = append(q.Failures, f)
	}
	if r.bad || len(r.data) > 0 {
		return errors.New("solver: the bytes of a partial sum are too few or too many")
	}
	if err := q.check(); err != nil {
		return err
	}
	*p = q
	return nil
}

type byteWriter []byte

func (w *byteWriter) int(v int)       { *w = binary.LittleEndian.AppendUint64(*w, uint64(v)) }
func (w *byteWriter) float(v float64) { *w = binary.LittleEndian.AppendUint64(*w, math.Float64bits(v)) }

// floats writes numbers in a precision.
func (w *byteWriter) floats(x []float64, p Precision) {
	b := *w
	if p == Float64 {
		for _, v := range x {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
	} else {
		for _, v := range x {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
		}
	}
	*w = b
}

// byteReader reads numbers; zeros, and bad, where there are none left.
type byteReader struct {
	data []byte
	bad  bool
}

func (r *byteReader) take(n int) []byte {
	if len(r.data) < n {
		r.bad, r.data = true, nil
		return make([]byte, n)
	}
	x := r.data[:n]
	r.data = r.data[n:]
	return x
}

func (r *byteReader) int() int { return int(int64(binary.LittleEndian.Uint64(r.take(8)))) }
func (r *byteReader) float() float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64(r.take(8)))
}

// floats are n numbers of so many bytes each, for which there are bytes; nil for none.
func (r *byteReader) floats(n, size int) []float64 {
	if n == 0 {
		return nil
	}
	b, x := r.take(n*size), make([]float64, n)
	for i := range x {
		if size == 8 {
			x[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
		} else {
			x[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])))
		}
	}
	return x
}

// size is that of n numbers, if there may be as many.
func (r *byteReader) size(n, each int) int {
	if n < 0 || n > len(r.data)/each {
		r.bad = true
		return 0
	}
	return n * each
}

// count is n, if there are bytes for so many things of that size.
func (r *byteReader) count(n, each int) int {
	if r.bad || n < 0 || n > len(r.data)/each {
		r.bad = true
		return 0
	}
	return n
}
