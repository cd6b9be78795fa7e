//go:build (amd64 || arm64) && !nompi

package mpi

import "github.com/ebitengine/purego"

// openLibrary opens a library for its own symbols and for those of what it opens itself.
func openLibrary(name string) (uintptr, error) {
	return purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_GLOBAL)
}

// symbol is the address of a function or variable.
func symbol(library uintptr, name string) (uintptr, error) { return purego.Dlsym(library, name) }

// bind makes a function of a C function.
func bind(into any, address uintptr) { purego.RegisterFunc(into, address) }

func exitOfC(code int) {
	var exit func(int32)
	purego.RegisterLibFunc(&exit, purego.RTLD_DEFAULT, "exit")
	exit(int32(code))
}
