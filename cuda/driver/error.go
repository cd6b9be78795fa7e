package driver

import (
	"fmt"
	"strings"
)

// Error is why a call failed. Its text has all four parts.
type Error struct {
	Call   string // the function of CUDA, or of this package, that failed or first noticed a failure
	Code   int    // what it returned; 0 where no function of CUDA was at fault
	Name   string // of the code, as in CUDA_ERROR_OUT_OF_MEMORY, or one of the constants below
	Remedy string // what is wrong and what to try, for people
}

// Names of errors that CUDA itself has none for.
const (
	NotBuilt     = "NOT_BUILT"       // the program has no CUDA support
	NoDriver     = "NO_DRIVER"       // there is no libcuda.so.1
	DriverTooOld = "DRIVER_TOO_OLD"  // the driver lacks what this package needs
	NoNVRTC      = "NO_NVRTC"        // there is no NVRTC, or none that goes with the driver
	NoCUBLAS     = "NO_CUBLAS"       // there is no cuBLAS, or none that goes with the driver
	LeftOpen     = "LEFT_OPEN"       // a Device was closed before what was made on it
	InvalidUse   = "INVALID_USE"     // an argument or an object that cannot be used in this way
	UnknownError = "UNKNOWN_ERROR"   // a code that this package does not know
	NoDevice     = "NO_DEVICE_FOUND" // the driver works and sees no GPU
)

// OutOfMemory is the name of the error for too little memory on the GPU, or too little that can be pinned on the host.
const OutOfMemory = "CUDA_ERROR_OUT_OF_MEMORY"

// Error is "cuda: call: name (code): remedy".
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "cuda: %s: %s", e.Call, e.Name)
	if e.Code != 0 {
		fmt.Fprintf(&b, " (%d)", e.Code)
	}
	if e.Remedy != "" {
		b.WriteString(": " + e.Remedy)
	}
	return b.String()
}

// Is makes errors.Is(err, &Error{Name: driver.NoDriver}) compare names alone.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && *t == Error{Name: e.Name}
}

// newError is the error for a code of the driver, which must not be 0.
func newError(call string, code int) *Error {
	name, ok := driverNames[code]
	if !ok {
		name = UnknownError
	}
	return &Error{Call: call, Code: code, Name: name, Remedy: remedyFor(code)}
}

func misuse(call, format string, arguments ...any) *Error {
	return &Error{Call: call, Name: InvalidUse, Remedy: fmt.Sprintf(format, arguments...)}
}
