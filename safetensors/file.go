package safetensors

import (
	"errors"
	"fmt"
	"io"
	"os"

	"neuralode/atomicfile"
)

// File is the content of a file. It has no order: the same content is always written as the same bytes.
type File struct {
	Metadata map[string]string // may be nil
	Tensors  map[string]Tensor
}

// ReadFile reads the file at path. The errors are those of [Read], and those of opening and reading it.
func ReadFile(path string) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	return parse(path, data)
}

// Read reads a whole file from r; name stands for it in errors. Memory is bounded by a multiple of what r
// delivers, whatever the header claims.
//
// Anything but a complete, well-formed file is an error that names the file and, where there is one, the tensor: a
// truncated file, a header that is too long or no JSON object of the right form, a name or key given twice, an unknown
// dtype, a shape that does not fit the bytes, and bytes that belong to no tensor or to two. NaN and infinity are data.
func Read(name string, r io.Reader) (*File, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %s: %w", name, err)
	}
	return parse(name, data)
}

func parse(name string, data []byte) (*File, error) {
	f, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %s: %w", name, err)
	}
	return f, nil
}

// WriteFile makes path hold f, or leaves what is there untouched; see [atomicfile.Write].
func (f *File) WriteFile(path string) error {
	return atomicfile.Write(path, f.Write)
}

// Check reports every reason why f cannot be written: a tensor whose data does not fit its shape or type, a number
// too large for F32, or a name or metadata that is not UTF-8 or is the reserved name "__metadata__".
func (f *File) Check() error {
	var errs []error
	for _, name := range f.order() {
		if err := checkName(name); err != nil {
			errs = append(errs, fmt.Errorf("safetensors: tensor %q: %w", name, err))
		}
		if err := f.Tensors[name].check(); err != nil {
			errs = append(errs, fmt.Errorf("safetensors: tensor %q: %w", name, err))
		}
	}
	return errors.Join(append(errs, f.checkMetadata()...)...)
}
