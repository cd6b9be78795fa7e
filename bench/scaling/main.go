// Command scaling simulates how long an iteration of a training takes in up to 4096 ranks, by the LogGP model of a
// network, from what one rank was measured to need and the messages that ranks send. It prints the tables of
// docs/scale.md and draws its figure. Nothing of it was measured on a cluster.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"strings"

	"neuralode/atomicfile"
	"neuralode/bench"
	"neuralode/figure"
	"neuralode/reference"
)

func main() {
	out := flag.String("figure", "", "PNG to draw")
	flag.Parse()
	nets, err := measureAll()
	if err == nil {
		report(os.Stdout, nets)
		if *out != "" {
			err = draw(*out, nets)
		}
	}
	if err != nil {
		log.Fatal(err)
	}
}

// net is a network that is trained, with what one rank needs for it.
type net struct {
	name string
	cost rankCost
}

// strongLeaves is how many leaves the minibatch of strong scaling has, and weakLeaves how many each rank has in weak.
const (
	strongLeaves = 4096
	weakLeaves   = 8
)

func measureAll() (nets []net, err error) {
	for _, n := range []struct {
		name  string
		open  func() (*bench.Case, error)
		times int
	}{
		{"spiral (2-64-64-2)", spiral, 400},
		{"middle (64-512-512-64)", func() (*bench.Case, error) { return bench.Middle(64) }, 40},
		{"large (128-2048-2048-128)", func() (*bench.Case, error) {
			return bench.Untrained("large", []int{128, 2048, 2048, 128}, 64)
		}, 8},
	} {
		c, err := n.open()
		if err != nil {
			return nil, err
		}
		cost, err := measureCost(c, n.times)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", n.name, err)
		}
		nets = append(nets, net{n.name, cost})
	}
	return nets, nil
}

func spiral() (*bench.Case, error) {
	for _, p := range reference.Embedded() {
		if p.Name == "spiral_trained" {
			return bench.FromProblem(&p, 64)
		}
	}
	return nil, fmt.Errorf("there is no spiral")
}

// report prints what was measured, and tables of what was simulated.
func report(w io.Writer, nets []net) {
	fmt.Fprintln(w, "| net | a leaf of 32, ms | update, ms | pack and join a sum, ms | bytes of a sum |")
	fmt.Fprintln(w, "|---|---|---|---|---|")
	for _, n := range nets {
		c := n.cost
		fmt.Fprintf(w, "| %s | %.2f | %.3f | %.3f | %d |\n", n.name, 1e3*c.leaf, 1e3*c.update,
			1e3*(c.pack+c.join), 4*c.sums)
	}
	for _, net := range nets {
		samples := strongLeaves * net.cost.samples
		for _, by := range networks {
			strong, weak := by.strong(net.cost, samples), by.weak(net.cost, weakLeaves*net.cost.samples)
			fmt.Fprintf(w, "\n%s, %s, simulated: strong, %d samples; weak, %d a rank. "+
				"Half of ideal up to %d and %d ranks.\n\n", net.name, by.name, samples, weakLeaves*net.cost.samples, pays(strong), pays(weak))
			fmt.Fprintln(w, "| ranks | strong, ms | of ideal | weak, ms | of ideal |\n|---|---|---|---|---|")
			for i, s := range strong {
				if i%2 == 0 {
					fmt.Fprintf(w, "| %d | %.3g | %.2f | %.3g | %.2f |\n", s.Ranks, 1e3*s.Seconds, s.Efficiency,
						1e3*weak[i].Seconds, weak[i].Efficiency)
				}
			}
		}
	}
}

// short is the first word of a name.
func short(name string) string { return strings.Fields(name)[0] }

// draw draws the efficiencies of both kinds over the number of ranks.
func draw(path string, nets []net) error {
	var panels [2]*figure.Figure
	for k, kind := range [2]string{"strong", "weak"} {
		title := kind + " scaling, simulated: part of ideal"
		var tracks []figure.Track
		for _, net := range nets {
			for _, by := range networks {
				points := by.strong(net.cost, strongLeaves*net.cost.samples)
				if k == 1 {
					points = by.weak(net.cost, weakLeaves*net.cost.samples)
				}
				t := figure.Track{Name: short(net.name) + ", " + short(by.name)}
				for _, p := range points {
					t.Curve = append(t.Curve, figure.Point{math.Log2(float64(p.Ranks)), p.Efficiency})
				}
				tracks = append(tracks, t)
			}
		}
		var err error
		if panels[k], err = figure.Tracks([2]string{"log2 of ranks", title}, tracks,
			figure.Limits{XMin: 0, XMax: math.Log2(most), YMin: 0, YMax: 1.05}); err != nil {
			return err
		}
	}
	return atomicfile.Write(path, figure.Beside(panels[0], panels[1]).WritePNG)
}
