package main

import (
	"strings"

	"github.com/spf13/cobra"

	"neuralode"
	"neuralode/train"
)

// choices are the values that a shell completes after flags.
var choices = map[string][]string{
	"data": madeData, "task": train.Tasks, "readout": train.Readouts, "loss": train.Losses, "device": neuralode.Devices,
	"activation": {"tanh", "softplus", "sigmoid", "relu", "gelu", "sin"}, "method": {"dopri5", "bosh3"},
	"header": {"auto", "yes", "no"}, "separator": {"auto", ",", ";", "tab", "space"}, "control": {"sample", "batch"}, "gradient": {"backsolve", "discrete"}, "precision": {"float32", "float64", "tf32"},
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
		_ = c.RegisterFlagCompletionFunc(name, func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
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
