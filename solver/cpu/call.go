package cpu

import (
	"math"
	"sync/atomic"

	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// call is one batch under way: its samples cut into leaves, and for each sample what went in and what came out. Tasks
// write to their own samples and sums alone, so any worker may take any task.
type call[T simd.Float] struct {
	dim, n    int
	leaf      int                   // samples per leaf
	perTask   int                   // leaves per task
	part      *portion              // of a minibatch, or nil: the samples are all there are
	rows      int                   // of the tiles it wants
	paging    atomic.Bool           // the steps do not fit: see checkpoints
	batch     solver.Batch          // resolved: its spans, times and stops
	precision solver.Precision      // that tells times beside stops apart
	z0        []T                   // [n, dim]
	features  []T                   // [n, features] that the lift makes z0 of; empty where that is given
	z1        []T                   // [n, dim]
	saved     []T                   // [rows, dim]
	inputs    []T                   // [n, constants] of the field
	amounts   []T                   // [rows of jumps, amount width]
	events    [][]solver.Occurrence // [n]; nil where nobody asks for them
	end       []solver.End
	stats     []solver.Stats
	tracks    []solver.Track     // [n], or nil where no steps are kept
	occupancy []solver.Occupancy // per task

	reading    reading   // of states, z1: nothing is solved
	stateTimes []float64 // [n], of these; or none

	gradient  bool
	labels    []T // [losses, label width], or nil: the cotangents are given
	weight    []T // [n], or nil: 1/n
	atTimes   *atTimes[T]
	out       []T // [losses, out width]
	losses    []T // [losses]
	cotangent []T // [n, dim], the derivative of each sample's own loss for z1
	savedBar  []T // [rows, dim] for the states at the times, or nil
	z0Bar     []T // [n, dim], ∂L/∂z0
	inputsBar []T // [n, constants], ∂L/∂inputs

	amountsBar       []T  // as the amounts
	forStops         bool // asks for ∂L/∂t of jumps and stops, [rows] of these
	jumpBar, stopBar []float64
	eventTimes       []float64 // [n, k], ∂L/∂t of the first events of each sample

	forSignals bool
	signalBars [][]float64 // [n], ∂L/∂values of each sample's signals; nil where nobody asks

	drift     []float64 // [n], of Backsolve alone
	stiff     []bool    // [n], whether the method for stiff fields was to take the next step at t1
	back      []solver.End
	backStats []solver.Stats
	partials  []partial[T] // per task
}

// portion says which leaves of a minibatch the samples of a call are, and which of them to leave out.
type portion struct {
	samples, leaves int // of the minibatch
	from, to        int // leaves
	tasks           [][2]int
	out             []bool // by sample of the call
}

// leftOut marks samples not to solve; nil for none.
func (c *call[T]) leftOut() []bool {
	if c.part == nil {
		return nil
	}
	return c.part.out
}

// weightOf is the sample's weight in the loss, by default the batch's mean; a caller's own cotangents have none. It
// multiplies what comes out of the adjoint, whose steps do not depend on it.
func (c *call[T]) weightOf(i int) T {
	switch {
	case c.labels == nil:
		return 1
	case c.weight != nil:
		return c.weight[i]
	}
	return T(1 / float64(c.n))
}

// inputsOf are the inputs of sample i.
func (c *call[T]) inputsOf(i int) []T { return row(c.inputs, i, len(c.inputs)/c.n) }

// inputsBarOf is where their derivatives are summed.
func (c *call[T]) inputsBarOf(i int) []T { return row(c.inputsBar, i, len(c.inputsBar)/c.n) }

// jumpRows is how many rows of jumps n samples have.
func (c *call[T]) jumpRows(n int) int {
	_, to := c.batch.JumpRows(n - 1)
	return to
}

// hybrid reports whether states may jump in the call, or stops are passed.
func (e *engine[T]) hybrid(c *call[T]) bool {
	return len(e.model.Events) > 0 || len(c.batch.Jumps) > 0 || c.forStops && len(c.batch.Stops) > 0
}

// row is the part of x that belongs to sample i.
func row[E any](x []E, i, width int) []E { return x[i*width : (i+1)*width] }

// resize sets up the call for n samples of its batch, keeping memory that is large enough.
func (e *engine[T]) resize(c *call[T], n int) {
	c.dim, c.n, c.precision = e.dim, n, c.batch.StopPrecision(e.spec.Precision)
	c.paging.Store(false)
	e.cut(c)
	grow(&c.z0, n*c.dim)
	grow(&c.z1, n*c.dim)
	constants := e.inputs - c.batch.Signals.Inputs()
	grow(&c.inputs, n*constants)
	grow(&c.amounts, c.jumpRows(n)*e.amountWidth)
	grow(&c.saved, c.batch.RowCount(n)*c.dim)
	grow(&c.end, n)
	grow(&c.stats, n)
	grow(&c.occupancy, c.tasks())
	if !c.gradient {
		return
	}
	grow(&c.cotangent, n*c.dim)
	grow(&c.z0Bar, n*c.dim)
	grow(&c.inputsBar, n*constants)
	c.resizeSignals()
	grow(&c.amountsBar, len(c.amounts))
	if c.forStops {
		_, stops := c.batch.StopRows(n - 1)
		c.jumpBar, c.stopBar = make([]float64, c.jumpRows(n)), make([]float64, stops)
	}
	if e.spec.Gradient == solver.Backsolve {
		grow(&c.drift, n)
	}
	grow(&c.stiff, n)
	grow(&c.back, n)
	grow(&c.backStats, n)
	for len(c.partials) < c.tasks() {
		c.partials = append(c.partials, newPartial(e))
	}
	if e.head != nil {
		e.resizeLosses(c, n)
	}
}

// resizeLosses makes room for so many losses.
func (e *engine[T]) resizeLosses(c *call[T], losses int) {
	grow(&c.out, losses*e.outWidth)
	grow(&c.losses, losses)
	for i := range c.losses {
		c.losses[i] = T(math.NaN()) // until its sample arrives
	}
}

// grow makes x n long and zero.
func grow[E any](x *[]E, n int) {
	if cap(*x) < n {
		*x = make([]E, n)
	}
	*x = (*x)[:n]
	clear(*x)
}
