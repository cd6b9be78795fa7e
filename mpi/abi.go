package mpi

import (
	"path/filepath"
	"strings"
)

// abi is what of a binary interface these calls depend on: the handles of all ranks and of bytes, and what stands for
// no status.
type abi struct {
	name                 string
	world, bytes, ignore uintptr
}

var (
	// mpich is the interface that MPICH and its relatives have had since 2013: mpi.h of MPICH 3.1 and later.
	mpich = abi{name: "MPICH", world: 0x44000000, bytes: 0x4c00010d, ignore: 1}
	// standard is that of MPI 5.0, chapter 20: mpi_abi.h.
	standard = abi{name: "MPI 5 standard", world: 0x101, bytes: 0x247, ignore: 0}
)

// openMPI is Open MPI's interface: handles are the addresses of variables.
func openMPI(world, bytes uintptr) abi { return abi{name: "Open MPI", world: world, bytes: bytes} }

// ofLibrary is the interface of a library, by the name of its file and by its symbols. MPICH 5 has the symbols of the
// standard interface in the library with its own too, so these do not tell.
func ofLibrary(path string, symbol func(string) (uintptr, bool)) abi {
	if strings.HasPrefix(filepath.Base(path), "libmpi_abi.") {
		return standard
	}
	world, ok := symbol("ompi_mpi_comm_world")
	if bytes, both := symbol("ompi_mpi_byte"); ok && both {
		return openMPI(world, bytes)
	}
	return mpich
}

// The names that libraries have.
var (
	openMPINames  = []string{"libmpi.so.40", "libmpi.so.80"}
	mpichNames    = []string{"libmpi.so.12", "libmpich.so.12"}
	standardNames = []string{"libmpi_abi.so.1", "libmpi_abi.so.0", "libmpi_abi.so"}
)

// candidates are the libraries to try in turn: the one that is named alone, and else first those that go with the
// launcher. A library that does not would see one process of as many worlds.
func candidates(named, by string) []string {
	join := func(lists ...[]string) (all []string) {
		for _, l := range lists {
			all = append(all, l...)
		}
		return all
	}
	switch {
	case named != "":
		return []string{named}
	case by == "PMI":
		return join(mpichNames, standardNames, openMPINames)
	}
	return join(openMPINames, standardNames, mpichNames)
}
