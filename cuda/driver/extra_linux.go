//go:build gpu && cgo && linux

package driver

// What gorgonia.org/cu lacks: asynchronous allocation, pinned memory, function attributes, stream capture and graphs; and
// the code of a failure to tell the version.

/*
#cgo LDFLAGS: -Wl,--as-needed -L${SRCDIR}/stub -ldl
#include <cuda.h>

int shimStatus(void);
const char *shimReason(void);

static CUresult version(int *v) { return cuDriverGetVersion(v); }
static CUresult allocAsync(CUdeviceptr *p, size_t bytes, void *stream) {
	return cuMemAllocAsync(p, bytes, (CUstream)stream);
}
static CUresult freeAsync(CUdeviceptr p, void *stream) { return cuMemFreeAsync(p, (CUstream)stream); }
static CUresult allocHost(void **p, size_t bytes) { return cuMemHostAlloc(p, bytes, CU_MEMHOSTALLOC_PORTABLE); }
static CUresult setMaxShared(void *function, int bytes) {
	return cuFuncSetAttribute((CUfunction)function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, bytes);
}
static CUresult beginCapture(void *stream) {
	return cuStreamBeginCapture((CUstream)stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
}
static CUresult endCapture(void *stream, void **graph) {
	return cuStreamEndCapture((CUstream)stream, (CUgraph *)graph);
}
static CUresult instantiate(void **executable, void *graph) {
	return cuGraphInstantiate((CUgraphExec *)executable, (CUgraph)graph, 0);
}
static CUresult closeGraph(void *graph) { return cuGraphDestroy((CUgraph)graph); }
static CUresult launchGraph(void *executable, void *stream) {
	return cuGraphLaunch((CUgraphExec)executable, (CUstream)stream);
}
static CUresult closeExecutable(void *executable) { return cuGraphExecDestroy((CUgraphExec)executable); }
*/
import "C"

import "unsafe"

func (native) status() (int, string) {
	code := int(C.shimStatus())
	return code, C.GoString(C.shimReason())
}

func (native) version() (int, int) {
	var v C.int
	code := C.version(&v)
	return int(v), int(code)
}

func (native) allocAsync(bytes int64, stream handle) (Pointer, int) {
	var p C.CUdeviceptr
	code := C.allocAsync(&p, C.size_t(bytes), stream)
	return Pointer(p), int(code)
}

func (native) freeAsync(p Pointer, stream handle) int {
	return int(C.freeAsync(C.CUdeviceptr(p), stream))
}

func (native) allocHost(bytes int64) (unsafe.Pointer, int) {
	var p unsafe.Pointer
	code := C.allocHost(&p, C.size_t(bytes))
	return p, int(code)
}

func (native) setMaxShared(function handle, bytes int) int {
	return int(C.setMaxShared(function, C.int(bytes)))
}

func (native) beginCapture(stream handle) int { return int(C.beginCapture(stream)) }

func (native) endCapture(stream handle) (handle, int) {
	var graph handle
	code := C.endCapture(stream, &graph)
	return graph, int(code)
}

func (native) instantiate(graph handle) (handle, int) {
	var executable handle
	code := C.instantiate(&executable, graph)
	return executable, int(code)
}

func (native) closeGraph(graph handle) int { return int(C.closeGraph(graph)) }

func (native) launchGraph(executable, stream handle) int {
	return int(C.launchGraph(executable, stream))
}

func (native) closeExecutable(executable handle) int { return int(C.closeExecutable(executable)) }
