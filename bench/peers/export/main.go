// Command export writes the cases of package bench as safetensors files, so that other libraries can be timed on the
// same weights and points.
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"neuralode/bench"
	"neuralode/reference"
	"neuralode/safetensors"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: export FOLDER")
		os.Exit(2)
	}
	if err := export(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "export:", err)
		os.Exit(1)
	}
}

func export(folder string) error {
	spiral := reference.Embedded()[0]
	for _, batch := range []int{1, 16, 256, 4096, 65536} {
		c, err := bench.FromProblem(&spiral, batch)
		if err != nil {
			return err
		}
		if err := write(folder, c); err != nil {
			return err
		}
	}
	for _, batch := range []int{1024, 4096} {
		c, err := bench.Middle(batch)
		if err != nil {
			return err
		}
		if err := write(folder, c); err != nil {
			return err
		}
	}
	return nil
}

// write is FOLDER/NAME-BATCH.safetensors: a model with the tensors x and label. Its answers, which a reference problem
// has too, are zeros that nothing compares with.
func write(folder string, c *bench.Case) error {
	m := reference.Model{Name: c.Name, Sizes: c.Model.Net.Sizes, Activation: c.Model.Net.Activation.String(),
		T0: c.Model.Span.T0, T1: c.Model.Span.T1, Theta: c.Model.Theta}
	file, err := m.File(safetensors.F64)
	if err != nil {
		return err
	}
	zeros := func(shape []int) safetensors.Tensor {
		n := 1
		for _, d := range shape {
			n *= d
		}
		return safetensors.Float64(make([]float64, n), shape...)
	}
	for name, t := range maps.Clone(file.Tensors) {
		file.Tensors["grad."+name] = zeros(t.Shape)
	}
	x := []int{c.Batch(), c.Model.Net.Dim()}
	file.Tensors["x"] = safetensors.Float64(c.Z0, x...)
	file.Tensors["label"] = safetensors.Float64(c.Labels, c.Batch())
	file.Tensors["z1"], file.Tensors["grad.x"], file.Tensors["loss"] = zeros(x), zeros(x), zeros([]int{1})
	return file.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%d.safetensors", c.Name, c.Batch())))
}
