package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"neuralode"
	"neuralode/mpi"
	"neuralode/ranks"
	"neuralode/solver"
	"neuralode/train"
)

// rankChoices are the values of --ranks.
var rankChoices = []string{"auto", "mpi", "none"}

// world is the processes that a launcher started together; nil is this one alone.
type world struct {
	*mpi.World
	group *ranks.Group
	left  bool
}

// enterWorld finds out in how many ranks a training is done: those of MPI where a launcher started more than one, or
// where MPI is asked for.
func enterWorld(choice string) (*world, error) {
	if !slices.Contains(rankChoices, choice) {
		return nil, wrongUse(fmt.Errorf("ranks must be one of %s, got %q", strings.Join(rankChoices, ", "), choice))
	}
	launch, err := mpi.Launched(os.Getenv)
	if choice == "none" || choice == "auto" && (err != nil || launch.By == "" || launch.Size == 1) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	w, err := mpi.Open(launch)
	if err != nil {
		return nil, fmt.Errorf("%w; --ranks none trains in this process alone", err)
	}
	return &world{World: w, group: ranks.Join(w)}, nil
}

// ranks are those of the world.
func (w *world) ranks() train.Ranks {
	if w == nil {
		return train.Ranks{}
	}
	return train.Ranks{Group: w.group}
}

// follows reports whether this rank does what rank 0 says.
func (w *world) follows() bool { return w != nil && w.Rank() > 0 }

// leave lets the others go, for rank 0, and leaves the world. Where the others cannot be told all are ended.
func (w *world) leave() {
	if w == nil || w.left {
		return
	}
	w.left = true
	if w.Rank() == 0 && w.group.End() != nil {
		w.Abort(exitFailure)
	}
	_ = w.Finalize()
}

// describe says in how many ranks a run is trained.
func (w *world) describe(out io.Writer) {
	if w != nil {
		fmt.Fprintf(out, "ranks      %d, by %s\n", w.Size(), w)
	}
}

// follow is what a rank does that is not the first. Signals are rank 0's to take: it ends the training for all.
func (a *app) follow(ctx context.Context, w *world, flags *pflag.FlagSet, o *trainOptions, wrong error) error {
	gateOf(ctx).close()
	p := train.Peer{Wrong: wrong, Program: w.program(), Open: func(spec solver.Spec) (solver.Backend, error) {
		return a.openIn(w, o.device, spec)
	}}
	if o.resume == "" {
		p.Config = &o.config
	} else if flags.Changed("data") {
		p.Data = o.config.Data
	}
	if err := w.ranks().Follow(p); err != nil {
		fmt.Fprintf(a.err, "neuralode: rank %d: %s\n", w.Rank(), oneLine(err.Error()))
		w.Abort(exitFailure)
	}
	w.leave()
	return nil
}

// openIn opens the device of a rank: of several GPUs of a machine each rank there takes its own.
func (a *app) openIn(w *world, device string, spec solver.Spec) (solver.Backend, error) {
	local := mpi.LocalRank(os.Getenv)
	if w == nil || local < 1 || device != "auto" && device != "cuda" {
		return a.open(device, spec)
	}
	if gpus, err := neuralode.GPUs(); err == nil && len(gpus) > 1 {
		backend, err := a.open(fmt.Sprintf("cuda:%d", gpus[local%len(gpus)].Ordinal), spec)
		if err == nil || device == "cuda" {
			return backend, err
		}
	}
	return a.open(device, spec)
}

// program is this one, such that two which differ are told apart: a version that is no commit is none.
func (w *world) program() train.Program {
	p := train.Program{Version: version()}
	if w == nil {
		return p
	}
	p.Build = runtime.Version()
	if strings.Contains(p.Version, " ") || p.Version == unversioned {
		if hash, err := ownHash(); err == nil {
			p.Build += " " + hash
		}
	}
	return p
}

// ownHash is the beginning of this program's SHA-256.
func ownHash() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)[:6]), nil
}
