package mpi

import (
	"strings"
	"testing"
)

// TestLaunched reads what launchers set: Open MPI 4.1.4 and 5.0.11, MPICH 4.0.2 and 5.0.2, as env showed it, and srun
// as its manual says.
func TestLaunched(t *testing.T) {
	for name, c := range map[string]struct {
		env  map[string]string
		want Launch
	}{
		"none":                  {map[string]string{}, Launch{}},
		"batch script of Slurm": {map[string]string{"SLURM_PROCID": "0", "SLURM_NTASKS": "4"}, Launch{}},
		"Open MPI": {map[string]string{"OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "3", "PMIX_RANK": "2"},
			Launch{"Open MPI", 2, 3}},
		"MPICH": {map[string]string{"PMI_RANK": "0", "PMI_SIZE": "2"}, Launch{"PMI", 0, 2}},
		"srun --mpi=pmix": {map[string]string{"PMIX_RANK": "5", "SLURM_STEP_NUM_TASKS": "8"},
			Launch{"PMIx", 5, 8}},
		"PMIx that keeps it to itself": {map[string]string{"PMIX_RANK": "5"}, Launch{"PMIx", 5, 0}},
	} {
		got, err := Launched(func(key string) string { return c.env[key] })
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.want)
		}
	}
	for _, env := range []map[string]string{
		{"PMI_RANK": "-1", "PMI_SIZE": "2"}, {"PMI_RANK": "2", "PMI_SIZE": "2"}, {"PMI_RANK": "x"},
		{"PMI_RANK": "0", "PMI_SIZE": "many"},
	} {
		if l, err := Launched(func(key string) string { return env[key] }); err == nil {
			t.Errorf("%v is taken for %+v", env, l)
		}
	}
}

// TestInterfaces tells libraries apart: handles are those of each one's mpi.h.
func TestInterfaces(t *testing.T) {
	none := func(string) (uintptr, bool) { return 0, false }
	ompi := func(name string) (uintptr, bool) {
		address, ok := map[string]uintptr{"ompi_mpi_comm_world": 10, "ompi_mpi_byte": 20}[name]
		return address, ok
	}
	for path, c := range map[string]struct {
		symbol func(string) (uintptr, bool)
		want   abi
	}{
		"/opt/lib/libmpi_abi.so.1": {none, standard},
		"libmpi_abi.so":            {ompi, standard}, // Open MPI's own, one day
		"libmpi.so.40":             {ompi, openMPI(10, 20)},
		"libmpi.so.12":             {none, mpich},
	} {
		if got := ofLibrary(path, c.symbol); got != c.want {
			t.Errorf("%s: %+v, want %+v", path, got, c.want)
		}
	}
}

// TestCandidates tries the libraries of the launcher first, and one that is named alone.
func TestCandidates(t *testing.T) {
	if got := candidates("/my/libmpi.so", "PMI"); len(got) != 1 || got[0] != "/my/libmpi.so" {
		t.Errorf("a library that is named is tried beside others: %v", got)
	}
	const mpich, open = "libmpi.so.12", "libmpi.so.40"
	for by, first := range map[string]string{"PMI": mpich, "Open MPI": open, "PMIx": open} {
		if got := candidates("", by); got[0] != first || len(got) < 5 {
			t.Errorf("%s: %v, want %s first and all others after", by, got, first)
		}
	}
}

// TestMissingLibrary says what to install.
func TestMissingLibrary(t *testing.T) {
	t.Setenv("NEURALODE_MPI", "/nowhere/libmpi.so.40")
	_, err := Open(Launch{})
	if err == nil || !strings.Contains(err.Error(), "install openmpi-bin or mpich") {
		t.Errorf("%v, want what to install", err)
	}
}
