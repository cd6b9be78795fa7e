package tensorboard

import (
	"encoding/binary"
	"hash/crc32"
	"io"
)

// writeRecord writes one record of a TFRecord file: its length, and the data, each with a checksum (TensorFlow's
// lib/io/record_writer.h).
func writeRecord(w io.Writer, data []byte) error {
	head := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	head = binary.LittleEndian.AppendUint32(head, masked(head))
	for _, part := range [][]byte{head, data, binary.LittleEndian.AppendUint32(nil, masked(data))} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is a checksum turned and shifted, since a checksum of data that has checksums in it is a bad one.
func masked(data []byte) uint32 {
	sum := crc32.Checksum(data, castagnoli)
	return (sum>>15 | sum<<17) + 0xa282ead8
}
