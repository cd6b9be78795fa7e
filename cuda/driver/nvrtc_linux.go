//go:build gpu && cgo && linux

package driver

// NVRTC, opened at run time. Its functions are declared here by hand, so that no header of it is needed.

/*
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>

typedef void *program;
typedef struct {
	int (*version)(int *major, int *minor);
	int (*count)(int *n);
	int (*architectures)(int *list);
	int (*create)(program *, const char *source, const char *name, int headers, const char *const *, const char *const *);
	int (*compile)(program, int options, const char *const *);
	int (*destroy)(program *);
	int (*cubinSize)(program, size_t *);
	int (*cubin)(program, char *);
	int (*ptxSize)(program, size_t *);
	int (*ptx)(program, char *);
	int (*logSize)(program, size_t *);
	int (*log)(program, char *);
} nvrtc;

// nvrtcOpen returns what dlopen or dlsym said where it fails.
static const char *nvrtcOpen(const char *path, nvrtc **out) {
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library) return dlerror();
	nvrtc *f = calloc(1, sizeof *f);
	struct { void *at; const char *name; } const symbols[] = {
		{&f->version, "nvrtcVersion"}, {&f->count, "nvrtcGetNumSupportedArchs"},
		{&f->architectures, "nvrtcGetSupportedArchs"}, {&f->create, "nvrtcCreateProgram"},
		{&f->compile, "nvrtcCompileProgram"}, {&f->destroy, "nvrtcDestroyProgram"},
		{&f->cubinSize, "nvrtcGetCUBINSize"}, {&f->cubin, "nvrtcGetCUBIN"},
		{&f->ptxSize, "nvrtcGetPTXSize"}, {&f->ptx, "nvrtcGetPTX"},
		{&f->logSize, "nvrtcGetProgramLogSize"}, {&f->log, "nvrtcGetProgramLog"},
	};
	for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++)
		if (!(*(void **)symbols[i].at = dlsym(library, symbols[i].name))) {
			free(f);
			return dlerror();
		}
	*out = f;
	return NULL;
}
// nvrtcFile is the file that the loader took, NULL where it does not tell.
static const char *nvrtcFile(nvrtc *f) {
	Dl_info info;
	return dladdr((void *)f->version, &info) ? info.dli_fname : NULL;
}
static int isLoadable(const char *path) { return dlopen(path, RTLD_NOW | RTLD_LOCAL) != NULL; }
static int nvrtcGetVersion(nvrtc *f, int *major, int *minor) { return f->version(major, minor); }
static int nvrtcCount(nvrtc *f, int *n) { return f->count(n); }
static int nvrtcArchitectures(nvrtc *f, int *list) { return f->architectures(list); }
static int nvrtcCreate(nvrtc *f, program *p, const char *source, const char *name) {
	return f->create(p, source, name, 0, NULL, NULL);
}
static int nvrtcCompile(nvrtc *f, program p, int n, char **options) {
	return f->compile(p, n, (const char *const *)options);
}
static void nvrtcDestroy(nvrtc *f, program p) { f->destroy(&p); }
static int nvrtcText(int (*size)(program, size_t *), int (*get)(program, char *), program p, char **text, size_t *n) {
	int code = size(p, n);
	if (code) return code;
	*text = calloc(*n + 1, 1);
	return get(p, *text);
}
static int nvrtcImage(nvrtc *f, program p, int isPTX, char **text, size_t *n) {
	return isPTX ? nvrtcText(f->ptxSize, f->ptx, p, text, n) : nvrtcText(f->cubinSize, f->cubin, p, text, n);
}
static int nvrtcLog(nvrtc *f, program p, char **text, size_t *n) { return nvrtcText(f->logSize, f->log, p, text, n); }
*/
import "C"

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"unsafe"
)

func init() { openCompiler = openNVRTC }

type nvrtc struct{ functions *C.nvrtc }

func openNVRTC(path string) (compiler, error) {
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	var n nvrtc
	if said := C.nvrtcOpen(p, &n.functions); said != nil {
		return nil, errors.New(C.GoString(said))
	}
	if file := C.nvrtcFile(n.functions); file != nil {
		loadBuiltins(filepath.Dir(C.GoString(file)))
	}
	return n, nil
}

// loadBuiltins loads the library with NVRTC's own device functions from the folder that NVRTC came from. NVRTC opens it
// by its name alone with the first compilation, and the loader knows a name that is loaded already; without this, an
// NVRTC 13 that is named by its path finds it only where the system's loader looks (its wheel has no RUNPATH, unlike
// that of 12). What cannot be loaded shows when something is compiled.
func loadBuiltins(folder string) {
	files, _ := filepath.Glob(filepath.Join(folder, "libnvrtc-builtins.so*")) // the pattern is well formed
	for _, file := range files {
		p := C.CString(file)
		C.isLoadable(p)
		C.free(unsafe.Pointer(p))
	}
}

func (n nvrtc) version() (major, minor, code int) {
	var a, b C.int
	code = int(C.nvrtcGetVersion(n.functions, &a, &b))
	return int(a), int(b), code
}

func (n nvrtc) architectures() ([]int, int) {
	var count C.int
	if code := C.nvrtcCount(n.functions, &count); code != 0 || count == 0 {
		return nil, int(code)
	}
	list := make([]C.int, count)
	code := C.nvrtcArchitectures(n.functions, &list[0])
	out := make([]int, count)
	for i, a := range list {
		out[i] = int(a)
	}
	return out, int(code)
}

func (n nvrtc) compile(source, name string, options []string) (image []byte, log, call string, code int) {
	cSource, cName := C.CString(source), C.CString(name)
	defer C.free(unsafe.Pointer(cSource))
	defer C.free(unsafe.Pointer(cName))
	var p C.program
	if code := C.nvrtcCreate(n.functions, &p, cSource, cName); code != 0 {
		return nil, "", "nvrtcCreateProgram", int(code)
	}
	defer C.nvrtcDestroy(n.functions, p)
	code = n.run(p, options)
	log = n.log(p)
	if code != 0 {
		return nil, log, "nvrtcCompileProgram", code
	}
	image, code = n.image(p, slices.ContainsFunc(options, isVirtual))
	return image, log, "nvrtcGetCUBIN", code
}

// isVirtual reports whether the option asks for PTX.
func isVirtual(option string) bool {
	return strings.HasPrefix(option, architectureFlag+"compute_")
}

func (n nvrtc) run(p C.program, options []string) int {
	list := make([]*C.char, len(options))
	for i, o := range options {
		list[i] = C.CString(o)
		defer C.free(unsafe.Pointer(list[i]))
	}
	if len(list) == 0 {
		return int(C.nvrtcCompile(n.functions, p, 0, nil))
	}
	return int(C.nvrtcCompile(n.functions, p, C.int(len(list)), &list[0])) // C pointers in Go memory are allowed
}

func (n nvrtc) log(p C.program) string {
	var text *C.char
	var bytes C.size_t
	code := C.nvrtcLog(n.functions, p, &text, &bytes)
	defer C.free(unsafe.Pointer(text))
	if code != 0 {
		return ""
	}
	return C.GoString(text)
}

func (n nvrtc) image(p C.program, isPTX bool) ([]byte, int) {
	var text *C.char
	var bytes C.size_t
	var ptx C.int
	if isPTX {
		ptx = 1
	}
	code := C.nvrtcImage(n.functions, p, ptx, &text, &bytes)
	defer C.free(unsafe.Pointer(text))
	if code != 0 {
		return nil, int(code)
	}
	return C.GoBytes(unsafe.Pointer(text), C.int(bytes)), 0
}
