package cuda

import (
	"errors"
	"fmt"
	"sync/atomic"
	"unsafe"

	"neuralode/cuda/driver"
	"neuralode/cuda/kernels"
	"neuralode/solver"
)

// memory is what a Call of package kernels points to, on a stream of its own: buffers of the GPU that grow and are kept.
type memory struct {
	device      *driver.Device
	stream      *driver.Stream
	realBytes   int
	recordLimit int64    // solver.Spec.RecordLimit
	words       []uint64 // of the Call
	call        *driver.Buffer
	buffers     map[string]*driver.Buffer // by field of the Call
	stage       *driver.HostBuffer        // numbers on their way
	flag        *driver.HostBuffer        // the kernels look at it: see cancelOn
}

// stageBytes is how much goes to or from the GPU at once.
const stageBytes = 4 << 20

func newMemory(device *driver.Device, precision solver.Precision) (x *memory, err error) {
	x = &memory{device: device, realBytes: 4, words: make([]uint64, len(kernels.CallFields)), buffers: map[string]*driver.Buffer{}}
	if precision == solver.Float64 {
		x.realBytes = 8
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, x.close())
		}
	}()
	if x.stream, err = device.NewStream(); err != nil {
		return x, err
	}
	if x.call, err = device.Alloc(int64(kernels.CallBytes())); err != nil {
		return x, err
	}
	if x.stage, err = device.AllocHost(stageBytes); err != nil {
		return x, err
	}
	x.flag, err = device.AllocHost(8)
	return x, err
}

// close waits for the work under way and frees everything.
func (x *memory) close() error {
	var errs []error
	closing := func(open bool, f func() error) {
		if open {
			errs = append(errs, f())
		}
	}
	closing(x.stream != nil, func() error { return x.stream.Synchronize() })
	for _, b := range x.buffers {
		errs = append(errs, b.Close())
	}
	closing(x.call != nil, func() error { return x.call.Close() })
	closing(x.stage != nil, func() error { return x.stage.Close() })
	closing(x.flag != nil, func() error { return x.flag.Close() })
	closing(x.stream != nil, func() error { return x.stream.Close() })
	return errors.Join(errs...)
}

// fieldIndex is the place of each word of a Call.
var fieldIndex = func() map[string]int {
	at := map[string]int{}
	for i, f := range kernels.CallFields {
		at[f.Name] = i
	}
	return at
}()

func (x *memory) set(field string, value uint64) { x.words[place(field)] = value }

func (x *memory) get(field string) uint64 { return x.words[place(field)] }

func place(field string) int {
	i, ok := fieldIndex[field]
	if !ok {
		panic("cuda: a Call has no field " + field)
	}
	return i
}

// room makes the field point to at least so many bytes, whose contents are lost if there were fewer.
func (x *memory) room(field string, bytes int) error {
	need := int64(max(bytes, 8))
	b := x.buffers[field]
	if b != nil && b.Bytes() >= need {
		x.set(field, uint64(b.Pointer()))
		return nil
	}
	if b != nil {
		delete(x.buffers, field)
		if err := errors.Join(x.stream.Synchronize(), b.Close()); err != nil {
			return err
		}
	}
	b, err := x.device.Alloc(need)
	if err != nil {
		return x.short(err, field, need)
	}
	x.buffers[field] = b
	x.set(field, uint64(b.Pointer()))
	return nil
}

// short says what did not fit.
func (x *memory) short(err error, field string, need int64) error {
	held := int64(0)
	for _, b := range x.buffers {
		held += b.Bytes()
	}
	const mib = 1 << 20
	return fmt.Errorf("cuda: %s takes %d MiB beside %d MiB: %w", field, (need+mib-1)/mib, held/mib, err)
}

// room is what a field must have room for.
type room struct {
	field string
	bytes int
}

func (x *memory) rooms(all []room) error {
	for _, r := range all {
		if err := x.room(r.field, r.bytes); err != nil {
			return err
		}
	}
	return nil
}

// reals are n numbers of the state's type.
func (x *memory) reals(field string, n int) room { return room{field, n * x.realBytes} }

// roomForRecord makes room for the record of steps, within the limit of the spec. There are no checkpoints on a GPU.
func (x *memory) roomForRecord(rooms []room) error {
	need, limit := int64(0), x.recordLimit
	for _, r := range rooms {
		need += int64(r.bytes)
	}
	if limit > 0 && need > limit {
		return fmt.Errorf("cuda: the steps of the forward solves take %d bytes, more than the limit of the records, %d: raise it, "+
			"give fewer samples at once, or use the CPU: %w", need, limit, errors.ErrUnsupported)
	}
	return x.rooms(rooms)
}

// release frees all buffers: what does not fit beside them may fit alone.
func (x *memory) release() error {
	err := x.stream.Synchronize()
	for field, b := range x.buffers {
		err = errors.Join(err, b.Close())
		delete(x.buffers, field)
		x.set(field, 0)
	}
	return err
}

// send makes the words the Call that the kernels get.
func (x *memory) send() error {
	return x.stream.Upload(x.call, 0, driver.AsBytes(x.words))
}

// launch puts a kernel on the stream, with the Call as its parameter.
func (x *memory) launch(f *driver.Function, blocks, threads, shared int) error {
	return x.stream.Launch(f, driver.Dim{X: blocks}, driver.Dim{X: threads}, shared, x.call)
}

// canceller is the flag that the kernels of a call look at now and then: pinned memory of the host, which a GPU reads at
// its address.
func (x *memory) canceller() *atomic.Int32 {
	return (*atomic.Int32)(unsafe.Pointer(&x.flag.Bytes()[0]))
}

// cancelOn lets the kernels look at the flag, which is down.
func (x *memory) cancelOn() *atomic.Int32 {
	flag := x.canceller()
	flag.Store(0)
	x.set("cancel", uint64(uintptr(unsafe.Pointer(flag))))
	return flag
}
