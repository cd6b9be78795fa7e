package train

import "testing"

// TestStride keeps the number of snapshots and their bytes bounded, and those of a longer run among those of a shorter.
func TestStride(t *testing.T) {
	for _, c := range []struct{ iterations, parameters, want int }{
		{1, 10, 16}, {1008, 10, 16}, {1023, 10, 16}, {1024, 10, 32}, {2000, 4482, 32}, {1 << 40, 10, 1 << 35},
		{2000, 8 << 20 / 4 / 8, 256}, {2000, 8<<20/4/8 + 1, 0},
	} {
		if got := strideOf(c.iterations, c.parameters); got != c.want {
			t.Errorf("%d iterations of %d parameters: every %d, want %d", c.iterations, c.parameters, got, c.want)
		}
	}
}
