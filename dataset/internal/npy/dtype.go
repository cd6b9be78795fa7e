package npy

import (
	"encoding/binary"
	"fmt"
	"math"
)

// dtype is how a number lies in the file.
type dtype struct {
	size   int // bytes
	number func([]byte) (v float64, exact bool)
}

// parseDType reads a dtype such as "<f8": byte order, kind, size.
func parseDType(descr string) (dtype, error) {
	if len(descr) == 3 {
		var order binary.ByteOrder = binary.LittleEndian
		if descr[0] == '>' {
			order = binary.BigEndian
		}
		t, ok := kind(descr[1:], order)
		// "|" says that byte order does not matter: only single bytes may be so
		if ok && (descr[0] == '<' || descr[0] == '>' || descr[0] == '|' && t.size == 1) {
			return t, nil
		}
	}
	remedy := "astype(float) makes one of them of most others"
	if len(descr) > 1 && (descr[1] == 'U' || descr[1] == 'S' || descr[1] == 'O') {
		remedy = "save tables with text in them as CSV"
	}
	return dtype{}, fmt.Errorf("dtype %q is not read: want float16, float32 or float64, an integer of 8 to 64 bits, or bool; %s",
		descr, remedy)
}

func kind(s string, order binary.ByteOrder) (dtype, bool) {
	switch s {
	case "f8":
		return exactly(8, func(b []byte) float64 { return math.Float64frombits(order.Uint64(b)) }), true
	case "f4":
		return exactly(4, func(b []byte) float64 { return float64(math.Float32frombits(order.Uint32(b))) }), true
	case "f2":
		return exactly(2, func(b []byte) float64 { return half(order.Uint16(b)) }), true
	case "i8":
		return dtype{8, func(b []byte) (float64, bool) {
			i := int64(order.Uint64(b))
			v := float64(i)
			return v, v < 1<<63 && int64(v) == i
		}}, true
	case "i4":
		return exactly(4, func(b []byte) float64 { return float64(int32(order.Uint32(b))) }), true
	case "i2":
		return exactly(2, func(b []byte) float64 { return float64(int16(order.Uint16(b))) }), true
	case "i1":
		return exactly(1, func(b []byte) float64 { return float64(int8(b[0])) }), true
	case "u8":
		return dtype{8, func(b []byte) (float64, bool) {
			u := order.Uint64(b)
			v := float64(u)
			return v, v < 1<<64 && uint64(v) == u
		}}, true
	case "u4":
		return exactly(4, func(b []byte) float64 { return float64(order.Uint32(b)) }), true
	case "u2":
		return exactly(2, func(b []byte) float64 { return float64(order.Uint16(b)) }), true
	case "u1", "b1":
		return exactly(1, func(b []byte) float64 { return float64(b[0]) }), true
	}
	return dtype{}, false
}

// exactly is a dtype whose numbers are all float64.
func exactly(size int, number func([]byte) float64) dtype {
	return dtype{size, func(b []byte) (float64, bool) { return number(b), true }}
}

// half is the number with these bits of IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction.
func half(bits uint16) float64 {
	fraction := float64(bits & 0x3ff)
	var v float64
	switch exponent := int(bits >> 10 & 0x1f); exponent {
	case 0:
		v = math.Ldexp(fraction, -24)
	case 0x1f:
		if v = math.Inf(1); fraction > 0 {
			v = math.NaN()
		}
	default:
		v = math.Ldexp(1024+fraction, exponent-25)
	}
	if bits>>15 == 1 {
		return -v
	}
	return v
}
