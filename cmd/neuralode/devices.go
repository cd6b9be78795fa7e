package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"neuralode"
)

func (a *app) devicesCommand() *cobra.Command {
	return &cobra.Command{
		Use: "devices", Short: "List what neuralode can run on", Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			backend, _, err := neuralode.Open("cpu")
			if err != nil {
				return err
			}
			fmt.Fprintf(a.out, "cpu   %s; levels %s\n", backend.Device(), strings.Join(neuralode.CPULevels(), ", "))
			gpus, err := neuralode.GPUs()
			if err != nil {
				fmt.Fprintf(a.out, "cuda  none: %v\n", err)
			}
			for _, g := range gpus {
				fmt.Fprintf(a.out, "cuda  GPU %d: %s; driver %s, NVRTC %s, cuBLAS %s\n", g.Ordinal, g.Name, g.Driver,
					g.NVRTC, g.CUBLAS)
			}
			if len(gpus) > 0 {
				folder, err := neuralode.KernelCache()
				if err != nil {
					folder = fmt.Sprintf("nowhere: %v", err)
				}
				fmt.Fprintf(a.out, "cuda  compiled kernels are kept in %s\n", onLine(folder))
			}
			return nil
		},
	}
}
