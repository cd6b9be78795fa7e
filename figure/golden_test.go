package figure

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "replace the golden pictures in testdata by what the package draws now")

const goldenDPI = 60 // small files

// TestGolden compares whole pictures with ones that a person has looked at.
func TestGolden(t *testing.T) {
	for name, make := range map[string]func() (*Figure, error){
		"loss":      func() (*Figure, error) { return Loss(training(400, 0.02)) },
		"loss_gaps": func() (*Figure, error) { return Loss(withGaps(training(100, 1e-7))) },
		"loss_held": func() (*Figure, error) {
			iterations, loss := training(400, 0.02)
			return LossWithHeld(iterations, loss, held(iterations, loss))
		},
		"dynamics":       func() (*Figure, error) { d := spiral(300); return Dynamics(d, fieldOver(d, 20), flow(d, 50, 50)) },
		"dynamics_real":  func() (*Figure, error) { d := plane(150); return Dynamics(d, fieldOver(d, 12), flow(d, 20, 50)) },
		"dynamics_ends":  func() (*Figure, error) { return withEnds(spiral(200)) },
		"decision":       func() (*Figure, error) { d := circles(200, 2); return Decision(d, probabilityOver(d, 40)) },
		"decision_eight": func() (*Figure, error) { d := blobs(160, 8); return Decision(d, scoresOver(d, 40)) },
		"decision_many":  func() (*Figure, error) { d := blobs(400, 20); return Decision(d, scoresOver(d, 40)) },
		"decision_real":  func() (*Figure, error) { d := plane(150); return Decision(d, predictionOver(d, 30)) },
		"tracks": func() (*Figure, error) {
			tracks := oscillations(0)
			return Tracks([2]string{"t", "x"}, tracks, Frame(tracks))
		},
		"phase_plane": func() (*Figure, error) {
			tracks := oscillations(1)
			d := Data{Points: []Point{{-2, -2}, {2, 2}}}
			return PhasePlane([2]string{"x", "y"}, tracks, fieldOver(d, 16))
		},
		"parity": func() (*Figure, error) {
			return Parity("x", []Pairs{{"training", near(200, 0.2)}, {"held out", near(40, 0.4)}}, "R² 0.98")
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := make()
			if err != nil {
				t.Fatal(err)
			}
			f.dpi = goldenDPI
			compare(t, filepath.Join("testdata", name+".png"), pngOf(t, f))
		})
	}
}

// withEnds has the data once more at the end of a flow, two of them out of the frame.
func withEnds(d Data) (*Figure, error) {
	paths := flow(d, len(d.Points), 50)
	e := Ends{Time: 0.5, Limits: Limits{-1.6, 1.6, -1.2, 1.2}}
	for _, path := range paths.Paths {
		e.Points = append(e.Points, path[len(path)-1])
	}
	e.Points[0], e.Points[1] = Point{9, 0}, Point{0, -9}
	m := probabilityOver(d, 40)
	e.ReadOut = &m
	paths.Paths, paths.Labels = paths.Paths[:20], paths.Labels[:20]
	return DynamicsWithEnds(d, fieldOver(d, 15), paths, e)
}

func pngOf(t *testing.T, f *Figure) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f.WritePNG(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// compare keeps the picture of a failed test when go test runs with -artifacts.
func compare(t *testing.T, golden string, got []byte) {
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if n := different(decode(t, got), decode(t, want)); n > 0 {
		kept := filepath.Join(t.ArtifactDir(), filepath.Base(golden))
		t.Errorf("%d pixels differ from %s; got %s", n, golden, kept)
		if err := os.WriteFile(kept, got, 0o644); err != nil {
			t.Error(err)
		}
	}
}

func decode(t *testing.T, b []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// different counts pixels that differ by more than the rounding of another processor's fused multiply-add explains.
func different(a, b image.Image) int {
	if a.Bounds() != b.Bounds() {
		return a.Bounds().Dx() * a.Bounds().Dy()
	}
	n := 0
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			if distance(a.At(x, y), b.At(x, y)) > 24 {
				n++
			}
		}
	}
	return n
}

// distance is the largest difference of a channel, 0 to 255.
func distance(a, b color.Color) int {
	r1, g1, b1, a1 := a.RGBA()
	r2, g2, b2, a2 := b.RGBA()
	d := 0
	for _, c := range [][2]uint32{{r1, r2}, {g1, g2}, {b1, b2}, {a1, a2}} {
		d = max(d, int(c[0]>>8)-int(c[1]>>8), int(c[1]>>8)-int(c[0]>>8))
	}
	return d
}
