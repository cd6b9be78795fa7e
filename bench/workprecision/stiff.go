package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"time"

	"neuralode/graph"
	"neuralode/solver"
	"neuralode/solver/cpu"
	"neuralode/solver/solvertest"
)

// stiffMethods are those of the table of stiff problems.
var stiffMethods = []solver.Method{solver.Rodas5P(), solver.AutoTsit5(), solver.Rosenbrock23()}

// printStiff solves the stiff problems at rtol 1e-3 to 1e-9 and prints, for each solve, its cost and the largest relative
// error of a component, as bench/peers/stiff_peer.py does for others.
func printStiff(w io.Writer) error {
	lines := csv.NewWriter(w)
	_ = lines.Write([]string{"library", "problem", "method", "rtol", "evaluations", "jacobians", "steps", "milliseconds",
		"error"})
	for _, p := range solvertest.StiffProblems() {
		for _, method := range stiffMethods {
			for digits := 3; digits <= 9; digits += 2 {
				if err := writeStiff(lines, &p, method, math.Pow10(-digits)); err != nil {
					return fmt.Errorf("%s by %v: %w", p.Name, method, err)
				}
			}
		}
	}
	lines.Flush()
	return lines.Error()
}

func writeStiff(lines *csv.Writer, p *solvertest.Stiff, method solver.Method, rtol float64) error {
	s, took, err := solveStiff(p, p.Spec(method, rtol))
	if err != nil {
		return err
	}
	st, text := s.Stats[0], "failed"
	if s.Err() == nil {
		text = fmt.Sprintf("%.2e", p.Error(s.Z1))
	}
	return lines.Write([]string{"neuralode", p.Name, method.String(), fmt.Sprintf("%.0e", rtol), fmt.Sprint(st.NFE),
		fmt.Sprint(st.Jacobians), fmt.Sprint(st.Tried()), fmt.Sprintf("%.3f", took.Seconds()*1e3), text})
}

// solveStiff solves on one core and says what the fastest of some solves took.
func solveStiff(p *solvertest.Stiff, spec solver.Spec) (s *solver.Solution, took time.Duration, err error) {
	backend, err := cpu.New(cpu.Options{Workers: 1})
	if err != nil {
		return nil, 0, err
	}
	field, err := graph.LowerField(p.Field)
	if err != nil {
		return nil, 0, err
	}
	program, err := backend.Compile(solver.Model{Field: field}, spec)
	if err != nil {
		return nil, 0, err
	}
	defer program.Close()
	took = math.MaxInt64
	for range 3 {
		begin := time.Now()
		s, err = program.Solve(context.Background(), p.Theta,
			solver.Batch{Z0: p.Z0, Spans: []solver.Span{{T1: p.T1}}})
		if err != nil {
			return nil, 0, err
		}
		took = min(took, time.Since(begin))
	}
	return s, took, nil
}
