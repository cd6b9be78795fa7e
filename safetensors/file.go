package safetensors

import (
	"errors"
	"fmt"

	"neuralode/atomicfile"
)

// File is the content of a file. It has no order: the same content is always written as the same bytes.
type File struct {
	Metadata map[string]string // may be nil
	Tensors  map[string]Tensor
}

// ReadFile reads all of the file at path. Its errors are those of [Open], and a tensor of another type than F64, F32,
// F16, BF16 and I64; F16 and BF16 become F32, which holds each of their numbers.
func ReadFile(path string) (*File, error) {
	r, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	f, err := r.all()
	if err != nil {
		return nil, fmt.Errorf("safetensors: %s: %w", path, err)
	}
	return f, nil
}

func (r *Reader) all() (*File, error) {
	f := &File{Metadata: map[string]string{}, Tensors: map[string]Tensor{}}
	for _, m := range r.header.metadata.members {
		key := string(r.header.metadata.name(m))
		f.Metadata[key], _ = r.Metadata(key)
	}
	for name := range r.Names() {
		t, err := r.tensor(name)
		if err != nil {
			return nil, err
		}
		f.Tensors[name] = t
	}
	return f, nil
}

func (r *Reader) tensor(name string) (t Tensor, err error) {
	e, err := r.find(name)
	if err != nil {
		return t, err
	}
	if t.Shape, err = r.Shape(name); err != nil {
		return t, err
	}
	switch e.dtype {
	case "I64":
		t.DType = I64
		t.Ints, err = r.Ints(name, t.Shape...)
		return t, err
	case "F64":
		t.DType = F64
	default:
		t.DType = F32
	}
	t.Floats, err = r.Floats(name, t.Shape...)
	return t, err
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
