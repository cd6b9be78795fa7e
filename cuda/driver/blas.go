package driver

import "sync"

// BLAS is cuBLAS on one stream. It is not for concurrent use.
type BLAS struct {
	object
	algebra algebra
	handle  handle
}

// Math is the precision of the products in Sgemm.
type Math int

const (
	Exact Math = 0 // float32 throughout: cuBLAS's default
	TF32  Math = 3 // factors rounded to 10 bits of mantissa, on tensor cores
)

// cublasLibrary is the cuBLAS that was found.
type cublasLibrary struct {
	Library
	algebra algebra
}

var foundCUBLAS struct {
	sync.Mutex
	by map[Version]*cublasLibrary
}

// findCUBLAS looks once for the newest cuBLAS that goes with the driver.
func findCUBLAS(driver Version) *cublasLibrary {
	foundCUBLAS.Lock()
	defer foundCUBLAS.Unlock()
	if l := foundCUBLAS.by[driver]; l != nil {
		return l
	}
	l := new(cublasLibrary)
	l.Library = cublasFamily.find(driver, func(path string) (Version, error) {
		a, err := openAlgebra(path)
		if err != nil {
			return Version{}, err
		}
		major, minor, code := a.version()
		if code != 0 {
			return Version{}, algebraError("cublasGetProperty", code)
		}
		l.algebra = a
		return Version{major, minor}, nil
	})
	if foundCUBLAS.by == nil {
		foundCUBLAS.by = map[Version]*cublasLibrary{}
	}
	foundCUBLAS.by[driver] = l
	return l
}

// NewBLAS returns cuBLAS that puts its work on the stream. Where there is no cuBLAS the error is named NoCUBLAS.
func (s *Stream) NewBLAS() (*BLAS, error) {
	l := findCUBLAS(s.device.info.Driver)
	if l.Err != nil {
		return nil, l.Err
	}
	b := &BLAS{algebra: l.algebra}
	err := s.status("cublasCreate", func() (code int) {
		b.handle, code = b.algebra.create()
		return code
	})
	if err != nil {
		return nil, err
	}
	b.init(s.device, blasKind, 0)
	err = b.status("cublasSetStream", func() int { return b.algebra.setStream(b.handle, s.handle) })
	if err != nil {
		_ = b.Close()
		return nil, err
	}
	return b, nil
}

// SetMath sets the precision of Sgemm.
func (b *BLAS) SetMath(m Math) error {
	return b.status("cublasSetMathMode", func() int { return b.algebra.setMath(b.handle, int(m)) })
}

// SetWorkspace gives cuBLAS memory to work in, instead of its own. With it, calls can be captured without allocations, and
// repeat to the bit. NVIDIA advises 32 MiB for compute capability 9.0 and 4 MiB before. The buffer must live as long as b.
func (b *BLAS) SetWorkspace(w *Buffer) error {
	if w.closed.Load() {
		return misuse("SetWorkspace", "the buffer is closed")
	}
	return b.status("cublasSetWorkspace", func() int {
		return b.algebra.setWorkspace(b.handle, w.pointer, w.bytes)
	})
}

// Close gives cuBLAS back. Its work must be over.
func (b *BLAS) Close() error {
	return b.close("cublasDestroy", func() int {
		if b.algebra.destroy(b.handle) != 0 {
			return codeUnknown
		}
		return codeOK
	})
}

// status calls f, which returns a code of cuBLAS. A failure of the driver behind it shows at the stream.
func (o *object) status(call string, f func() int) error {
	var code int
	err := o.do(call, func() int {
		code = f()
		return codeOK
	})
	if err == nil && code != 0 {
		return algebraError(call, code)
	}
	return err
}

// algebraNames are the names of cuBLAS's codes (enum cublasStatus_t of cublas_api.h) other than 3, for too little memory.
var algebraNames = map[int]string{
	1: "CUBLAS_STATUS_NOT_INITIALIZED", 7: "CUBLAS_STATUS_INVALID_VALUE",
	8: "CUBLAS_STATUS_ARCH_MISMATCH", 11: "CUBLAS_STATUS_MAPPING_ERROR", 13: "CUBLAS_STATUS_EXECUTION_FAILED",
	14: "CUBLAS_STATUS_INTERNAL_ERROR", 15: "CUBLAS_STATUS_NOT_SUPPORTED", 16: "CUBLAS_STATUS_LICENSE_ERROR",
}

func algebraError(call string, code int) *Error {
	name, ok := algebraNames[code]
	if !ok {
		name = UnknownError
	}
	e := &Error{Call: call, Code: code, Name: name, Remedy: unexpected}
	switch code {
	case 1:
		e.Remedy = remedies[2] // also what cuBLAS says when memory is short
	case 3:
		e.Name, e.Remedy = OutOfMemory, remedies[2]
	case 8:
		e.Remedy = "this cuBLAS does not support the GPU: use another version (NEURALODE_CUBLAS)"
	case 13:
		e.Remedy = "the kernel of cuBLAS failed: the stream's next error says why"
	}
	return e
}
