package main

import (
	"fmt"
	"io"
	"math"
	"strings"

	"neuralode/solver"
)

// printTables prints for each quantity and method how many evaluations the controllers need for the same error, as a
// part of those that the first of them needs.
func printTables(w io.Writer, measured []measurement) error {
	for _, quantity := range distinct(measured, func(m measurement) string { return m.quantity }) {
		for _, method := range distinct(measured, func(m measurement) string { return m.method }) {
			some := only(measured, func(m measurement) bool { return m.quantity == quantity && m.method == method })
			if err := printTable(w, fmt.Sprintf("%s, %s", quantity, method), some); err != nil {
				return err
			}
		}
	}
	return nil
}

func printTable(w io.Writer, title string, measured []measurement) error {
	names := make([]string, 0, len(solver.AllGains()))
	for _, g := range solver.AllGains() {
		names = append(names, g.Name)
	}
	text := fmt.Sprintf("| %s | %s |\n|---|%s\n", title, strings.Join(names, " | "), strings.Repeat("---|", len(names)))
	logs := make([]float64, len(names))
	problems := distinct(measured, func(m measurement) string { return m.problem })
	for _, problem := range problems {
		of := only(measured, func(m measurement) bool { return m.problem == problem })
		slope, line := slopeOf(of, names), "| "+problem+" |"
		first := workOf(of, names[0], slope)
		for k, name := range names {
			ratio := workOf(of, name, slope) - first
			logs[k] += ratio
			line += fmt.Sprintf(" %.3f |", math.Exp(ratio))
		}
		text += line + "\n"
	}
	line := "| geometric mean |"
	for _, sum := range logs {
		line += fmt.Sprintf(" **%.3f** |", math.Exp(sum/float64(len(problems))))
	}
	_, err := fmt.Fprintln(w, text+line+"\n")
	return err
}

// slopeOf is that of log evaluations over log error, one for all controllers: the least squares of lines that differ in
// height alone.
func slopeOf(measured []measurement, names []string) float64 {
	xy, xx := 0.0, 0.0
	for _, name := range names {
		of := only(measured, func(m measurement) bool { return m.gains == name })
		x, y := means(of)
		for _, m := range of {
			dx, dy := math.Log(m.error)-x, math.Log(m.evaluations)-y
			xy, xx = xy+dx*dy, xx+dx*dx
		}
	}
	return xy / xx
}

// workOf is the height of a controller's line.
func workOf(measured []measurement, name string, slope float64) float64 {
	x, y := means(only(measured, func(m measurement) bool { return m.gains == name }))
	return y - slope*x
}

// means are those of log error and log evaluations.
func means(measured []measurement) (x, y float64) {
	for _, m := range measured {
		x += math.Log(m.error) / float64(len(measured))
		y += math.Log(m.evaluations) / float64(len(measured))
	}
	return x, y
}

func only(measured []measurement, wanted func(measurement) bool) []measurement {
	var some []measurement
	for _, m := range measured {
		if wanted(m) {
			some = append(some, m)
		}
	}
	return some
}

// distinct are the values of a field, in the order in which they come.
func distinct(measured []measurement, field func(measurement) string) []string {
	var values []string
	seen := map[string]bool{}
	for _, m := range measured {
		if v := field(m); !seen[v] {
			seen[v] = true
			values = append(values, v)
		}
	}
	return values
}
