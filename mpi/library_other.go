//go:build !linux || !(amd64 || arm64)

package mpi

import (
	"errors"
	"fmt"
	"os"
	"runtime"
)

func openLibrary(string) (uintptr, error) {
	return 0, fmt.Errorf("not on %s/%s, only on Linux: %w", runtime.GOOS, runtime.GOARCH, errors.ErrUnsupported)
}

func symbol(uintptr, string) (uintptr, error) { return 0, errors.ErrUnsupported }
func bind(any, uintptr)                       {}
func exitOfC(code int)                        { os.Exit(code) }
