package safetensors

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"unicode/utf8"
)

const metadataKey = "__metadata__"

// maxHeader is the longest header the Python package reads. Places in a header fit 32 bits.
const maxHeader = 100_000_000

// header is the JSON text of a file with an index of its tensors and one of its metadata: what a look-up does not ask
// for is never decoded.
type header struct {
	tensors  object // the metadata among them
	metadata object // without text where there is none
	size     int    // bytes of all tensors
}

// parseHeader checks the whole header, that of tensors nobody will ask for too.
func parseHeader(text []byte) (*header, error) {
	switch {
	case !utf8.Valid(text):
		return nil, errors.New("the header is not UTF-8")
	case !bytes.HasPrefix(text, []byte("{")):
		return nil, errors.New("the header is not a JSON object: not a safetensors file?")
	case !json.Valid(text):
		return nil, syntaxError(text)
	}
	h := &header{}
	err := h.index(text)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	return h, nil
}

func (h *header) index(text []byte) (err error) {
	if h.tensors, err = newObject(text); err != nil {
		return err
	}
	if value, ok := h.tensors.find(metadataKey); ok {
		if h.metadata, err = newMetadata(value); err != nil {
			return fmt.Errorf("%s: %w", metadataKey, err)
		}
	}
	h.size, err = h.layout()
	return err
}

func syntaxError(text []byte) error {
	err := json.Unmarshal(text, &struct{}{})
	at := int64(0)
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		at = syntax.Offset
	}
	return fmt.Errorf("header: not a JSON object: byte %d: %w", at, err)
}

// newMetadata indexes an object whose values are strings. None at all may be written as null.
func newMetadata(text []byte) (object, error) {
	switch {
	case string(text) == "null":
		return object{}, nil
	case text[0] != '{':
		return object{}, errors.New("not a JSON object")
	}
	for name, value := range members(text) {
		key, err := unquote(text[name:endOfString(text, name)])
		if err != nil {
			return object{}, err
		}
		if text[value] != '"' {
			return object{}, fmt.Errorf("the value of %s is not a string", short(key))
		}
		if _, err := unquote(text[value:endOfString(text, value)]); err != nil {
			return object{}, err
		}
	}
	return newObject(text)
}

// layout demands that the tensors fill the data from the beginning without gap or overlap, and returns where they end.
func (h *header) layout() (int, error) {
	entries := make([]extent, 0, len(h.tensors.members))
	text := h.tensors.text
	for at, value := range members(text) {
		name := h.tensors.nameAt(at)
		if string(name) == metadataKey {
			continue
		}
		e, err := parseEntry(text[value:endOfValue(text, value)])
		if err == nil {
			err = e.fits()
		}
		if err != nil {
			return 0, fmt.Errorf("tensor %s: %w", short(name), err)
		}
		entries = append(entries, extent{e.begin, e.end, uint32(at)})
	}
	slices.SortFunc(entries, func(a, b extent) int {
		if a.begin != b.begin {
			return a.begin - b.begin
		}
		return cmp.Or(a.end-b.end, cmp.Compare(a.name, b.name))
	})
	at := 0
	for _, e := range entries {
		if err := e.follows(at); err != nil {
			return 0, fmt.Errorf("tensor %s: %w", short(h.tensors.nameAt(int(e.name))), err)
		}
		at = e.end
	}
	return at, nil
}

// extent is the bytes of a tensor, and where its name stands.
type extent struct {
	begin, end int
	name       uint32
}

func (e extent) follows(at int) error {
	switch {
	case e.begin < at:
		return fmt.Errorf("data_offsets [%d,%d] overlap the tensor before, which ends at %d", e.begin, e.end, at)
	case e.begin > at:
		return fmt.Errorf("data_offsets [%d,%d] leave a gap after %d", e.begin, e.end, at)
	}
	return nil
}

// entry is what the header says of one tensor.
type entry struct {
	dtype      string // as the file names it, perhaps unknown
	shape      []byte // as JSON
	count      int    // the product of the shape
	begin, end int    // bytes of the data
}

