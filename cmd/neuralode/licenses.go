package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"neuralode/licenses"
)

func (a *app) licensesCommand() *cobra.Command {
	return &cobra.Command{
		Use: "licenses", Short: "Print the licences of all that the program is made of", Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprint(a.out, licenses.Text())
			return err
		},
	}
}
