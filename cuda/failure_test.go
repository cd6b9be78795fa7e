//go:build gpu && cgo && linux

package cuda_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"neuralode/cuda"
	"neuralode/cuda/driver"
	"neuralode/cuda/driver/drivertest"
	"neuralode/solver"
)

// shortTraining opens the GPU, trains in three calls, of which the last is a graph, solves, and closes everything. It
// returns its first error.
func shortTraining(t *testing.T) (err error) {
	b, err := cuda.New(cuda.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	m, spec := network(t, 4), solver.DefaultSpec()
	spec.Gradient = solver.Discrete
	p, err := b.Compile(m, spec)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	theta, z0 := numbers(m.ThetaLen(), 3), numbers(8, 5)
	data := solver.Labelled(z0, classes(4), solver.Span{T1: 1})
	s, err := p.Train(data, solver.DefaultOptimizer(1e-2), solver.NewOptimizerState(theta))
	if err != nil {
		return err
	}
	for range 3 {
		if err := s.Run(context.Background(), [][]int{{0, 1}, {2, 3}}, nil, func(solver.Iteration) {}); err != nil {
			return err
		}
	}
	if _, err := s.State(); err != nil {
		return err
	}
	_, err = p.Solve(context.Background(), theta, solver.Batch{Z0: z0, Spans: []solver.Span{{T1: 1}}})
	return err
}

// TestShortTraining is what TestEveryCallFails runs in processes of their own, where one call fails.
func TestShortTraining(t *testing.T) {
	if os.Getenv("FAKE_CUDA_REPORT") == "" {
		t.Skip("run by TestEveryCallFails")
	}
	err := shortTraining(t)
	if os.Getenv("FAKE_CUDA_FAIL") == "" {
		if err != nil {
			t.Error(err)
		}
		return
	}
	var failed *driver.Error
	if !errors.As(err, &failed) || failed.Call == "" || failed.Code == 0 || failed.Name == "" {
		t.Errorf("the error of a failed call is %v", err)
	}
}

// TestEveryCallFails lets every call of the driver fail in turn during a short training: each time the error names the
// call and its code, and everything is freed.
func TestEveryCallFails(t *testing.T) {
	if testing.Short() || os.Getenv(deviceVariable) != "" {
		t.Skip("slow, and for the emulated GPU")
	}
	t.Parallel()
	settings := append(emulation(t), "FAKE_CUDA_REPORT="+filepath.Join(t.TempDir(), "report"))
	total := calls(t, settings)
	if total < 50 {
		t.Fatalf("only %d calls", total)
	}
	work := make(chan int)
	for _, worker := range []string{"first", "second"} {
		t.Run(worker, func(t *testing.T) {
			t.Parallel()
			for n := range work {
				failAt(t, n)
			}
		})
	}
	go func() {
		defer close(work)
		for n := 1; n <= total; n++ {
			work <- n
		}
	}()
}

// calls is how many calls of the driver the training makes.
func calls(t *testing.T, settings []string) int {
	t.Helper()
	out, err := drivertest.Run(t, "TestShortTraining", settings...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	n, live := reported(t, settings)
	if live != 0 {
		t.Errorf("%d objects are left open", live)
	}
	return n
}

func reported(t *testing.T, settings []string) (calls, live int) {
	t.Helper()
	text, err := os.ReadFile(strings.TrimPrefix(settings[len(settings)-1], "FAKE_CUDA_REPORT="))
	if err == nil {
		_, err = fmt.Sscanf(string(text), "calls %d live %d", &calls, &live)
	}
	if err != nil {
		t.Fatal(err)
	}
	return calls, live
}

// failAt lets the n-th call fail, by turns with an error that a later call could survive and with one that none does.
func failAt(t *testing.T, n int) {
	t.Helper()
	code := []int{1, 719}[n%2] // invalid value, launch failure
	settings := append(emulation(t), fmt.Sprintf("FAKE_CUDA_FAIL=%d:%d", n, code), "FAKE_CUDA_REPORT="+
		filepath.Join(t.TempDir(), "report"))
	out, err := drivertest.Run(t, "TestShortTraining", settings...)
	if err != nil {
		t.Errorf("call %d fails with %d: %v\n%s", n, code, err, out)
	}
	if _, live := reported(t, settings); live != 0 {
		t.Errorf("call %d fails with %d: %d objects are left open", n, code, live)
	}
}
