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
	}{
		{"auto", 0, 50, 2, 300}, {"auto", 299, 50, 2, 300}, {"auto", 300, 50, 6, 600}, {"auto", 700, 50, 18, 800},
		{"auto", 800, 50, inf, 1000}, {"auto", 800, 500, 18, 1000}, {"windows", 800, 50, 18, 1000}, {"full", 0, 50, inf, 1000},
		{"auto", 0, 1, inf, 1000}, {"auto", 500, 5, inf, 1000}, {"windows", 900, 5, inf, 1000},
	} {
		c := Config{Task: seriesTask, Horizon: x.horizon, Iterations: 1000}
		if got, until := c.horizon(x.done, x.longest); got != x.want || until != x.until {
			t.Errorf("%s, %d iterations done, %v long: %v until %d, want %v until %d", x.horizon, x.done, x.longest,
				got, until, x.want, x.until)
		}
	}
}
