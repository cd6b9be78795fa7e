package tensorboard_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"neuralode/python"
	"neuralode/tensorboard"
)

// twice writes a run of 6 steps that a crash took back to step 4.
func twice(t *testing.T, dir string) []byte {
	t.Helper()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewNRGBA(image.Rect(0, 0, 3, 2))); err != nil {
		t.Fatal(err)
	}
	for _, part := range []struct{ from, to int }{{1, 6}, {5, 8}} {
		w, err := tensorboard.New(dir, part.from)
		if err != nil {
			t.Fatal(err)
		}
		w.Text(part.from, "config", "a **text**")
		for step := part.from; step <= part.to; step++ {
			w.Scalars(step, tensorboard.Scalar{Tag: "loss/train", Value: float64(part.from) + float64(step)/8},
				tensorboard.Scalar{Tag: "nan", Value: math.NaN()})
		}
		w.Picture(part.to, "decision", picture.Bytes())
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return picture.Bytes()
}

// TestTensorBoardReads holds a folder of two files to what TensorBoard's own reader makes of it.
func TestTensorBoardReads(t *testing.T) {
	python.Interpreter(t, "..")
	dir := filepath.Join(t.TempDir(), "board")
	before := float64(time.Now().UnixMicro()) / 1e6
	picture := twice(t, dir)
	var read struct {
		Scalars map[string][][3]float64
		Images  map[string][][4]int
		Texts   map[string][][2]any
	}
	if err := json.Unmarshal(python.Run(t, "..", "testdata/read.py", dir), &read); err != nil {
		t.Fatal(err)
	}
	steps := read.Scalars["loss/train"]
	if len(read.Scalars) != 1 || len(steps) != 8 {
		t.Fatalf("scalars %v", read.Scalars)
	}
	for i, e := range steps {
		from := 1.0
		if i >= 4 {
			from = 5
		}
		if want := from + float64(i+1)/8; e[0] != float64(i+1) || e[1] != want || e[2] < before || e[2] > before+60 {
			t.Errorf("event %d is %v, want %v", i, e, want)
		}
	}
	last := read.Images["decision"]
	if len(last) == 0 || last[len(last)-1] != [4]int{8, 3, 2, len(picture)} {
		t.Errorf("images %v", read.Images)
	}
	if texts := fmt.Sprint(read.Texts["config"]); !strings.Contains(texts, "a **text**") {
		t.Errorf("texts %v", read.Texts)
	}
}

// TestRecords walks through a file by the lengths in it and looks at each checksum.
func TestRecords(t *testing.T) {
	dir := t.TempDir()
	twice(t, dir)
	files, err := filepath.Glob(filepath.Join(dir, "events.out.tfevents.*"))
	if err != nil || len(files) != 2 || files[0] > files[1] {
		t.Fatalf("%v, %v", files, err)
	}
	content, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	sum := func(data []byte) uint32 {
		s := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
		return (s>>15 | s<<17) + 0xa282ead8
	}
	records := 0
	for ; len(content) > 0; records++ {
		n := int(binary.LittleEndian.Uint64(content))
		data := content[12 : 12+n]
		if binary.LittleEndian.Uint32(content[8:]) != sum(content[:8]) ||
			binary.LittleEndian.Uint32(content[12+n:]) != sum(data) {
			t.Fatalf("record %d: a checksum is wrong", records)
		}
		content = content[16+n:]
	}
	if records != 2+1+6+1 {
		t.Errorf("%d records", records)
	}
}

// TestFaults wants the first error, of a folder that cannot be and of a picture that is none.
func TestFaults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := tensorboard.New(filepath.Join(file, "below"), 1); err == nil ||
		!strings.HasPrefix(err.Error(), "tensorboard: ") {
		t.Errorf("error %v", err)
	}
	w, err := tensorboard.New(t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	w.Picture(1, "none", []byte("no picture"))
	w.Scalars(2, tensorboard.Scalar{Tag: "x", Value: 1})
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "png") {
		t.Errorf("error %v", err)
	}
}
