// Command workprecision compares the step size controllers of package solver: how many field evaluations each needs for an
// error of the solution and of the gradient. It prints the tables of docs/controllers.md, and before them, with -all, every
// measurement.
package main

import (
	"flag"
	"fmt"
	"log"
	"math"
	"os"

	"neuralode/solver"
)

func main() {
	all := flag.Bool("all", false, "print every measurement first")
	flag.Parse()
	problems, err := problems()
	if err != nil {
		log.Fatal(err)
	}
	var measured []measurement
	for _, p := range problems {
		for _, method := range []solver.Method{solver.Dopri5(), solver.Tsit5()} {
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
		printAll(measured)
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
			all = append(all, measurement{p.name, method.String(), gains.Name, spec.Controller.Rtol, c.quantity, c.evaluations, c.error})
		}
	}
	return all, nil
}

func printAll(measured []measurement) {
	fmt.Println("problem,method,controller,rtol,quantity,evaluations,error")
	for _, m := range measured {
		fmt.Printf("%s,%s,%s,%.1e,%s,%.1f,%.3e\n", m.problem, m.method, m.gains, m.rtol, m.quantity, m.evaluations, m.error)
	}
}
