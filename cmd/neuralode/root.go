package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"neuralode"
	"neuralode/solver"
	"neuralode/train"
)

// app is what the commands share.
type app struct {
	stdin    io.Reader
	out, err io.Writer
	note     string // why the device is not the one that auto would rather have
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "neuralode",
		Short: "Solve and train neural ordinary differential equations",
		Long: `neuralode solves and trains neural ordinary differential equations, dz/dt = f(t, z; θ).

Each sample of a batch has its own steps; gradients come from the adjoint ODE (adjoint, backsolve) or from the steps
themselves (discrete). Training writes a run folder with the model, its figures and all that is needed to go on.`,
		Example: `  neuralode train                          # trains on the spiral, writes a run folder
  neuralode train --data points.csv        # on data of your own
  neuralode train --resume RUN             # goes on where a run was stopped
  neuralode predict RUN --points new.csv   # answers for new points
  neuralode forecast RUN --until 20        # of a run of series: what comes
  neuralode eval RUN                       # loss, accuracy, confusion, cost
  neuralode verify RUN                     # how far its answers and gradients are from exact ones
  neuralode doctor                         # what limits the speed on this machine`,
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.AddCommand(a.trainCommand(), a.predictCommand(), a.forecastCommand(), a.serveCommand(), a.solveCommand(), a.joinCommand(), a.workerCommand(),
		a.evalCommand(), a.plotCommand(), a.liveCommand(), a.verifyCommand(), a.exportCommand(), a.benchCommand(),
		a.devicesCommand(), a.doctorCommand(), a.versionCommand(), a.licensesCommand())
	for _, c := range root.Commands() {
		complete(c)
	}
	return root
}

// open opens a device for a spec. Where auto fell back, announce says so once the inputs are known to be good.
func (a *app) open(device string, spec solver.Spec) (backend solver.Backend, err error) {
	if err := checkDevice(device); err != nil {
		return nil, err
	}
	backend, a.note, err = neuralode.OpenFor(device, spec)
	return backend, err
}

// predictor compiles a model for a device, and says which one auto took.
func (a *app) predictor(device string, m *train.Model, spec solver.Spec) (*train.Predictor, error) {
	backend, err := a.open(device, spec)
	if err != nil {
		return nil, err
	}
	a.announce()
	return m.Compile(backend, spec)
}

// announce says which device auto took, and why.
func (a *app) announce() {
	if a.note != "" {
		fmt.Fprintln(a.err, a.note)
	}
	a.note = ""
}

// checkDevice reports a name that can never work.
func checkDevice(device string) error { return wrongUse(neuralode.CheckDevice(device)) }
