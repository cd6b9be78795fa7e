package driver

import (
	"runtime"
	"sync/atomic"
)

// Device is an open GPU: the process's primary context on it, which libraries such as cuBLAS share.
type Device struct {
	info    Info
	context handle
	live    ledger
	fatal   atomic.Pointer[Error]
	closed  atomic.Bool
}

// Open opens the GPU of that number, counted from 0 as nvidia-smi does under CUDA_DEVICE_ORDER=PCI_BUS_ID and
// CUDA_VISIBLE_DEVICES allows. It takes some tenths of a second the first time. The error says why the GPU cannot be used:
// built without CUDA, no libcuda, a driver too old, no device, or no NVRTC.
func Open(ordinal int) (*Device, error) {
	driver, n, err := probe("Open")
	if err != nil {
		return nil, err
	}
	if ordinal < 0 || ordinal >= n {
		return nil, misuse("Open", "there is no GPU %d: the driver sees %d, counted from 0", ordinal, n)
	}
	nvrtc := findNVRTC(driver)
	if nvrtc.Err != nil {
		return nil, nvrtc.Err
	}
	info, err := describe(ordinal)
	if err != nil {
		return nil, err
	}
	info.Driver, info.NVRTC = driver, nvrtc.Library
	return retain(info)
}

func retain(info Info) (*Device, error) {
	context, code := api.retain(info.Ordinal)
	if code != codeOK {
		return nil, newError("cuDevicePrimaryCtxRetain", code)
	}
	openDevices.Add(1)
	return &Device{info: info, context: context}, nil
}

// Info describes the device.
func (d *Device) Info() Info { return d.info }

// Live counts what is open on the device; Devices is 0.
func (d *Device) Live() Counts { return d.live.counts() }

// Err is the error after which the device can do nothing more, or nil. Only a new process can use the GPU again.
func (d *Device) Err() error {
	if e := d.fatal.Load(); e != nil {
		return e
	}
	return nil
}

// Synchronize waits for all the work of the device.
func (d *Device) Synchronize() error {
	return d.do("cuCtxSynchronize", api.synchronize)
}

// Memory returns how many bytes of the GPU's memory are free, and how many it has. Other processes' use counts.
func (d *Device) Memory() (free, total int64, err error) {
	err = d.do("cuMemGetInfo", func() (code int) {
		free, total, code = api.memory()
		return code
	})
	return free, total, err
}

// Close gives the device back. What is still open on it is an error that counts it; it is gone with the last Device of
// the GPU in this process, and must not be used.
func (d *Device) Close() error {
	if d.closed.Swap(true) {
		return nil
	}
	openDevices.Add(-1)
	code := api.release(d.info.Ordinal)
	if err := d.Err(); err != nil {
		return err
	}
	if code != codeOK {
		return newError("cuDevicePrimaryCtxRelease", code)
	}
	if live := d.Live(); !live.IsZero() {
		return &Error{Call: "Device.Close", Name: LeftOpen, Remedy: live.String() + " still open: a mistake in the program"}
	}
	return nil
}

// do calls f with the device's context current.
func (d *Device) do(call string, f func() int) error {
	if d.closed.Load() {
		return misuse(call, "the device is closed")
	}
	if err := d.Err(); err != nil {
		return err
	}
	return d.enter(call, f)
}

// finish calls f, which frees something, with the device's context current. It tries also after a fatal error, which it
// returns; after Close of the device everything is free already.
func (d *Device) finish(call string, f func() int) error {
	if d.closed.Load() {
		return nil
	}
	before := d.Err()
	err := d.enter(call, f)
	if before != nil {
		return before
	}
	return err
}

func (d *Device) enter(call string, f func() int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if code := api.setCurrent(d.context); code != codeOK {
		return d.fail("cuCtxSetCurrent", code)
	}
	if code := f(); code != codeOK {
		return d.fail(call, code)
	}
	return nil
}

func (d *Device) fail(call string, code int) error {
	e := newError(call, code)
	if isFatal(code) {
		d.fatal.CompareAndSwap(nil, e)
		return d.fatal.Load()
	}
	return e
}

// opened counts a new object of the device.
func (d *Device) opened(k kind, bytes int64) {
	d.live.add(k, 1, bytes)
	global.add(k, 1, bytes)
}

// object is what everything made on a device has in common.
type object struct {
	device *Device
	kind   kind
	bytes  int64
	closed atomic.Bool
}

func (o *object) init(d *Device, k kind, bytes int64) {
	o.device, o.kind, o.bytes = d, k, bytes
	d.opened(k, bytes)
}

// close frees the object with f, once.
func (o *object) close(call string, f func() int) error {
	if o.closed.Swap(true) {
		return nil
	}
	o.device.live.add(o.kind, -1, o.bytes)
	global.add(o.kind, -1, o.bytes)
	return o.device.finish(call, f)
}

// do calls f unless the object is closed.
func (o *object) do(call string, f func() int) error {
	if o.closed.Load() {
		return misuse(call, "it is closed")
	}
	return o.device.do(call, f)
}
