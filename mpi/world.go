package mpi

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"unsafe"
)

// World is all processes that were started together: MPI_COMM_WORLD. Its methods may be called from any goroutine, one
// at a time; the calls themselves are made on the thread that began with them, as the library wants it.
type World struct {
	rank, size int
	library    string
	abi        abi
	calls      calls
	do         chan func()
}

// calls are the functions of the library.
type calls struct {
	init     func(argc, argv unsafe.Pointer, want int32, got unsafe.Pointer) int32
	rank     func(world uintptr, n unsafe.Pointer) int32
	size     func(world uintptr, n unsafe.Pointer) int32
	send     func(data unsafe.Pointer, n int32, kind uintptr, to, tag int32, world uintptr) int32
	recv     func(data unsafe.Pointer, n int32, kind uintptr, from, tag int32, world, status uintptr) int32
	bcast    func(data unsafe.Pointer, n int32, kind uintptr, root int32, world uintptr) int32
	barrier  func(world uintptr) int32
	abort    func(world uintptr, code int32) int32
	finalize func() int32
}

// entered is set once a process has begun with MPI, which it can do once.
var entered atomic.Pointer[World]

// threadFunneled says that one thread alone makes the calls.
const threadFunneled = 1

// Open opens the library, NEURALODE_MPI or the one that goes with the launcher, and enters the world. Where there is no
// library it says what to install. It can be called once in a process. Leave with Finalize, and end the process by
// [Exit].
func Open(l Launch) (*World, error) {
	w := &World{do: make(chan func())}
	if !entered.CompareAndSwap(nil, w) {
		return nil, errors.New("mpi: a process enters the world once")
	}
	go w.serve()
	var err error
	w.run(func() { err = w.enter(l) })
	if err != nil {
		entered.Store(nil)
		close(w.do)
		return nil, err
	}
	return w, nil
}

// serve makes the calls, on one thread.
func (w *World) serve() {
	runtime.LockOSThread()
	for f := range w.do {
		f()
	}
}

// run makes a call on the world's thread.
func (w *World) run(f func()) {
	done := make(chan struct{})
	w.do <- func() {
		defer close(done)
		f()
	}
	<-done
}

// open opens the first library of the candidates that is there.
func (w *World) open(l Launch) (library uintptr, err error) {
	var errs []error
	for _, name := range candidates(os.Getenv("NEURALODE_MPI"), l.By) {
		if library, err = openLibrary(name); err == nil {
			w.library = name
			return library, nil
		}
		errs = append(errs, err)
	}
	return 0, fmt.Errorf("mpi: no library can be opened: install openmpi-bin or mpich (the one whose mpirun starts "+
		"this), or give its libmpi in NEURALODE_MPI; tried %w", errors.Join(errs...))
}

func (w *World) enter(l Launch) error {
	library, err := w.open(l)
	if err != nil {
		return err
	}
	w.abi = ofLibrary(w.library, func(name string) (uintptr, bool) {
		address, err := symbol(library, name)
		return address, err == nil
	})
	if err := w.calls.register(library); err != nil {
		return fmt.Errorf("mpi: %s: %w", w.library, err)
	}
	got, rank, size := new(int32), new(int32), new(int32) // on the heap: memory that does not move
	for _, step := range []struct {
		name string
		code int32
	}{
		{"MPI_Init_thread", w.calls.init(nil, nil, threadFunneled, unsafe.Pointer(got))},
		{"MPI_Comm_rank", w.calls.rank(w.abi.world, unsafe.Pointer(rank))},
		{"MPI_Comm_size", w.calls.size(w.abi.world, unsafe.Pointer(size))},
	} {
		if err := failed(step.name, step.code); err != nil {
			return err
		}
	}
	w.rank, w.size = int(*rank), int(*size)
	return w.meant(l)
}

