// Package cpu is the CPU backend: tiles of rows that are refilled as samples finish, kernels of package simd, and a
// pool of workers over fixed leaves of a batch. A sample's answer does not depend on what else is in the batch, and
// sums over samples not on the number of workers: both are the same to the bit.
package cpu

import (
	"errors"
	"fmt"
	"runtime"

	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// Options says how the backend uses the machine. The zero value uses all of it.
type Options struct {
	Workers int    // goroutines; 0 means GOMAXPROCS
	Level   string // instruction set: "avx512", "avx2" or "plain"; "" means the best the processor has
}

// New returns the CPU backend, or an error for a number of workers below zero or a level that the processor lacks.
func New(o Options) (solver.Backend, error) {
	b := backend{workers: o.Workers, level: simd.Best()}
	if o.Workers < 0 {
		return nil, fmt.Errorf("cpu: the number of workers must be zero (all cores) or positive, got %d", o.Workers)
	}
	if o.Workers == 0 {
		b.workers = runtime.GOMAXPROCS(0)
	}
	if o.Level != "" {
		level, err := simd.ParseLevel(o.Level)
		if err != nil {
			return nil, fmt.Errorf("cpu: %w", err)
		}
		b.level = level
	}
	return b, nil
}

// Levels names the instruction sets this processor can run, the best last.
func Levels() []string {
	var names []string
	for _, l := range simd.Levels() {
		names = append(names, l.String())
	}
	return names
}

type backend struct {
	workers int
	level   simd.Level
}

func (b backend) Device() string {
	return fmt.Sprintf("cpu (%s, %d workers)", b.level, b.workers)
}

// Arithmetic names the processor's family too: where it has fused multiply-adds, the compiler uses them in plain Go. All
// assembly of a family does the same fused multiply-adds in the same order, by whatever vectors.
func (b backend) Arithmetic() string {
	if b.level != simd.Plain {
		return runtime.GOARCH + "/fma"
	}
	return runtime.GOARCH + "/" + b.level.String()
}

// Supports is an error for TF32, which needs CUDA.
func (b backend) Supports(spec solver.Spec) error {
	if spec.Precision == solver.TF32 {
		return fmt.Errorf("cpu: precision tf32 needs CUDA, use float32: %w", errors.ErrUnsupported)
	}
	return nil
}

func (b backend) Compile(m solver.Model, spec solver.Spec) (solver.Program, error) {
	if err := solver.CheckCompile(m, spec); err != nil {
		return nil, err
	}
	if err := b.Supports(spec); err != nil {
		return nil, err
	}
	if spec.Precision == solver.Float64 {
		return newProgram[float64](b, m, spec), nil
	}
	return newProgram[float32](b, m, spec), nil
}

// Peak is the measured speed of one core in fused multiply-adds of the best level, in GFLOP/s; 0 in builds without
// assembly.
func Peak(p solver.Precision) float64 {
	size := 4
	if p == solver.Float64 {
		size = 8
	}
	return simd.Peak(simd.Best(), size)
}
