package train

import (
	"math"
	"testing"
)

// TestHorizon: windows grow, and long series are never seen whole but where that is asked for.
func TestHorizon(t *testing.T) {
	inf := math.Inf(1)
	for _, x := range []struct {
		horizon       string
		done          int
		longest, want float64
		until         int
		parts         Parts
	}{
		{"auto", 0, 50, 2, 300, Windows}, {"auto", 299, 50, 2, 300, Windows}, {"auto", 300, 50, 6, 600, Windows},
		{"auto", 700, 50, 18, 800, Windows}, {"auto", 800, 50, inf, 1000, Whole}, {"auto", 800, 500, 18, 1000, Windows},
		{"windows", 800, 50, 18, 1000, Windows}, {"full", 0, 50, inf, 1000, Whole}, {"auto", 0, 1, inf, 1000, Whole},
		{"auto", 500, 5, inf, 1000, Whole}, {"windows", 900, 5, inf, 1000, Whole}, {"grow", 0, 1, inf, 1000, Whole},
		{"grow", 0, 5, 2, 400, Beginnings}, {"grow", 400, 5, 4, 800, Beginnings}, {"grow", 800, 5, inf, 1000, Whole},
		{"shooting", 0, 50, 2, 300, Segments}, {"shooting", 799, 50, 18, 800, Segments},
		{"shooting", 800, 50, inf, 1000, Whole}, {"shooting", 999, 500, 18, 1000, Segments},
		{"shooting", 0, 1, inf, 1000, Whole},
	} {
		c := Config{Task: seriesTask, Horizon: x.horizon, Iterations: 1000}
		if got, until := c.horizon(x.done, x.longest); got != (Sight{x.parts, x.want}) || until != x.until {
			t.Errorf("%s, %d iterations done, %v long: %v until %d, want %v until %d", x.horizon, x.done, x.longest,
				got, until, x.want, x.until)
		}
	}
}
