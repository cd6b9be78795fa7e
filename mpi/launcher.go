package mpi

import (
	"fmt"
	"strconv"
)

// Launch is what a launcher told this process in its environment.
type Launch struct {
	By   string // "Open MPI", "PMI" or "PMIx"; "" where there was no launcher
	Rank int
	Size int // 0 where the launcher does not say
}

// launchers say who they are by variables of their own. Open MPI's has those of PMIx too.
var launchers = []struct{ by, rank, size string }{
	{"Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
	{"PMI", "PMI_RANK", "PMI_SIZE"}, // MPICH's, Intel's, and Slurm's with --mpi=pmi2
	{"PMIx", "PMIX_RANK", "SLURM_STEP_NUM_TASKS"},
}

// Launched is what a launcher said in the environment, which getenv reads. A batch script of Slurm has its variables
// outside of srun too, so that they alone say nothing.
func Launched(getenv func(string) string) (Launch, error) {
	for _, l := range launchers {
		text := getenv(l.rank)
		if text == "" {
			continue
		}
		rank, err := strconv.Atoi(text)
		if err != nil || rank < 0 {
			return Launch{}, fmt.Errorf("mpi: %s must be the number of a rank, got %.20q", l.rank, text)
		}
		size := 0
		if text := getenv(l.size); text != "" {
			if size, err = strconv.Atoi(text); err != nil || size <= rank {
				return Launch{}, fmt.Errorf("mpi: %s must be a number of ranks above %s %d, got %.20q", l.size, l.rank,
					rank, text)
			}
		}
		return Launch{By: l.by, Rank: rank, Size: size}, nil
	}
	return Launch{}, nil
}

// LocalRank is the number of this process among those of its machine, which choose a GPU by it; −1 where no launcher
// said it.
func LocalRank(getenv func(string) string) int {
	for _, name := range []string{"OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID"} {
		if n, err := strconv.Atoi(getenv(name)); err == nil && n >= 0 {
			return n
		}
	}
	return -1
}
