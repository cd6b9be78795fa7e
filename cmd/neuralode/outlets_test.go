package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
