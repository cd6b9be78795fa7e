// Package driver is the way to NVIDIA GPUs: the CUDA driver, the NVRTC compiler and cuBLAS as a small Go API.
//
// The API exists in every build. A program built on Linux with cgo and the tag gpu reaches the GPU; it needs nothing of
// CUDA to start, because libcuda, NVRTC and cuBLAS are opened when they are first used. In every other build, and where
// one of them is missing, [Open] returns an [*Error] that says which. The tag is not called cuda because that one switches
// Gorgonia to a CUDA engine of its own, which needs cuDNN.
//
// Calls go through gorgonia.org/cu; extra_linux.go has the few that it lacks. Trampolines in shim_linux.c forward them to
// libcuda.so.1.
//
// # Lifetime
//
// Nothing is freed by the garbage collector. Whoever opens, allocates, loads or captures something closes it, before the
// [Device]; [Live] counts what is open. Close may be called twice; other methods of a closed object return an error.
//
// # Order and concurrency
//
// What is put on one [Stream] runs in order; streams run beside each other and the host. A Device may be used by several
// goroutines. An object must not be closed while another goroutine uses it.
//
// # Errors
//
// Every error is an [*Error]. A kernel's failure shows at a later call. After a failure that the GPU cannot recover from,
// such as an illegal address, the Device keeps returning that error: see [Device.Err].
package driver

//go:generate go run ./internal/gen -shim shim_linux.c -codes codes.go
