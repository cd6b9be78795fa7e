package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"neuralode"
	"neuralode/graph"
	"neuralode/solver"
	"neuralode/train"
)

// What flags can be set to, as the packages that know list it.
var (
	activations = names(graph.Activations())
	controllers = names(solver.AllGains())
	controls    = names(solver.Controls())
	gradients   = names(solver.Gradients())
	precisions  = names(solver.Precisions())
	methods     = names(solver.Methods())
	optimizers  = names(solver.Rules())
	schedules   = names(solver.Declines())

	interpolations = names(solver.Interpolations())
)

func names[T fmt.Stringer](all []T) []string {
	texts := make([]string, len(all))
	for i, one := range all {
		texts[i] = one.String()
	}
	return texts
}

// oneOf writes names as a choice: a, b or c.
func oneOf(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// choices are the values that a shell completes after flags.
var choices = map[string][]string{
	"data": madeData, "task": train.Tasks, "readout": train.Readouts, "loss": train.Losses, "device": neuralode.Devices,
	"activation": activations, "method": methods, "controller": controllers, "control": controls, "gradient": gradients,
	"precision": precisions, "scale": train.Scales, "preset": train.Presets, "horizon": train.Horizons,
	"interpolation": interpolations, "lift": train.Lifts, "optimizer": optimizers, "schedule": schedules, "header": {"auto", "yes", "no"},
	"ranks": rankChoices, "separator": {"auto", ",", ";", "tab", "space"}, "format": answerFormats,
}

// complete lets a shell complete the values of a command's flags. Files are completed too where a flag takes them.
func complete(c *cobra.Command) {
	for name, values := range choices {
		if c.Flags().Lookup(name) == nil {
			continue
		}
		directive := cobra.ShellCompDirectiveNoFileComp
		if name == "data" {
			directive = cobra.ShellCompDirectiveDefault
		}
		_ = c.RegisterFlagCompletionFunc(name,
			func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
				var fitting []string
				for _, v := range values {
					if strings.HasPrefix(v, begun) {
						fitting = append(fitting, v)
					}
				}
				return fitting, directive
			}) // fails for a flag that is not there
	}
}
