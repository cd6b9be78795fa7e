package safetensors

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"unicode/utf8"
)

// Write writes the file to w: metadata first, then the tensors, I64 before F64 before F32 and by name among those of
// one type, as the Python package orders them; the header is padded with spaces to a multiple of 8 bytes. It writes
// nothing when [File.Check] reports an error.
func (f *File) Write(w io.Writer) error {
	if err := f.Check(); err != nil {
		return err
	}
	order := f.order()
	header, err := f.header(order)
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(w, 1<<16)
	_, _ = b.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(header))))
	_, _ = b.Write(header)
	for _, name := range order {
		f.Tensors[name].write(b)
	}
	return b.Flush() // the first error of all writes
}

// order is the names in the order of the file.
func (f *File) order() []string {
	return slices.SortedFunc(maps.Keys(f.Tensors), func(a, b string) int {
		return cmp.Or(cmp.Compare(f.Tensors[a].rank(), f.Tensors[b].rank()), cmp.Compare(a, b))
	})
}

func (t Tensor) rank() int {
	if int(t.DType) < len(dtypes) {
		return dtypes[t.DType].rank
	}
	return len(dtypes)
}

// header is the JSON text. It is put together by hand because package json sorts the members of a map.
func (f *File) header(order []string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	if len(f.Metadata) > 0 {
		fmt.Fprintf(&b, "%s:%s", quote(metadataKey), quote(f.Metadata))
	}
	at := 0
	for _, name := range order {
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		t := f.Tensors[name]
		end := at + t.Len()*dtypes[t.DType].size
		shape := append([]int{}, t.Shape...) // [] and not null
		fmt.Fprintf(&b, `%s:{"dtype":"%v","shape":%s,"data_offsets":[%d,%d]}`, quote(name), t.DType, quote(shape), at,
			end)
		at = end
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	if b.Len() > maxHeader {
		return nil, fmt.Errorf("safetensors: the header has %d bytes, more than %d", b.Len(), maxHeader)
	}
	return b.Bytes(), nil
}

// quote is v as JSON without the escapes that are only for web pages.
func quote(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // cannot fail for strings, lists of ints and maps of strings
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func (t Tensor) write(b *bufio.Writer) {
	put := binary.LittleEndian
	switch t.DType {
	case F64:
		for _, v := range t.Floats {
			_, _ = b.Write(put.AppendUint64(b.AvailableBuffer(), math.Float64bits(v)))
		}
	case F32:
		for _, v := range t.Floats {
			_, _ = b.Write(put.AppendUint32(b.AvailableBuffer(), math.Float32bits(float32(v))))
		}
	case I64:
		for _, v := range t.Ints {
			_, _ = b.Write(put.AppendUint64(b.AvailableBuffer(), uint64(v)))
		}
	}
}

func checkName(name string) error {
	switch {
	case name == metadataKey:
		return errors.New("the name is reserved")
	case !utf8.ValidString(name):
		return errors.New("the name is not UTF-8")
	}
	return nil
}

func (f *File) checkMetadata() (errs []error) {
	for _, key := range slices.Sorted(maps.Keys(f.Metadata)) {
		if !utf8.ValidString(key) || !utf8.ValidString(f.Metadata[key]) {
			errs = append(errs, fmt.Errorf("safetensors: metadata %q is not UTF-8", key))
		}
	}
	return errs
}
