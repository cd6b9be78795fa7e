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

// memory is what a Call of package kernels points to, on a stream of its own: buffers of the GPU that grow and are
// kept.
type memory struct {
	device      *driver.Device
	stream      *driver.Stream
	realBytes   int
	recordLimit int64                               // solver.Spec.RecordLimit
	call        *kernels.Call                       // alone: nothing that is copied may hold a pointer of Go
	block       *driver.Buffer                      // the call as the kernels get it
	buffers     map[*kernels.Address]*driver.Buffer // by field of the call
	stage       *driver.HostBuffer                  // numbers on their way
	flag        *driver.HostBuffer                  // the kernels look at it: see cancelOn
}

// stageBytes is how much goes to or from the GPU at once.
const stageBytes = 4 << 20

func newMemory(device *driver.Device, precision solver.Precision) (x *memory, err error) {
	x = &memory{device: device, realBytes: 4, call: &kernels.Call{}, buffers: map[*kernels.Address]*driver.Buffer{}}
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
	if x.block, err = device.Alloc(int64(kernels.CallBytes)); err != nil {
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
	closing(x.block != nil, func() error { return x.block.Close() })
	closing(x.stage != nil, func() error { return x.stage.Close() })
	closing(x.flag != nil, func() error { return x.flag.Close() })
	closing(x.stream != nil, func() error { return x.stream.Close() })
	return errors.Join(errs...)
}

// room makes the field point to at least so many bytes, whose contents are lost if there were fewer.
func (x *memory) room(field *kernels.Address, bytes int) error {
	need := int64(max(bytes, 8))
	b := x.buffers[field]
	if b != nil && b.Bytes() >= need {
		*field = kernels.Address(b.Pointer())
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
	*field = kernels.Address(b.Pointer())
	return nil
}

// short says what did not fit.
func (x *memory) short(err error, field *kernels.Address, need int64) error {
	held := int64(0)
	for _, b := range x.buffers {
		held += b.Bytes()
	}
	const mib = 1 << 20
	return fmt.Errorf("cuda: %s takes %d MiB beside %d MiB: %w", x.call.Name(field), (need+mib-1)/mib, held/mib, err)
}

// room is what a field must have room for.
type room struct {
	field *kernels.Address
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
func (x *memory) reals(field *kernels.Address, n int) room { return room{field, n * x.realBytes} }

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
		*field = 0
	}
	return err
}

// send makes the call what the kernels get.
func (x *memory) send() error {
	return x.stream.Upload(x.block, 0, driver.AsBytes(x.call.Words()))
}

// launch puts a kernel on the stream, with the Call as its parameter.
func (x *memory) launch(f *driver.Function, blocks, threads, shared int) error {
	return x.stream.Launch(f, driver.Dim{X: blocks}, driver.Dim{X: threads}, shared, x.block)
}

// canceller is the flag that the kernels of a call look at now and then: pinned memory of the host, which a GPU reads
// at its address.
func (x *memory) canceller() *atomic.Int32 {
	return (*atomic.Int32)(unsafe.Pointer(&x.flag.Bytes()[0]))
}

// cancelOn lets the kernels look at the flag, which is down.
func (x *memory) cancelOn() *atomic.Int32 {
	flag := x.canceller()
	flag.Store(0)
	x.call.Cancel = kernels.Address(uintptr(unsafe.Pointer(flag)))
	return flag
}
