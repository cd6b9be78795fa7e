package driver

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	remedy: "install the CUDA toolkit, or do: pip install nvidia-cuda-nvrtc-cu12 (found where the environment is active), " +
		"or: make nvrtc && export NEURALODE_NVRTC=$PWD/.cache/cuda/lib/libnvrtc.so.12",
}

var cublasFamily = family{
	name:     "cuBLAS",
	variable: "NEURALODE_CUBLAS",
	sonames:  []string{"libcublas.so.13", "libcublas.so.12", "libcublas.so.11", "libcublas.so"},
	missing:  NoCUBLAS,
	remedy: "install the CUDA toolkit, or do: pip install nvidia-cublas-cu12 (found where the environment is active), " +
		"or name the library in NEURALODE_CUBLAS",
}

// places lists where the library may be: the file that the environment names and nothing else, or each version where the
// system's loader finds it, in the toolkit's folders, and in those of NVIDIA's wheels for Python.
func (f *family) places() []string {
	if path := os.Getenv(f.variable); path != "" {
		return []string{path}
	}
	folders := append(append([]string{""}, toolkits()...), wheels()...)
	var places []string
	for _, name := range f.sonames {
		for _, folder := range folders {
			places = append(places, filepath.Join(folder, name))
		}
	}
	return places
}

// toolkits are the folders of installed toolkits, the one that the environment names first, then the newest.
func toolkits() []string {
	var folders []string
	if home := os.Getenv("CUDA_HOME"); home != "" {
		folders = append(folders, filepath.Join(home, "lib64"))
	}
	folders = append(folders, "/usr/local/cuda/lib64")
	others := existing("/usr/local/cuda-*/lib64")
	slices.Reverse(others)
	return append(folders, others...)
}

// wheels are the folders in which pip and conda put NVIDIA's libraries, as PyTorch and JAX bring them: those of the
// active environment first.
func wheels() []string {
	var roots []string
	for _, variable := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if root := os.Getenv(variable); root != "" {
			roots = append(roots, root)
		}
	}
	if home, err := os.UserHomeDir(); err == nil {
		roots = append(roots, filepath.Join(home, ".local"))
	}
	roots = append(roots, "/usr/local", "/usr", "/opt/conda", "/opt/venv")
	var folders []string
	for _, root := range roots {
		folders = append(folders, existing(filepath.Join(root, "lib/python3*/*-packages/nvidia/*/lib"))...)
	}
	return folders
}

// existing are the folders of that pattern. What is special to Glob in the roots makes it find nothing.
func existing(pattern string) []string {
	folders, err := filepath.Glob(pattern)
	if err != nil {
		return nil
	}
	return folders
}

// find opens the first place whose library goes with the driver: a library newer than the driver by a major version makes
// code that the driver cannot load. open returns the version of what it opened, with an error where that cannot be used.
func (f *family) find(driver Version, open func(path string) (Version, error)) Library {
	var refused []string
	for _, path := range f.places() {
		version, err := open(path)
		switch {
		case err != nil && os.Getenv(f.variable) != "":
			refused = append(refused, f.variable+": "+err.Error())
		case err != nil && version != Version{}:
			refused = append(refused, fmt.Sprintf("%s: %v", path, err))
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
