package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"neuralode/atomicfile"
	"neuralode/dataset"
	"neuralode/ensemble"
	"neuralode/solver"
	"neuralode/train"
)

// shardOf is the shard that solve is asked for, or nil for all samples.
func (o *solveOptions) shardOf() (*ensemble.Shard, error) {
	if o.shard == "" {
		return nil, nil
	}
	if o.out == "-" {
		return nil, errors.New("a shard goes to a file beside --out: give one")
	}
	s, err := ensemble.Parse(o.shard, os.Getenv)
	return &s, err
}

// solveShard solves the samples of a shard, unless its part is there, and writes it.
func (a *app) solveShard(ctx context.Context, o *solveOptions, path string, shard ensemble.Shard, p *train.Predictor,
	points *dataset.Dataset, times []float64, arithmetic string) error {
	features := p.Model().Features()
	of := ensemble.Solve{Arithmetic: arithmetic, Samples: points.Len(), Dim: p.Model().Net.Dim(), Times: times}
	of.Round = o.digits.rounding(p.Spec(), p.Model().FeatureScale, of.Dim)
	var err error
	if of.Identity, err = identity(path, p.Spec(), points, of); err != nil {
		return err
	}
	file := shard.Path(o.out)
	done, err := ensemble.Done(file, shard, of)
	if done || err != nil {
		if done {
			fmt.Fprintf(a.err, "shard %v is there: %s\n", shard, onLine(file))
		}
		return err
	}
	from, to := shard.Range(points.Len())
	part := &ensemble.Part{Solve: of, Shard: shard}
	err = p.Solve(ctx, points.X[from*features:to*features], times, func(_ int, s *solver.Solution, failed error) error {
		part.States = append(part.States, p.Model().Unscale(s.Saved)...)
		part.Stats = append(part.Stats, s.Stats...)
		return shifted(failed, from)
	})
	if err != nil {
		return err
	}
	defer gateOf(ctx).close()()
	if err := part.Write(file); err != nil {
		return err
	}
	fmt.Fprintf(a.err, "shard %v, %d samples of %d from %d on: %s\n", shard, to-from, points.Len(), from, onLine(file))
	return nil
}

// shifted is the error of a sample, numbered from the first of all.
func shifted(err error, from int) error {
	var failed *solver.SampleError
	if !errors.As(err, &failed) {
		return err
	}
	own := *failed
	own.Sample += from
	return &own
}

// identity is a hash of all that decides the states of an ensemble but the arithmetic.
func identity(path string, spec solver.Spec, points *dataset.Dataset, of ensemble.Solve) (string, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, "model.safetensors")
	}
	model, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%x %v %v %+v %+v\n", sha256.Sum256(model), spec.Method, spec.Precision, spec.Controller, of.Round)
	for _, numbers := range [][]float64{points.X, of.Times} {
		if err := binary.Write(h, binary.LittleEndian, numbers); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (a *app) joinCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "join FILE",
		Short: "Join the parts that solve --shard has written",
		Long: `Join the parts that solve --shard has written for FILE, a .csv or .npy, and write it: the file that solve would
have written in one process, to the bit, where all parts were solved by one arithmetic (processors with AVX2 or AVX-512, one
kind of GPU); a note says where not. All parts must be there, which stay. FILE is there only when all of it is.`,
		Example: `  neuralode solve RUN --points points.npy --out states.npy --shard 0/2
  neuralode solve RUN --points points.npy --out states.npy --shard 1/2
  neuralode join states.npy`,
		Args: oneArgument("the file that solve --shard was given as --out"),
		RunE: func(c *cobra.Command, args []string) error { return a.join(c.Context(), args[0]) },
	}
}

func (a *app) join(ctx context.Context, out string) error {
	if err := checkStates(out); err != nil {
		return wrongUse(err)
	}
	if out == "-" {
		return wrongUse(errors.New("join writes a file beside the parts, give its name"))
	}
	defer gateOf(ctx).close()()
	var j *ensemble.Joined
	err := atomicfile.Write(out, func(w io.Writer) (err error) {
		j, err = ensemble.Join(out, w)
		return err
	})
	if err != nil {
		return err
	}
	if len(j.Arithmetic) > 1 {
		fmt.Fprintf(a.err, "note       parts were solved by %s: the last digits are not those of one process\n",
			strings.Join(j.Arithmetic, " and "))
	}
	fmt.Fprintf(a.out, "%d samples of %d shards, %d steps, %d field evaluations\nstates    %s\n", j.Samples, j.Shards,
		j.Steps, j.NFE, onLine(out))
	return nil
}

// checkStates reports the name of a file that states are not written to.
func checkStates(out string) error {
	if out != "-" && !strings.HasSuffix(out, ".csv") && !strings.HasSuffix(out, ".npy") {
		return fmt.Errorf("out must end in .csv or .npy, or be -, got %q", out)
	}
	return nil
}
