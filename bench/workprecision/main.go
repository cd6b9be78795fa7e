// Command workprecision compares the step size controllers of package solver: how many field evaluations each needs for
// an error of the solution and of the gradient. It prints the tables of docs/controllers.md, and before them, with
// -all, every measurement. With -stiff it prints what the methods for stiff fields need for theirs instead.
package main

import (
	"encoding/csv"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"strings"

	"neuralode/solver"
)

func main() {
	all := flag.Bool("all", false, "print every measurement first")
	names := flag.String("methods", "dopri5,tsit5", "methods with an error estimate")
	stiff := flag.Bool("stiff", false, "solve stiff problems instead, by the methods for these")
	hull := flag.Float64("detest", 0, "print evaluations and errors on all of DETEST at this rtol instead")
	flag.Parse()
	if *hull > 0 {
		if err := printDetest(os.Stdout, *hull); err != nil {
			log.Fatal(err)
		}
		return
	}
	if *stiff {
		if err := printStiff(os.Stdout); err != nil {
			log.Fatal(err)
		}
		return
	}
	problems, err := problems()
	if err != nil {
		log.Fatal(err)
	}
	var measured []measurement
	for _, p := range problems {
		for _, name := range strings.Split(*names, ",") {
			method, err := solver.MethodNamed(name)
			if err != nil {
				log.Fatal(err)
			}
			for _, gains := range solver.AllGains() {
				some, err := measure(p, method, gains)
				if err != nil {
					log.Fatalf("%s, %v, %v: %v", p.name, method, gains, err)
				}
				measured = append(measured, some...)
			}
		}
	}
	if *all {
		if err := printAll(measured); err != nil {
			log.Fatal(err)
		}
	}
	if err := printTables(os.Stdout, measured); err != nil {
		log.Fatal(err)
	}
}

// measurement is what one solve cost, and how far it was off.
type measurement struct {
	problem, method, gains string
	rtol                   float64
	quantity               string // that is off
	evaluations, error     float64
}

// measure solves at rtol 1e-2, 10^-2.5 and so on to 1e-8, with an atol of a thousandth.
func measure(p *problem, method solver.Method, gains solver.Gains) ([]measurement, error) {
	var all []measurement
	for half := 4; half <= 16; half++ {
		spec := solver.DefaultSpec()
		spec.Method, spec.Precision = method, solver.Float64
		spec.Controller = spec.Controller.With(gains)
		spec.Controller.Rtol, spec.Controller.MaxSteps = math.Pow(10, -float64(half)/2), 1<<20
		spec.Controller.Atol = spec.Controller.Rtol / 1000
		costs, err := p.solve(spec)
		if err != nil {
			return nil, err
		}
		for _, c := range costs {
			all = append(all, measurement{p.name, method.String(), gains.Name, spec.Controller.Rtol, c.quantity,
				c.evaluations, c.error})
		}
	}
	return all, nil
}

// printAll prints the measurements as CSV.
func printAll(measured []measurement) error {
	lines := [][]string{{"problem", "method", "controller", "rtol", "quantity", "evaluations", "error"}}
	for _, m := range measured {
		lines = append(lines, []string{m.problem, m.method, m.gains, fmt.Sprintf("%.1e", m.rtol), m.quantity,
			fmt.Sprintf("%.1f", m.evaluations), fmt.Sprintf("%.3e", m.error)})
	}
	return csv.NewWriter(os.Stdout).WriteAll(lines)
}
