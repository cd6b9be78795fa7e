package driver

import "unsafe"

// handle is an object of the driver, nvrtc or cuBLAS: a pointer to memory that is not Go's.
type handle = unsafe.Pointer

// binding is the driver as this package calls it. Methods return the driver's code, 0 for success. Those that take no
// device need its context to be current on the calling thread.
type binding interface {
	// status is 0 when there is an initialised driver, −1 with the reason when there is no library, else cuInit's code.
	status() (code int, reason string)
	version() (version, code int) // as 12090
	count() (n, code int)
	name(device int) (string, int)
	totalMemory(device int) (int64, int)
	attribute(device int, a attribute) (value, code int)

	retain(device int) (context handle, code int)
	release(device int) int
	setCurrent(context handle) int
	synchronize() int
	memory() (free, total int64, code int)

	alloc(bytes int64) (Pointer, int)
	free(Pointer) int
	allocAsync(bytes int64, stream handle) (Pointer, int)
	freeAsync(Pointer, handle) int
	allocHost(bytes int64) (unsafe.Pointer, int)
	freeHost(unsafe.Pointer) int

	upload(to Pointer, from unsafe.Pointer, bytes int64, stream handle) int
	download(to unsafe.Pointer, from Pointer, bytes int64, stream handle) int
	copy(to, from Pointer, bytes int64, stream handle) int
	fill(to Pointer, value byte, bytes int64, stream handle) int

	loadModule(image []byte) (module handle, code int)
	unloadModule(module handle) int
	function(module handle, name string) (function handle, code int)
	global(module handle, name string) (Pointer, int64, int)
	functionAttribute(function handle, a functionAttribute) (value, code int)
	setMaxShared(function handle, bytes int) int
	occupancy(function handle, threads, shared int) (blocks, code int)
	launch(function handle, grid, block Dim, shared int, stream handle, arguments []uint64) int

	newStream() (stream handle, code int)
	closeStream(handle) int
	synchronizeStream(handle) int
	queryStream(handle) int
	wait(stream, event handle) int
	newEvent() (event handle, code int)
	closeEvent(handle) int
	record(event, stream handle) int
	synchronizeEvent(handle) int
	elapsed(start, end handle) (milliseconds float64, code int)

	beginCapture(stream handle) int
	endCapture(stream handle) (graph handle, code int)
	instantiate(graph handle) (executable handle, code int)
	closeGraph(graph handle) int
	launchGraph(executable, stream handle) int
	closeExecutable(handle) int
}

// compiler is NVRTC. Methods return its codes, 0 for success.
type compiler interface {
	version() (major, minor, code int)
	architectures() ([]int, int)
	compile(source, name string, options []string) (image []byte, log, call string, code int)
}

// algebra is cuBLAS. Methods return its codes, 0 for success. Matrices are stored by columns.
type algebra interface {
	version() (major, minor, code int)
	create() (handle, int)
	destroy(handle) int
	setStream(blas, stream handle) int
	setMath(blas handle, mode int) int
	setWorkspace(blas handle, p Pointer, bytes int64) int
	sgemm(blas handle, g *gemm) int
	dgemm(blas handle, g *gemm) int
}

// The libraries of this build; nil where it has none.
var (
	api          binding
	openCompiler func(path string) (compiler, error)
	openAlgebra  func(path string) (algebra, error)
)

type attribute int

// Attributes of a device, with the values of enum CUdevice_attribute.
const (
	sharedPerBlock              attribute = 8
	multiprocessors             attribute = 16
	l2Bytes                     attribute = 38
	threadsPerMultiprocessor    attribute = 39
	computeMajor                attribute = 75
	computeMinor                attribute = 76
	sharedPerMultiprocessor     attribute = 81
	registersPerMultiprocessor  attribute = 82
	sharedPerBlockOptIn         attribute = 97
	memoryPoolsSupported        attribute = 115
	clockKilohertz              attribute = 13
	kernelExecTimeoutIsEnforced attribute = 17
)

type functionAttribute int

// Attributes of a function, with the values of enum CUfunction_attribute.
const (
	functionMaxThreads functionAttribute = 0
	functionShared     functionAttribute = 1
	functionConst      functionAttribute = 2
	functionLocal      functionAttribute = 3
	functionRegisters  functionAttribute = 4
)
