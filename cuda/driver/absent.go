package driver

import "runtime"

// notBuilt is the error of a build without CUDA.
func notBuilt(call string) *Error {
	remedy := "built without CUDA: build with -tags gpu and cgo (make gpu-build)"
	if runtime.GOOS != "linux" {
		remedy = "CUDA is not supported on " + runtime.GOOS + ": use Linux, or the CPU"
	}
	return &Error{Call: call, Name: NotBuilt, Remedy: remedy}
}
