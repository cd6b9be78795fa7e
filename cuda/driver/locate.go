package driver

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// family is how the versions of one library are found.
type family struct {
	name     string   // for people
	variable string   // the environment variable that names the file to take
	sonames  []string // newest first
	missing  string   // the name of the error
	remedy   string
}

var nvrtcFamily = family{
	name:     "NVRTC",
	variable: "NEURALODE_NVRTC",
	sonames:  []string{"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "libnvrtc.so"},
	missing:  NoNVRTC,
	remedy:   "install the CUDA toolkit, or run make nvrtc and name the library in NEURALODE_NVRTC",
}

var cublasFamily = family{
	name:     "cuBLAS",
	variable: "NEURALODE_CUBLAS",
	sonames:  []string{"libcublas.so.13", "libcublas.so.12", "libcublas.so.11", "libcublas.so"},
	missing:  NoCUBLAS,
	remedy:   "install the CUDA toolkit, or name the library in NEURALODE_CUBLAS",
}

// places lists where the library may be: the file that the environment names and nothing else, or each version where the
// system's loader finds it and in the toolkit's folders.
func (f *family) places() []string {
	if path := os.Getenv(f.variable); path != "" {
		return []string{path}
	}
	folders := []string{""}
	if home := os.Getenv("CUDA_HOME"); home != "" {
		folders = append(folders, filepath.Join(home, "lib64"))
	}
	folders = append(folders, "/usr/local/cuda/lib64")
	var places []string
	for _, name := range f.sonames {
		for _, folder := range folders {
			places = append(places, filepath.Join(folder, name))
		}
	}
	return places
}

// find opens the first place whose library goes with the driver: a library newer than the driver by a major version makes
// code that the driver cannot load. open returns the version of what it opened.
func (f *family) find(driver Version, open func(path string) (Version, error)) Library {
	var refused []string
	for _, path := range f.places() {
		version, err := open(path)
		switch {
		case err != nil && os.Getenv(f.variable) != "":
			refused = append(refused, f.variable+": "+err.Error())
		case err != nil: // not there
		case driver != Version{} && version.Major > driver.Major:
			refused = append(refused, fmt.Sprintf("%s is version %v, too new for a driver that knows CUDA %v", path, version, driver))
		default:
			return Library{Version: version, Path: path}
		}
	}
	remedy := f.remedy
	if len(refused) > 0 {
		remedy = strings.Join(refused, "; ") + ": " + remedy
	}
	return Library{Err: &Error{Call: "dlopen", Name: f.missing, Remedy: "no " + f.name + ": " + remedy}}
}
