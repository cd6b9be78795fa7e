package npy

import (
	"encoding/binary"
	"fmt"
	"math"
)

// dtype is how a number lies in the file.
type dtype struct {
	size   int // bytes
	number func([]byte) float64
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
	return dtype{}, fmt.Errorf("dtype %q is not read: want float32 or float64, an integer of 8 to 64 bits, or bool", descr)
}

func kind(s string, order binary.ByteOrder) (dtype, bool) {
	switch s {
	case "f8":
		return dtype{8, func(b []byte) float64 { return math.Float64frombits(order.Uint64(b)) }}, true
	case "f4":
		return dtype{4, func(b []byte) float64 { return float64(math.Float32frombits(order.Uint32(b))) }}, true
	case "i8":
		return dtype{8, func(b []byte) float64 { return float64(int64(order.Uint64(b))) }}, true
	case "i4":
		return dtype{4, func(b []byte) float64 { return float64(int32(order.Uint32(b))) }}, true
	case "i2":
		return dtype{2, func(b []byte) float64 { return float64(int16(order.Uint16(b))) }}, true
	case "i1":
		return dtype{1, func(b []byte) float64 { return float64(int8(b[0])) }}, true
	case "u8":
		return dtype{8, func(b []byte) float64 { return float64(order.Uint64(b)) }}, true
	case "u4":
		return dtype{4, func(b []byte) float64 { return float64(order.Uint32(b)) }}, true
	case "u2":
		return dtype{2, func(b []byte) float64 { return float64(order.Uint16(b)) }}, true
	case "u1", "b1":
		return dtype{1, func(b []byte) float64 { return float64(b[0]) }}, true
	}
	return dtype{}, false
}
