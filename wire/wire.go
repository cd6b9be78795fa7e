// Package wire writes messages of protocol buffers, field by field, by the numbers that their .proto files give: the
// few messages of ONNX and TensorBoard need no generated code.
package wire

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Message is an encoded message, to which fields are appended. The zero value is an empty one.
type Message []byte

// Int appends an integer, a bool or an enum.
func (m *Message) Int(field protowire.Number, v int64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.VarintType), uint64(v))
}

// Float appends a float.
func (m *Message) Float(field protowire.Number, v float32) {
	*m = protowire.AppendFixed32(protowire.AppendTag(*m, field, protowire.Fixed32Type), math.Float32bits(v))
}

// Double appends a double.
func (m *Message) Double(field protowire.Number, v float64) {
	*m = protowire.AppendFixed64(protowire.AppendTag(*m, field, protowire.Fixed64Type), math.Float64bits(v))
}

// Text appends a string.
func (m *Message) Text(field protowire.Number, v string) { m.Bytes(field, []byte(v)) }

// Bytes appends bytes, or a message within this one.
func (m *Message) Bytes(field protowire.Number, v []byte) {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, field, protowire.BytesType), v)
}
