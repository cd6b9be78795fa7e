package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"neuralode"
	"neuralode/reference"
	"neuralode/solver"
	"neuralode/verify"
)

func (a *app) devicesCommand() *cobra.Command {
	var check bool
	c := &cobra.Command{
		Use: "devices", Short: "List what neuralode can run on", Args: noArguments,
		Long: `List what neuralode can run on. With --check each device solves and differentiates a small trained model, which is
compared with its exact answers; of a GPU the time until the first answer is told twice: with its kernels compiled
anew, and with them read from where they are kept. Other commands take a GPU that is not the first as --device cuda:1,
by its number.`,
		RunE: func(c *cobra.Command, _ []string) error { return a.devices(c.Context(), check) },
	}
	c.Flags().BoolVar(&check, "check", false, "try each device")
	return c
}

func (a *app) devices(ctx context.Context, check bool) error {
	backend, _, err := neuralode.Open("cpu")
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "cpu   %s; levels %s\n", backend.Device(), strings.Join(neuralode.CPULevels(), ", "))
	var failed []error
	if check {
		failed = append(failed, a.checkCPU(ctx))
	}
	gpus, err := neuralode.GPUs()
	if err != nil {
		fmt.Fprintf(a.out, "cuda  none: %v\n", err)
	}
	for _, g := range gpus {
		fmt.Fprintf(a.out, "cuda  GPU %d: %s; driver %s, NVRTC %s, cuBLAS %s\n", g.Ordinal, g.Name, g.Driver, g.NVRTC,
			g.CUBLAS)
		if check {
			failed = append(failed, a.checkGPU(ctx, g.Ordinal))
		}
	}
	if len(gpus) > 0 {
		folder, err := neuralode.KernelCache()
		if err != nil {
			folder = fmt.Sprintf("nowhere: %v", err)
		}
		fmt.Fprintf(a.out, "cuda  compiled kernels are kept in %s\n", onLine(folder))
	}
	return errors.Join(failed...)
}

func (a *app) checkCPU(ctx context.Context) error {
	t, err := attempt(ctx, "cpu")
	if err == nil {
		fmt.Fprintf(a.out, "cpu   works: %v, in %.3f s\n", t, t.long.Seconds())
	}
	return err
}

// checkGPU tries a GPU with an empty folder of kernels, and again with what the first try has left there.
func (a *app) checkGPU(ctx context.Context, ordinal int) error {
	folder, err := os.MkdirTemp("", "neuralode-kernels-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	kept, isSet := os.LookupEnv(kernelFolder)
	if err := os.Setenv(kernelFolder, folder); err != nil {
		return err
	}
	defer func() {
		if os.Setenv(kernelFolder, kept); !isSet {
			os.Unsetenv(kernelFolder)
		}
	}()
	device := fmt.Sprintf("cuda:%d", ordinal)
	first, err := attempt(ctx, device)
	if err != nil {
		return err
	}
	again, err := attempt(ctx, device)
	if err == nil {
		fmt.Fprintf(a.out, "cuda  GPU %d works: %v, in %.3f s with kernels compiled anew, %.3f s with kept ones\n", ordinal,
			again, first.long.Seconds(), again.long.Seconds())
	}
	return err
}

// kernelFolder is the environment variable that names where compiled kernels are kept.
const kernelFolder = "NEURALODE_CACHE"

// trial is how a device did.
type trial struct {
	result *verify.Result
	long   time.Duration // from opening the device to its answers
}

func (t trial) String() string {
	return fmt.Sprintf("states within %.1g, gradients within %.1g of the exact ones", t.result.Z, t.result.Grad)
}

// trialProblem is the reference problem of a trial, one that does not magnify errors, and the others the largest error
// of its states and the largest relative one of its gradients in float32.
const (
	trialProblem      = "mlp_random"
	trialZ, trialGrad = 2e-4, 3e-4
)

// attempt solves and differentiates the problem of a trial on the device.
func attempt(ctx context.Context, device string) (t trial, err error) {
	spec := solver.DefaultSpec()
	spec.Gradient, spec.Precision, spec.Controller.MaxSteps = solver.Discrete, solver.Float32, verifySteps
	spec.Controller.Rtol, spec.Controller.Atol = verifyTolerances[solver.Float32][0], verifyTolerances[solver.Float32][1]
	start := time.Now()
	backend, _, err := neuralode.OpenFor(device, spec)
	if err != nil {
		return t, err
	}
	problems := reference.Embedded()
	of := slices.IndexFunc(problems, func(p reference.Problem) bool { return p.Name == trialProblem })
	t.result, err = verify.Check(ctx, backend, spec, &problems[of])
	if err != nil {
		return t, err
	}
	t.long = time.Since(start)
	if !(t.result.Z <= trialZ && t.result.Grad <= trialGrad) {
		return t, fmt.Errorf("%s does not work: %v, wanted %g and %g", device, t, trialZ, trialGrad)
	}
	return t, nil
}
