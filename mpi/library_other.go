//go:build !linux || !(amd64 || arm64) || nompi

package mpi

import (
	"errors"
	"fmt"
	"os"
	"runtime"
)

func openLibrary(string) (uintptr, error) {
	return 0, fmt.Errorf("this program is built without MPI, for %s/%s: %w", runtime.GOOS, runtime.GOARCH,
		errors.ErrUnsupported)
}

func symbol(uintptr, string) (uintptr, error) { return 0, errors.ErrUnsupported }
func bind(any, uintptr)                       {}
func exitOfC(code int)                        { os.Exit(code) }