// meant reports a library that does not see the ranks that the launcher started.
func (w *World) meant(l Launch) error {
	if l.Size == 0 || l.Size == w.size {
		return nil
	}
	w.calls.finalize()
	return fmt.Errorf("mpi: the launcher (%s) started %d ranks, %s sees %d: give the libmpi that belongs to the "+
		"launcher in NEURALODE_MPI", l.By, l.Size, w, w.size)
}

// register looks the functions up.
func (c *calls) register(library uintptr) error {
	for _, f := range []struct {
		name string
		into any
	}{
		{"MPI_Init_thread", &c.init}, {"MPI_Comm_rank", &c.rank}, {"MPI_Comm_size", &c.size}, {"MPI_Send", &c.send},
		{"MPI_Recv", &c.recv}, {"MPI_Bcast", &c.bcast}, {"MPI_Barrier", &c.barrier}, {"MPI_Abort", &c.abort},
		{"MPI_Finalize", &c.finalize},
	} {
		address, err := symbol(library, f.name)
		if err != nil {
			return err
		}
		bind(f.into, address)
	}
	return nil
}

// failed is the error of a call. As a rule the library ends the world before it returns one.
func failed(call string, code int32) error {
	if code == 0 {
		return nil
	}
	return fmt.Errorf("mpi: %s failed with code %d", call, code)
}

// Rank is the number of this process, from 0.
func (w *World) Rank() int { return w.rank }

// Size is how many processes there are.
func (w *World) Size() int { return w.size }

// String names the library and the interface by which it is called.
func (w *World) String() string { return fmt.Sprintf("%s (%s)", w.library, w.abi.name) }

// tag is that of all messages: they come in the order in which they were sent.
const tag = 7

// largest is how many bytes go at once: counts are 32-bit.
const largest = 1 << 30

// inPieces makes a call for each piece of the data.
func (w *World) inPieces(name string, data []byte, call func(at unsafe.Pointer, n int32) int32) (err error) {
	w.run(func() {
		for first := true; first || len(data) > 0; first = false {
			n := min(len(data), largest)
			if err = failed(name, call(unsafe.Pointer(unsafe.SliceData(data)), int32(n))); err != nil {
				return
			}
			data = data[n:]
		}
	})
	runtime.KeepAlive(data)
	return err
}

// Send sends the data to another rank, which receives as many bytes or has room for more, up to 2³⁰.
func (w *World) Send(to int, data []byte) error {
	return w.inPieces("MPI_Send", data, func(at unsafe.Pointer, n int32) int32 {
		return w.calls.send(at, n, w.abi.bytes, int32(to), tag, w.abi.world)
	})
}

// Receive fills data, or the beginning of it, with what another rank sent.
func (w *World) Receive(from int, data []byte) error {
	return w.inPieces("MPI_Recv", data, func(at unsafe.Pointer, n int32) int32 {
		return w.calls.recv(at, n, w.abi.bytes, int32(from), tag, w.abi.world, w.abi.ignore)
	})
}

// Broadcast gives the data of rank 0 to all, which give room for as many bytes.
func (w *World) Broadcast(data []byte) error {
	return w.inPieces("MPI_Bcast", data, func(at unsafe.Pointer, n int32) int32 {
		return w.calls.bcast(at, n, w.abi.bytes, 0, w.abi.world)
	})
}

// Barrier waits for all ranks.
func (w *World) Barrier() (err error) {
	w.run(func() { err = failed("MPI_Barrier", w.calls.barrier(w.abi.world)) })
	return err
}

// Abort ends all processes of the world, this one too.
func (w *World) Abort(code int) { w.run(func() { w.calls.abort(w.abi.world, int32(code)) }) }

// Finalize leaves the world, once all ranks do. No other call may follow.
func (w *World) Finalize() (err error) {
	w.run(func() { err = failed("MPI_Finalize", w.calls.finalize()) })
	return err
}

// Exit ends the process. Where it has entered the world it leaves by the exit of C, which runs what the library has
// registered for it: without that MPICH 5 ends processes with signal 9 after a good run.
func Exit(code int) {
	w := entered.Load()
	if w == nil {
		os.Exit(code)
	}
	w.run(func() { exitOfC(code) })
}
