package onnx

import (
	"encoding/binary"
	"math"

	"neuralode/wire"
)

// numbers adds a constant of the model's type and names it.
func (b *builder) numbers(name string, x []float64, shape ...int) string {
	var raw []byte
	for _, v := range x {
		if b.double {
			raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
		} else {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(v)))
		}
	}
	return b.constant(name, b.elements(), raw, shape...)
}

// integers adds a list of integers and names it.
func (b *builder) integers(x ...int64) string {
	var raw []byte
	for _, v := range x {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	return b.constant("", typeInt64, raw, len(x))
}

func (b *builder) constant(name string, kind int64, raw []byte, shape ...int) string {
	if name == "" {
		name = b.fresh()
	}
	var t wire.Message
	for _, n := range shape {
		t.Int(1, int64(n))
	}
	t.Int(2, kind)
	t.Text(8, name)
	t.Bytes(9, raw)
	b.initializers.Bytes(5, t)
	return name
}
