package driver

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// nvrtcLibrary is the NVRTC that was found.
type nvrtcLibrary struct {
	Library
	compiler compiler
}

var foundNVRTC struct {
	sync.Mutex
	by map[Version]*nvrtcLibrary
}

// findNVRTC looks once for the newest NVRTC that goes with the driver; the zero Version goes with every one.
func findNVRTC(driver Version) *nvrtcLibrary {
	foundNVRTC.Lock()
	defer foundNVRTC.Unlock()
	if l := foundNVRTC.by[driver]; l != nil {
		return l
	}
	l := new(nvrtcLibrary)
	l.Library = nvrtcFamily.find(driver, func(path string) (v Version, err error) {
		l.compiler, v, err = openVersioned(path)
		return v, err
	})
	if foundNVRTC.by == nil {
		foundNVRTC.by = map[Version]*nvrtcLibrary{}
	}
	foundNVRTC.by[driver] = l
	return l
}

func openVersioned(path string) (compiler, Version, error) {
	c, err := openCompiler(path)
	if err != nil {
		return nil, Version{}, err
	}
	major, minor, code := c.version()
	if code != 0 {
		return nil, Version{}, compilerError("nvrtcVersion", code, "")
	}
	return c, Version{major, minor}, try(c)
}

// trialKernel needs NVRTC's own device functions, as the kernels of this project do.
const trialKernel = `extern "C" __global__ void trial(float *x) { x[0] = fmaf(expf(x[0]), x[1], x[2]); }`

// try compiles a small kernel for the newest GPU that the compiler knows: a library that tells its version may still
// lack the one beside it that it compiles with.
func try(c compiler) error {
	known, code := c.architectures()
	if code != 0 || len(known) == 0 {
		return compilerError("nvrtcGetSupportedArchs", code, "")
	}
	option := fmt.Sprintf("%ssm_%d", architectureFlag, slices.Max(known))
	_, log, call, code := c.compile(trialKernel, "trial.cu", []string{option})
	if code != 0 {
		return fmt.Errorf("it compiles nothing: %w", compilerError(call, code, strings.TrimSpace(log)))
	}
	return nil
}

// NVRTC is the compiler that Compile uses: the newest that the driver can work with, or the newest where there is no
// driver.
func NVRTC() Library {
	l, err := currentNVRTC("NVRTC")
	if err != nil {
		return Library{Err: err}
	}
	return l.Library
}

func currentNVRTC(call string) (*nvrtcLibrary, error) {
	if openCompiler == nil {
		return nil, notBuilt(call)
	}
	var driver Version // any will do where nothing can be loaded
	if started(call) == nil {
		var err error
		if driver, err = driverVersion(); err != nil {
			return nil, err
		}
	}
	l := findNVRTC(driver)
	return l, l.Err
}

// Architecture is what Compile should compile for, to run on a GPU of that compute capability: its own machine code, as
// "sm_90", or where the compiler does not know the GPU, PTX of the newest architecture before it, as "compute_120", which
// the driver compiles at load.
func Architecture(compute Version) (string, error) {
	l, err := currentNVRTC("Architecture")
	if err != nil {
		return "", err
	}
	known, code := l.compiler.architectures()
	if code != 0 {
		return "", compilerError("nvrtcGetSupportedArchs", code, "")
	}
	want := compute.Major*10 + compute.Minor
	if slices.Contains(known, want) {
		return fmt.Sprintf("sm_%d", want), nil
	}
	best := 0
	for _, a := range known {
		if a < want {
			best = max(best, a)
		}
	}
	if best == 0 {
		return "", &Error{Call: "Architecture", Name: NoNVRTC, Remedy: fmt.Sprintf(
			"NVRTC %v does not know sm_%d any more: use an older NVRTC (NEURALODE_NVRTC)", l.Version, want)}
	}
	return fmt.Sprintf("compute_%d", best), nil
}

// compilerNames are the names of NVRTC's codes (enum nvrtcResult of nvrtc.h).
var compilerNames = [...]string{
	"NVRTC_SUCCESS", "NVRTC_ERROR_OUT_OF_MEMORY", "NVRTC_ERROR_PROGRAM_CREATION_FAILURE", "NVRTC_ERROR_INVALID_INPUT",
	"NVRTC_ERROR_INVALID_PROGRAM", "NVRTC_ERROR_INVALID_OPTION", "NVRTC_ERROR_COMPILATION",
	"NVRTC_ERROR_BUILTIN_OPERATION_FAILURE", "NVRTC_ERROR_NO_NAME_EXPRESSIONS_AFTER_COMPILATION",
	"NVRTC_ERROR_NO_LOWERED_NAMES_BEFORE_COMPILATION", "NVRTC_ERROR_NAME_EXPRESSION_NOT_VALID", "NVRTC_ERROR_INTERNAL_ERROR",
}

func compilerError(call string, code int, remedy string) *Error {
	name := UnknownError
	if code > 0 && code < len(compilerNames) {
		name = compilerNames[code]
	}
	if remedy == "" {
		remedy = "try another version of NVRTC (NEURALODE_NVRTC)"
	}
	return &Error{Call: call, Code: code, Name: name, Remedy: remedy}
}
