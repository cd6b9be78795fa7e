//go:build gpu && cgo && linux

package driver

// cuBLAS, opened at run time. Its functions are declared here by hand, so that no header of it is needed.

/*
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct {
	int (*create)(void **);
	int (*destroy)(void *);
	int (*version)(void *, int *);
	int (*property)(int, int *);
	int (*setStream)(void *, void *);
	int (*setMath)(void *, int);
	int (*setWorkspace)(void *, void *, size_t);
	int (*sgemm)(void *, int, int, int, int, int, const float *, const float *, int, const float *, int, const float *,
				 float *, int);
	int (*dgemm)(void *, int, int, int, int, int, const double *, const double *, int, const double *, int,
				 const double *, double *, int);
} cublas;

// cublasOpen returns what dlopen or dlsym said where it fails.
static const char *cublasOpen(const char *path, cublas **out) {
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library) return dlerror();
	cublas *f = calloc(1, sizeof *f);
	struct { void *at; const char *name; } const symbols[] = {
		{&f->create, "cublasCreate_v2"}, {&f->destroy, "cublasDestroy_v2"}, {&f->property, "cublasGetProperty"},
		{&f->setStream, "cublasSetStream_v2"}, {&f->setMath, "cublasSetMathMode"},
		{&f->setWorkspace, "cublasSetWorkspace_v2"}, {&f->sgemm, "cublasSgemm_v2"}, {&f->dgemm, "cublasDgemm_v2"},
	};
	for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++)
		if (!(*(void **)symbols[i].at = dlsym(library, symbols[i].name))) {
			free(f);
			return dlerror();
		}
	*out = f;
	return NULL;
}
static int cublasProperty(cublas *f, int which, int *value) { return f->property(which, value); }
static int cublasCreate(cublas *f, void **h) { return f->create(h); }
static int cublasDestroy(cublas *f, void *h) { return f->destroy(h); }
static int cublasStream(cublas *f, void *h, void *stream) { return f->setStream(h, stream); }
static int cublasMath(cublas *f, void *h, int mode) { return f->setMath(h, mode); }
static int cublasWorkspace(cublas *f, void *h, uint64_t p, size_t n) { return f->setWorkspace(h, (void *)(uintptr_t)p, n); }
static int cublasS(cublas *f, void *h, int ta, int tb, int m, int n, int k, float alpha, uint64_t a, int lda, uint64_t b,
				   int ldb, float beta, uint64_t c, int ldc) {
	return f->sgemm(h, ta, tb, m, n, k, &alpha, (const float *)(uintptr_t)a, lda, (const float *)(uintptr_t)b, ldb, &beta,
					(float *)(uintptr_t)c, ldc);
}
static int cublasD(cublas *f, void *h, int ta, int tb, int m, int n, int k, double alpha, uint64_t a, int lda, uint64_t b,
				   int ldb, double beta, uint64_t c, int ldc) {
	return f->dgemm(h, ta, tb, m, n, k, &alpha, (const double *)(uintptr_t)a, lda, (const double *)(uintptr_t)b, ldb,
					&beta, (double *)(uintptr_t)c, ldc);
}
*/
import "C"

import (
	"errors"
	"unsafe"
)

func init() { openAlgebra = openCUBLAS }

type cublas struct{ functions *C.cublas }

func openCUBLAS(path string) (algebra, error) {
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	var c cublas
	if said := C.cublasOpen(p, &c.functions); said != nil {
		return nil, errors.New(C.GoString(said))
	}
	return c, nil
}

func (c cublas) version() (major, minor, code int) {
	var a, b C.int
	if code = int(C.cublasProperty(c.functions, 0, &a)); code == 0 { // MAJOR_VERSION and MINOR_VERSION of library_types.h
		code = int(C.cublasProperty(c.functions, 1, &b))
	}
	return int(a), int(b), code
}

func (c cublas) create() (handle, int) {
	var h handle
	code := C.cublasCreate(c.functions, &h)
	return h, int(code)
}

func (c cublas) destroy(h handle) int { return int(C.cublasDestroy(c.functions, h)) }

func (c cublas) setStream(h, stream handle) int { return int(C.cublasStream(c.functions, h, stream)) }

func (c cublas) setMath(h handle, mode int) int {
	return int(C.cublasMath(c.functions, h, C.int(mode)))
}

func (c cublas) setWorkspace(h handle, p Pointer, bytes int64) int {
	return int(C.cublasWorkspace(c.functions, h, C.uint64_t(p), C.size_t(bytes)))
}

func (c cublas) sgemm(h handle, g *gemm) int {
	return int(C.cublasS(c.functions, h, operation(g.transA), operation(g.transB), C.int(g.m), C.int(g.n), C.int(g.k),
		C.float(g.alpha), C.uint64_t(g.a), C.int(g.lda), C.uint64_t(g.b), C.int(g.ldb),
		C.float(g.beta), C.uint64_t(g.c), C.int(g.ldc)))
}

func (c cublas) dgemm(h handle, g *gemm) int {
	return int(C.cublasD(c.functions, h, operation(g.transA), operation(g.transB), C.int(g.m), C.int(g.n), C.int(g.k),
		C.double(g.alpha), C.uint64_t(g.a), C.int(g.lda), C.uint64_t(g.b), C.int(g.ldb),
		C.double(g.beta), C.uint64_t(g.c), C.int(g.ldc)))
}

// operation is CUBLAS_OP_T or CUBLAS_OP_N.
func operation(trans bool) C.int {
	if trans {
		return 1
	}
	return 0
}