// parseEntry reads {"dtype": "F64", "shape": [2, 3], "data_offsets": [0, 48]}; other keys are ignored.
func parseEntry(text []byte) (e entry, err error) {
	f, err := parseFields(text)
	if err != nil {
		return e, err
	}
	if len(f.dtype) == 0 || f.dtype[0] != '"' {
		return e, errors.New("dtype is missing or not a string")
	}
	name, err := unquote(f.dtype)
	if err != nil {
		return e, err
	}
	e.dtype, e.shape = string(name), f.shape
	if e.count, err = product(f.shape); err != nil {
		return e, err
	}
	e.begin, e.end, err = parseOffsets(f.offsets)
	return e, err
}

// fields are the values of an entry, as JSON.
type fields struct{ dtype, shape, offsets []byte }

func parseFields(text []byte) (f fields, err error) {
	if text[0] != '{' {
		return f, errors.New("not a JSON object")
	}
	for name, value := range members(text) {
		key, err := unquote(text[name:endOfString(text, name)])
		if err != nil {
			return f, err
		}
		field := f.named(key)
		if field == nil {
			continue
		}
		if *field != nil {
			return f, fmt.Errorf("%q is there twice", key)
		}
		*field = text[value:endOfValue(text, value)]
	}
	return f, nil
}

func (f *fields) named(key []byte) *[]byte {
	switch string(key) {
	case "dtype":
		return &f.dtype
	case "shape":
		return &f.shape
	case "data_offsets":
		return &f.offsets
	}
	return nil
}

func product(shape []byte) (int, error) {
	n := 1
	err := eachSize("shape", shape, func(d int) error {
		high, low := bits.Mul(uint(n), uint(d))
		if high != 0 || low > math.MaxInt {
			return fmt.Errorf("shape %.60q is too large", shape)
		}
		n = int(low)
		return nil
	})
	return n, err
}

func parseOffsets(text []byte) (begin, end int, err error) {
	var offsets [2]int
	n := 0
	err = eachSize("data_offsets", text, func(at int) error {
		if n < len(offsets) {
			offsets[n] = at
		}
		n++
		return nil
	})
	switch {
	case err != nil:
		return 0, 0, err
	case n != len(offsets):
		return 0, 0, fmt.Errorf("data_offsets has %d numbers, want 2", n)
	case offsets[0] > offsets[1]:
		return 0, 0, fmt.Errorf("data_offsets [%d,%d] run backward", offsets[0], offsets[1])
	}
	return offsets[0], offsets[1], nil
}

// eachSize calls do for each number of a list of integers from 0 to the largest int.
func eachSize(key string, list []byte, do func(int) error) error {
	if len(list) == 0 || list[0] != '[' {
		return fmt.Errorf("%s is missing or not a list", key)
	}
	for at := range elements(list) {
		text := list[at:endOfValue(list, at)]
		n, err := strconv.ParseUint(string(text), 10, strconv.IntSize-1)
		if err != nil {
			return fmt.Errorf("%s: %.60q is not a size", key, text)
		}
		if err := do(int(n)); err != nil {
			return err
		}
	}
	return nil
}

// fits demands as many bytes as the shape says. How wide the numbers of an unknown type are, nobody knows.
func (e entry) fits() error {
	width, known := widths[e.dtype]
	if !known {
		return nil
	}
	high, low := bits.Mul(uint(e.count), uint(width))
	if high != 0 || low%8 != 0 || low/8 != uint(e.end-e.begin) {
		return fmt.Errorf("%d bytes do not hold %s of shape %.60q", e.end-e.begin, e.dtype, e.shape)
	}
	return nil
}

// maxDimensions is how many axes a tensor that is read may have: as many as an array of NumPy.
const maxDimensions = 64

// sizes is the shape, never nil.
func (e entry) sizes() ([]int, error) {
	sizes := []int{}
	err := eachSize("shape", e.shape, func(d int) error {
		sizes = append(sizes, d)
		if len(sizes) > maxDimensions {
			return fmt.Errorf("the shape has more than %d dimensions", maxDimensions)
		}
		return nil
	})
	return sizes, err
}

// short is a name as a message has it: in quotes, not longer than a line.
func short(name []byte) string { return fmt.Sprintf("%.60q", name) }
