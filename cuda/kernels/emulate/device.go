package emulate

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// Device is a running program of [Build]: memory and kernels in another process. Errors stick: after the first, calls do
// nothing and Close returns it. It is not for concurrent use.
type Device struct {
	cmd    *exec.Cmd
	in     *bufio.Writer
	pipe   io.Closer
	out    *bufio.Reader
	stderr strings.Builder
	err    error
}

// Start runs the executable with additions to the environment.
func Start(exe string, env ...string) (*Device, error) {
	d := &Device{cmd: exec.Command(exe)}
	d.cmd.Env = append(os.Environ(), env...)
	d.cmd.Stderr = &d.stderr
	in, err := d.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	d.pipe, d.in, d.out = in, bufio.NewWriter(in), bufio.NewReader(out)
	return d, d.cmd.Start()
}

// Close ends the process and returns the first error, with what the process wrote to standard error.
func (d *Device) Close() error {
	d.flush()
	_ = d.pipe.Close()
	err := errors.Join(d.err, d.cmd.Wait())
	if err != nil || d.stderr.Len() > 0 {
		return fmt.Errorf("emulate: %v\n%s", err, d.stderr.String())
	}
	return nil
}

func (d *Device) keep(err error) {
	if d.err == nil {
		d.err = err
	}
}

func (d *Device) send(command byte, words ...uint64) {
	for _, x := range append([]uint64{uint64(command)}, words...) {
		d.keep(binary.Write(d.in, binary.NativeEndian, x))
	}
}

func (d *Device) flush() { d.keep(d.in.Flush()) }

func (d *Device) word() (x uint64) {
	d.flush()
	if d.err == nil {
		d.keep(binary.Read(d.out, binary.NativeEndian, &x))
	}
	return x
}

// Works reports whether there was no error yet.
func (d *Device) Works() bool { return d.err == nil }

// Alloc returns the address of n bytes, all of them 0xff.
func (d *Device) Alloc(n int) uint64 {
	d.send('a', uint64(n))
	return d.word()
}

// Write copies a slice of fixed-size values to the device.
func (d *Device) Write(address uint64, data any) {
	d.send('w', address, uint64(binary.Size(data)))
	d.keep(binary.Write(d.in, binary.NativeEndian, data))
}

// Read fills a slice of fixed-size values from the device.
func (d *Device) Read(address uint64, data any) {
	d.send('r', address, uint64(binary.Size(data)))
	d.flush()
	if d.err == nil {
		d.keep(binary.Read(d.out, binary.NativeEndian, data))
	}
}

// Product is a matrix product C = op(A)·B + Beta·C of matrices stored by rows: M rows, N columns, K terms.
type Product struct {
	RealBytes uint64 // 4 or 8
	TransA    uint64 // 1: A is K by M
	M, N, K   uint64
	A         uint64 // address
	StrideA   uint64 // from row to row
	B         uint64
	StrideB   uint64
	Beta      uint64 // 0 or 1
	C         uint64
	StrideC   uint64
}

// Multiply computes a product of matrices on the device.
func (d *Device) Multiply(p Product) {
	d.send('g')
	d.keep(binary.Write(d.in, binary.NativeEndian, p))
}

// Launch runs a kernel with one parameter to its end, before whatever is asked for next. A name that the program does not
// know is an error of a later call.
func (d *Device) Launch(kernel string, grid, block, shared int, parameter uint64) {
	d.send('l', uint64(len(kernel)))
	_, err := d.in.WriteString(kernel)
	d.keep(err)
	for _, x := range []uint64{uint64(grid), uint64(block), uint64(shared), parameter} {
		d.keep(binary.Write(d.in, binary.NativeEndian, x))
	}
}
