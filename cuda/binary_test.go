//go:build gpu && cgo && linux

package cuda_test

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"neuralode/cuda/driver/drivertest"
)

var program struct {
	once sync.Once
	path string
	err  error
	out  []byte
}

// binary is the program as users have it, built with CUDA.
func binary(t *testing.T) string {
	t.Helper()
	if testing.Short() || os.Getenv(deviceVariable) != "" {
		t.Skip("slow, and for the emulated GPU")
	}
	program.once.Do(func() {
		program.path = filepath.Join(folder, "neuralode")
		program.out, program.err = exec.Command("go", "build", "-tags", "gpu", "-o", program.path,
			"neuralode/cmd/neuralode").CombinedOutput()
	})
	if program.err != nil {
		t.Fatalf("%v\n%s", program.err, program.out)
	}
	return program.path
}

// command runs the program on the emulated GPU, or without a driver.
func command(t *testing.T, emulated bool, arguments ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(binary(t), arguments...)
	cmd.Dir = t.TempDir()
	if emulated {
		fakes := drivertest.Folder(t)
		cmd.Env = append(append(os.Environ(), "LD_LIBRARY_PATH="+fakes, "NEURALODE_NVRTC="+
			filepath.Join(fakes, "libnvrtc.so.12"), "NEURALODE_CUBLAS="+filepath.Join(fakes, "libcublas.so.12")),
			emulation(t)...)
	}
	return cmd
}

func output(t *testing.T, cmd *exec.Cmd) (stdout, stderr string) {
	t.Helper()
	var out, errors bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errors
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\n%s%s", cmd.Args, err, out.String(), errors.String())
	}
	return out.String(), errors.String()
}

// TestDevices looks at what people see of the GPU.
func TestDevices(t *testing.T) {
	out, _ := output(t, command(t, true, "devices"))
	for _, want := range []string{"GPU 0: Fake GPU 0", "sm_90", "driver 12.9", "NVRTC 12.9", "cuBLAS 12.9"} {
		if !strings.Contains(out, want) {
			t.Errorf("devices does not say %q:\n%s", want, out)
		}
	}
}

// TestDevicesChecked lets every device answer what has exact answers.
func TestDevicesChecked(t *testing.T) {
	t.Parallel()
	cmd := command(t, true, "devices", "--check")
	cmd.Env = append(cmd.Env, "FAKE_CUDA_DEVICES=2")
	out, _ := output(t, cmd)
	for _, want := range []string{"cpu   works: ", "GPU 0 works: states within", "GPU 1 works: states within", "compiled anew",
		"with kept ones"} {
		if !strings.Contains(out, want) {
			t.Errorf("devices --check does not say %q:\n%s", want, out)
		}
	}
}

// TestNoDriver runs the program where there is no driver: on the CPU it works, auto says why once, cuda refuses.
func TestNoDriver(t *testing.T) {
	if _, err := os.Stat("/dev/nvidiactl"); err == nil {
		t.Skip("this machine has a driver")
	}
	if _, said := output(t, command(t, false, "verify", "--device", "cpu")); said != "" {
		t.Errorf("on the CPU it says %q", said)
	}
	if _, said := output(t, command(t, false, "verify", "--device", "auto")); strings.Count(said, "\n") != 1 ||
		!strings.Contains(said, "no libcuda") {
		t.Errorf("auto says %q", said)
	}
	out, err := command(t, false, "verify", "--device", "cuda").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "NO_DRIVER") || strings.Count(string(out), "\n") != 1 {
		t.Errorf("cuda says %q, %v", out, err)
	}
}

// TestOneStepForAll asks for what only the CPU does: auto takes that and says so once, cuda refuses before any work.
func TestOneStepForAll(t *testing.T) {
	out, said := output(t, command(t, true, "verify", "--device", "auto", "--control", "batch", "--precision",
		"float32"))
	if !strings.HasPrefix(out, "cpu (") || strings.Count(said, "\n") != 1 ||
		!strings.Contains(said, "using the CPU: cuda: one step for all samples") {
		t.Errorf("auto prints %q and says %q", out, said)
	}
	cmd := command(t, true, "train", "--device", "cuda", "--control", "batch", "--out", "run")
	refused, err := cmd.CombinedOutput()
	if err == nil || strings.Count(string(refused), "\n") != 1 || !strings.Contains(string(refused), "needs the CPU") {
		t.Errorf("cuda says %q, %v", refused, err)
	}
	if _, err := os.Stat(filepath.Join(cmd.Dir, "run")); !os.IsNotExist(err) {
		t.Errorf("it leaves a run: %v", err)
	}
}

// TestSecondGPU runs on a GPU that is not the first, and asks for one that is not there.
func TestSecondGPU(t *testing.T) {
	t.Parallel()
	second := command(t, true, training("cuda:1", "run")...)
	second.Env = append(second.Env, "FAKE_CUDA_DEVICES=2")
	output(t, second)
	third := command(t, true, training("cuda:2", "run")...)
	third.Env = append(third.Env, "FAKE_CUDA_DEVICES=2")
	if said, err := third.CombinedOutput(); err == nil || !strings.Contains(string(said), "there is no GPU 2") {
		t.Errorf("cuda:2 of two says %q, %v", said, err)
	}
}

