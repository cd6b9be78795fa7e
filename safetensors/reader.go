package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
)

// Reader gives the metadata and tensors of a file, each when it is asked for: what nobody asks for is not decoded, nor
// even read where the file is one on disk. Its methods may be called from several goroutines.
type Reader struct {
	header *header
	body   io.ReaderAt
	file   *os.File // nil where there is nothing to close
}

// Open reads the header of the file at path. The Reader is to be closed. A pipe is read to its end.
//
// Anything but a complete, well-formed file is an error that names the file and, where there is one, the tensor: a
// truncated file, a header that is too long or no JSON object of the right form, a name or key given twice, a shape
// that does not fit the bytes, and bytes that belong to no tensor or to two. The type of a tensor may be any.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	r, err := open(path, f)
	if err != nil {
		_ = f.Close() // of no interest beside the error
		return nil, err
	}
	r.file = f
	return r, nil
}

func open(path string, f *os.File) (*Reader, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	if info.Mode().IsRegular() {
		return NewReader(path, f, info.Size())
	}
	return readStream(path, f)
}

// Close closes the file that [Open] opened.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

// NewReader reads the header of a file of size bytes; name stands for it in errors, which are those of [Open]. The
// Reader need not be closed.
func NewReader(name string, file io.ReaderAt, size int64) (*Reader, error) {
	h, begin, err := readHeader(io.NewSectionReader(file, 0, size), size)
	if err == nil {
		err = h.endsAt(size - begin)
	}
	if err != nil {
		return nil, fmt.Errorf("safetensors: %s: %w", name, err)
	}
	return &Reader{header: h, body: io.NewSectionReader(file, begin, size-begin)}, nil
}

// readStream takes no more from the stream than its header wants, and a byte: some devices never end.
func readStream(name string, stream io.Reader) (*Reader, error) {
	h, _, err := readHeader(stream, 0)
	var body []byte
	if err == nil {
		body, err = io.ReadAll(io.LimitReader(stream, int64(h.size)+1))
	}
	if err == nil {
		err = h.endsAt(int64(len(body)))
	}
	if err != nil {
		return nil, fmt.Errorf("safetensors: %s: %w", name, err)
	}
	return &Reader{header: h, body: bytes.NewReader(body)}, nil
}

// readHeader reads length and header of a file of size bytes, 0 where that is not known, and returns where the data
// begin. Its memory is bounded by what the file has, whatever the length claims.
func readHeader(file io.Reader, size int64) (h *header, begin int64, err error) {
	var length [8]byte
	if n, err := io.ReadFull(file, length[:]); ended(err) {
		return nil, 0, fmt.Errorf("the file ends within the header length, after %d bytes", n)
	} else if err != nil {
		return nil, 0, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader {
		return nil, 0, fmt.Errorf("header length %d is over the limit of %d: not a safetensors file?", n, maxHeader)
	}
	text, err := take(file, int64(n), size)
	if err != nil {
		return nil, 0, err
	}
	h, err = parseHeader(text)
	return h, int64(len(length)) + int64(n), err
}

func ended(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// take reads the n bytes of the header.
func take(file io.Reader, n, size int64) (text []byte, err error) {
	if n <= size {
		text = make([]byte, n)
		var got int
		got, err = io.ReadFull(file, text)
		text = text[:got]
	} else {
		text, err = io.ReadAll(io.LimitReader(file, n))
	}
	if err != nil && !ended(err) {
		return nil, err
	}
	if int64(len(text)) < n {
		return nil, fmt.Errorf("the file ends within the header: %d bytes, want %d", len(text), n)
	}
	return text, nil
}

// endsAt demands that the data have that many bytes.
func (h *header) endsAt(size int64) error {
	switch end := int64(h.size); {
	case size < end:
		return fmt.Errorf("the file ends within the tensors: %d bytes, want %d", size, end)
	case size > end:
		return errors.New("there are bytes after the last tensor")
	}
	return nil
}

// Metadata is the text that stands under that key, or false where there is none.
func (r *Reader) Metadata(key string) (string, bool) {
	text, ok := r.header.metadata.find(key)
	if !ok {
		return "", false
	}
	value, _ := unquote(text) // which newMetadata found to be sound
	return string(value), true
}

// Names are the names of the tensors, in no order.
func (r *Reader) Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		o := r.header.tensors
		for _, m := range o.members {
			if name := string(o.name(m)); name != metadataKey && !yield(name) {
				return
			}
		}
	}
}

// find is the entry of a tensor that must be there.
func (r *Reader) find(name string) (entry, error) {
	text, ok := r.header.tensors.find(name)
	if !ok || name == metadataKey {
		return entry{}, fmt.Errorf("tensor %.60q is missing", name)
	}
	return parseEntry(text)
}

// Shape is the sizes of a tensor that must be there.
func (r *Reader) Shape(name string) ([]int, error) {
	e, err := r.find(name)
	if err != nil {
		return nil, err
	}
	shape, err := e.sizes()
	if err != nil {
		return nil, fmt.Errorf("tensor %.60q: %w", name, err)
	}
	return shape, nil
}
