//go:build gpu && cgo && linux

package driver

import (
	"reflect"
	"unsafe"

	"gorgonia.org/cu"
)

func init() { api = native{} }

// native is the CUDA driver by way of gorgonia.org/cu. What cu lacks is in extra_linux.go.
type native struct{}

// codeOf is the driver's code in an error of cu, whose type is an integer that cu does not export.
func codeOf(err error) int {
	if err == nil {
		return codeOK
	}
	if v := reflect.ValueOf(err); v.CanInt() {
		return int(v.Int())
	}
	return codeUnknown
}

// wrapper is an object of cu: a struct with one pointer.
type wrapper interface {
	cu.CUContext | cu.Stream | cu.Event | cu.Module | cu.Function
}

func unwrap[T wrapper](x T) handle { return *(*handle)(unsafe.Pointer(&x)) }

func wrap[T wrapper](h handle) T { return *(*T)(unsafe.Pointer(&h)) }

func (native) count() (int, int) {
	n, err := cu.NumDevices()
	return n, codeOf(err)
}

func (native) name(device int) (string, int) {
	s, err := cu.Device(device).Name()
	return s, codeOf(err)
}

func (native) totalMemory(device int) (int64, int) {
	n, err := cu.Device(device).TotalMem()
	return n, codeOf(err)
}

func (native) attribute(device int, a attribute) (int, int) {
	v, err := cu.Device(device).Attribute(cu.DeviceAttribute(a))
	return v, codeOf(err)
}

func (native) retain(device int) (handle, int) {
	c, err := cu.Device(device).RetainPrimaryCtx()
	return unwrap(c), codeOf(err)
}

func (native) release(device int) int { return codeOf(cu.Device(device).ReleasePrimaryCtx()) }

func (native) setCurrent(context handle) int {
	return codeOf(cu.SetCurrentContext(wrap[cu.CUContext](context)))
}

func (native) synchronize() int { return codeOf(cu.Synchronize()) }

func (native) memory() (free, total int64, code int) {
	free, total, err := cu.MemInfo()
	return free, total, codeOf(err)
}

func (native) alloc(bytes int64) (Pointer, int) {
	p, err := cu.MemAlloc(bytes)
	return Pointer(p), codeOf(err)
}

func (native) free(p Pointer) int { return codeOf(cu.MemFree(cu.DevicePtr(p))) }

func (native) freeHost(p unsafe.Pointer) int { return codeOf(cu.MemFreeHost(p)) }

func (native) upload(to Pointer, from unsafe.Pointer, bytes int64, stream handle) int {
	return codeOf(cu.MemcpyHtoDAsync(cu.DevicePtr(to), from, bytes, wrap[cu.Stream](stream)))
}

func (native) download(to unsafe.Pointer, from Pointer, bytes int64, stream handle) int {
	return codeOf(cu.MemcpyDtoHAsync(to, cu.DevicePtr(from), bytes, wrap[cu.Stream](stream)))
}

func (native) copy(to, from Pointer, bytes int64, stream handle) int {
	return codeOf(cu.MemcpyDtoDAsync(cu.DevicePtr(to), cu.DevicePtr(from), bytes, wrap[cu.Stream](stream)))
}

func (native) fill(to Pointer, value byte, bytes int64, stream handle) int {
	return codeOf(cu.MemsetD8Async(cu.DevicePtr(to), value, bytes, wrap[cu.Stream](stream)))
}

func (native) loadModule(image []byte) (handle, int) {
	m, err := cu.LoadData(string(image))
	return unwrap(m), codeOf(err)
}

func (native) unloadModule(module handle) int { return codeOf(wrap[cu.Module](module).Unload()) }

func (native) function(module handle, name string) (handle, int) {
	f, err := wrap[cu.Module](module).Function(name)
	return unwrap(f), codeOf(err)
}

func (native) global(module handle, name string) (Pointer, int64, int) {
	p, bytes, err := wrap[cu.Module](module).Global(name)
	return Pointer(p), bytes, codeOf(err)
}

func (native) functionAttribute(function handle, a functionAttribute) (int, int) {
	v, err := wrap[cu.Function](function).Attribute(cu.FunctionAttribute(a))
	return v, codeOf(err)
}

func (native) occupancy(function handle, threads, shared int) (int, int) {
	n, err := wrap[cu.Function](function).MaxActiveBlocksPerMultiProcessor(threads, int64(shared))
	return n, codeOf(err)
}

// launch hands cu a pointer to each argument; cu copies them to memory of C for the call.
func (native) launch(function handle, grid, block Dim, shared int, stream handle, arguments []uint64) int {
	pointers := make([]unsafe.Pointer, len(arguments))
	for i := range arguments {
		pointers[i] = unsafe.Pointer(&arguments[i])
	}
	return codeOf(wrap[cu.Function](function).Launch(grid.X, grid.Y, grid.Z, block.X, block.Y, block.Z, shared,
		wrap[cu.Stream](stream), pointers))
}

func (native) newStream() (handle, int) {
	s, err := cu.MakeStream(cu.NonBlocking)
	return unwrap(s), codeOf(err)
}

func (native) closeStream(stream handle) int {
	s := wrap[cu.Stream](stream)
	return codeOf(s.Destroy())
}

func (native) synchronizeStream(stream handle) int {
	return codeOf(wrap[cu.Stream](stream).Synchronize())
}

func (native) queryStream(stream handle) int { return codeOf(wrap[cu.Stream](stream).Query()) }

func (native) wait(stream, event handle) int {
	return codeOf(wrap[cu.Stream](stream).Wait(wrap[cu.Event](event), 0))
}

func (native) newEvent() (handle, int) {
	e, err := cu.MakeEvent(cu.DefaultEvent)
	return unwrap(e), codeOf(err)
}

func (native) closeEvent(event handle) int {
	e := wrap[cu.Event](event)
	return codeOf(cu.DestroyEvent(&e))
}

func (native) record(event, stream handle) int {
	return codeOf(wrap[cu.Event](event).Record(wrap[cu.Stream](stream)))
}

func (native) synchronizeEvent(event handle) int { return codeOf(wrap[cu.Event](event).Synchronize()) }

func (native) elapsed(start, end handle) (float64, int) {
	t, err := wrap[cu.Event](start).Elapsed(wrap[cu.Event](end))
	return t, codeOf(err)
}