// TestVerify compares with the reference files, at the bounds of the CPU.
func TestVerify(t *testing.T) {
	t.Parallel()
	for _, gradient := range []string{"adjoint", "discrete", "backsolve"} {
		out, _ := output(t, command(t, true, "verify", "--device", "cuda", "--precision", "float32", "--rtol", "1e-5",
			"--atol", "1e-6", "--gradient", gradient, "--json"))
		lines := 0
		for line := range strings.Lines(out) {
			var v struct {
				File      string
				Z1, Grad  float64
				GradientX float64 `json:"grad_x"`
			}
			if err := json.Unmarshal([]byte(line), &v); err != nil {
				t.Fatal(err)
			}
			z, grad := 2e-4, 3e-4
			if strings.HasSuffix(v.File, "_trained") {
				z, grad = 6e-2, 6e-2
			}
			if !(v.Z1 <= z && v.Grad <= grad && v.GradientX <= grad) {
				t.Errorf("%s: %s", gradient, line)
			}
			lines++
		}
		if lines != 5 {
			t.Errorf("%d files verified, want 5", lines)
		}
	}
}

// training is a short run of 50 iterations.
func training(device, out string) []string {
	return []string{"train", "--device", device, "--iterations", "50", "--samples", "60", "--batch", "16", "--hidden",
		"16,16", "--checkpoint-every", "16", "--gradient", "discrete", "--no-figures", "--out", out}
}

// losses are those of a run, from its metrics.
func losses(t *testing.T, run string) []float64 {
	t.Helper()
	f, err := os.Open(filepath.Join(run, "metrics.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) < 2 || rows[0][1] != "loss" {
		t.Fatalf("metrics.csv: %v, %v", rows, err)
	}
	var all []float64
	for _, row := range rows[1:] {
		x, err := strconv.ParseFloat(row[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, x)
	}
	return all
}

// TestTraining compares 50 iterations with the CPU's, and a run that was killed and resumed with one that was not.
func TestTraining(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	whole, killed, onCPU := filepath.Join(folder, "whole"), filepath.Join(folder, "killed"),
		filepath.Join(folder, "cpu")
	output(t, command(t, true, training("cuda", whole)...))
	output(t, command(t, false, training("cpu", onCPU)...))
	want := losses(t, onCPU)
	got := losses(t, whole)
	if len(got) != 50 || len(want) != 50 {
		t.Fatalf("%d and %d iterations", len(got), len(want))
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 2e-3*want[i] {
			t.Errorf("iteration %d has the loss %v, on the CPU %v", i+1, got[i], want[i])
		}
	}
	kill(t, command(t, true, training("cuda", killed)...), "iteration 20/")
	output(t, command(t, true, "train", "--device", "cuda", "--no-figures", "--resume", killed))
	a, errA := os.ReadFile(filepath.Join(whole, "model.safetensors"))
	b, errB := os.ReadFile(filepath.Join(killed, "model.safetensors"))
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("after a kill and resume the model is another: %v, %v", errA, errB)
	}
}

// kill kills the program as soon as it has printed the text.
func kill(t *testing.T, cmd *exec.Cmd, text string) {
	t.Helper()
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	seen := false
	for lines := bufio.NewScanner(pipe); !seen && lines.Scan(); {
		seen = strings.Contains(lines.Text(), text)
	}
	if !seen {
		t.Errorf("the training never printed %q", text)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// TestCheckpointSurvives lets the GPU die near the end of a training: one line says so, and the last checkpoint is
// whole.
func TestCheckpointSurvives(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	output(t, command(t, true, training("cuda", filepath.Join(folder, "first"))...)) // compiles, which changes the pace
	report := "FAKE_CUDA_REPORT=" + filepath.Join(folder, "report")
	whole := command(t, true, training("cuda", filepath.Join(folder, "whole"))...)
	whole.Env = append(whole.Env, report)
	output(t, whole)
	calls, _ := reported(t, []string{report})
	broken := filepath.Join(folder, "broken")
	cmd := command(t, true, training("cuda", broken)...)
	cmd.Env = append(cmd.Env, "FAKE_CUDA_FAIL="+strconv.Itoa(calls*3/4)+":719")
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != 1 ||
		!strings.Contains(said.String(), "CUDA_ERROR_LAUNCH_FAILED (719)") {
		t.Errorf("%v, exit status %d, says %q", err, cmd.ProcessState.ExitCode(), said.String())
	}
	output(t, command(t, false, "eval", broken, "--device", "cpu"))
	output(t, command(t, true, "train", "--device", "cuda", "--no-figures", "--resume", broken))
	a, errA := os.ReadFile(filepath.Join(folder, "whole", "model.safetensors"))
	b, errB := os.ReadFile(filepath.Join(broken, "model.safetensors"))
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("after the failure and resume the model is another: %v, %v", errA, errB)
	}
}
