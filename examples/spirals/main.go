// Command spirals writes spirals.csv: the curves of torchdiffeq's latent_ode.py (Chen et al. 2018), which diffrax's
// example of a latent ODE has too, each seen at random times and through noise. A coin decides whether one winds
// clockwise, and it begins at a place on the way that is random too.
package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"slices"
)

const (
	curves   = 120
	observed = 30 // times of each
	turns    = 6 * math.Pi
	duration = turns / 5 // of what is seen
	noise    = 0.3
)

func main() {
	if err := write(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func write(w io.Writer) error {
	out, rng := bufio.NewWriter(w), rand.New(rand.NewPCG(1, 0))
	fmt.Fprintln(out, "id,t,x,y")
	for i := range curves {
		counter, from := rng.IntN(2) == 0, (0.2+0.6*rng.Float64())*turns
		times := make([]float64, observed)
		for k := range times {
			times[k] = duration * rng.Float64()
		}
		slices.Sort(times)
		for _, t := range times {
			x, y := spiral(counter, from+t)
			fmt.Fprintf(out, "%d,%.5f,%.2f,%.2f\n", i, t, x+noise*rng.NormFloat64(), y+noise*rng.NormFloat64())
		}
	}
	return out.Flush()
}

// spiral is latent_ode.py's, with a = 0 and b = 0.3, at the angle s, or clockwise at turns + 1 − s.
func spiral(counter bool, s float64) (x, y float64) {
	if counter {
		return 0.3*s*math.Cos(s) + 5, 0.3 * s * math.Sin(s)
	}
	s = turns + 1 - s
	r := 0.3 * 50 / s
	return r*math.Cos(s) - 5, r * math.Sin(s)
}
