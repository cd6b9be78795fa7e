package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"neuralode/train"
)

// TestExport writes the models of a run into its folder, and those of its model file beside it.
func TestExport(t *testing.T) {
	dir := trained(t, "--no-figures")
	text := succeed(t, "export", dir, "--onnx")
	size := func(name string) int64 {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || !strings.Contains(text, filepath.Join(dir, name)) {
			t.Fatalf("%v, %s", err, text)
		}
		return info.Size()
	}
	single := []int64{size("start.onnx"), size("field.onnx"), size("readout.onnx")}
	succeed(t, "export", filepath.Join(dir, "model.safetensors"), "--onnx", "--precision", "float64")
	if double := size("field.onnx"); double <= single[1] {
		t.Errorf("field.onnx has %d bytes of float64, %d of float32", double, single[1])
	}
}

// TestExportOfSeries: the models of series that no start.onnx scales say how their numbers are scaled, as the model file
// has it.
func TestExportOfSeries(t *testing.T) {
	var rows strings.Builder
	for i := range 6 {
		for k := range 5 {
			fmt.Fprintf(&rows, "s%d,%d,%d,%d,%d\n", i, k, 100+i+k*k, 10*(1+i%2), 1000*(k%2))
		}
	}
	data := write(t, "driven.csv", "id,t,x,mass,force\n"+rows.String())
	for _, more := range []string{"--second-order", "--lift=linear"} {
		dir := filepath.Join(t.TempDir(), "run")
		succeed(t, "train", "--data", data, "--features", "x", "--constants", "mass", "--inputs", "force", "--hidden", "4",
			"--iterations", "1", "--validation", "0", "--no-figures", "--out", dir, more)
		succeed(t, "export", dir, "--onnx")
		m, err := train.LoadModel(filepath.Join(dir, "model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"field.onnx", "readout.onnx"} {
			content, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"feature_mean", fmt.Sprintf("[%v]", m.FeatureScale.Mean[0]), "constant_std",
				fmt.Sprintf("[%v]", m.ConstantScale.Std[0]), "signal_mean", fmt.Sprintf("[%v]", m.SignalScale.Mean[0]),
				`["mass"]`, `["force"]`, "the features less feature_mean, over feature_std"} {
				if !strings.Contains(string(content), want) {
					t.Errorf("%s, %s: no %s", more, name, want)
				}
			}
		}
	}
}

// TestTensorBoard writes a file for the run, and another one when it goes on, beside the first.
func TestTensorBoard(t *testing.T) {
	board := filepath.Join(t.TempDir(), "board")
	dir := trained(t, "--tensorboard", board)
	succeed(t, "train", "--resume", dir, "--iterations", "40", "--no-figures", "--tensorboard", board)
	files, err := filepath.Glob(filepath.Join(board, "run", "events.out.tfevents.*"))
	if err != nil || len(files) != 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for want, file := range map[string]string{"decision": files[0], "loss/train": files[1]} {
		if content, err := os.ReadFile(file); err != nil || !strings.Contains(string(content), want) {
			t.Errorf("no %s in %s (%v)", want, file, err)
		}
	}
}

// TestTensorBoardFigures: TensorBoard is shown the figures that were drawn, not what else is in the folder.
func TestTensorBoardFigures(t *testing.T) {
	dir, board := trained(t), filepath.Join(t.TempDir(), "board")
	succeed(t, "train", "--resume", dir, "--iterations", "40", "--no-figures", "--tensorboard", board)
	if events := eventsIn(t, filepath.Join(board, "run")); strings.Contains(events, "\x89PNG") {
		t.Error("figures of an earlier iteration are shown as those of this one")
	}
}

// eventsIn is the content of the one event file in a folder.
func eventsIn(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "events.out.tfevents.*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	content, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
