package train_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"neuralode"
	"neuralode/solver"
	"neuralode/train"
)

// Example trains on the spiral, loads the model and asks it for two points.
func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	backend, _, err := neuralode.Open("cpu")
	if err != nil {
		log.Fatal(err)
	}
	config := train.DefaultConfig()
	config.Samples, config.Hidden, config.Iterations, config.Rate = 100, []int{16}, 60, 2e-2
	run, err := train.NewRun(filepath.Join(dir, "run"), config, backend, "example")
	if err != nil {
		log.Fatal(err)
	}
	defer run.Close()
	ctx := context.Background()
	if err := run.Train(ctx, backend); err != nil {
		log.Fatal(err)
	}

	model, err := train.LoadModel(filepath.Join(dir, "run", "model.safetensors"))
	if err != nil {
		log.Fatal(err)
	}
	predictor, err := model.Compile(backend, solver.DefaultSpec()) // once; any number of goroutines may use it
	if err != nil {
		log.Fatal(err)
	}
	defer predictor.Close()
	answers, err := predictor.Predict(ctx, []float64{0.1, 0.2, 2, 2.1}) // two points of two features
	if err != nil {
		log.Fatal(err)
	}
	for i, class := range answers.Class {
		fmt.Println(class >= 0, len(answers.Probability[2*i:2*i+2]), answers.Err[i])
	}
	// Output:
	// true 2 <nil>
	// true 2 <nil>
}
