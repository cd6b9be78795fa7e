package kernels_test

import (
	"context"
	"errors"

	"neuralode/cuda/kernels"
	"neuralode/solver"
)

// newCall makes room for n samples with so many rows.
func (p *program) newCall(n, rows int, theta []float64) *call {
	c := &call{program: p, saved: rows}
	c.cut(n)
	real, dim := c.realBytes(), p.model.Dim()
	c.N = int64(n)
	c.room(&c.Theta, real*len(theta))
	c.device.Write(c.Theta, c.reals(theta))
	c.roomReals(map[*kernels.Address]int{&c.Z1: n * dim, &c.Saved: c.saved * dim,
		&c.Z0Bar: n * dim, &c.InputsBar: n * p.model.Inputs(), &c.Gradient: len(theta)})
	for name, bytes := range map[*kernels.Address]int{&c.Status: 4 * n, &c.Stats: 16 * n, &c.EndT: 8 * n,
		&c.EndH: 8 * n, &c.Occupancy: 16 * c.blocks, &c.BackStatus: 4 * n, &c.BackStats: 16 * n, &c.BackT: 8 * n,
		&c.BackH: 8 * n, &c.Drift: 8 * n, &c.RecordLast: 4 * n, &c.RecordUsed: 8 * c.blocks,
		&c.Totals: 8 * kernels.TotalsLen * c.leaves, &c.Decision: 8 * kernels.DecisionLen} {
		c.room(name, bytes)
	}
	c.roomForLosses(n)
	p.runner.rooms(c)
	p.runner.record(c, p.emulated.record)
	return c
}

// cut says how the samples are cut into blocks.
func (c *call) cut(n int) {
	if c.leaf = c.emulated.leaf; c.leaf == 0 {
		c.leaf = solver.LeafSize(n)
	}
	c.leaves = (n + c.leaf - 1) / c.leaf
	runs := c.emulated.runs
	if runs == 0 {
		runs = kernels.LeavesPerBlock(c.leaves)
	}
	c.depth = kernels.PartialSums(runs)
	c.blocks = (c.leaves + runs - 1) / runs
	if part := c.config.Part; part > 0 {
		c.blocks *= (c.leaf + part - 1) / part
	}
	c.blocks = max(c.blocks, (n+c.chunk-1)/c.chunk)
	c.Chunk, c.Blocks, c.Leaf = int64(c.chunk), int64(c.blocks), int64(c.leaf)
	c.PerBlock, c.Depth = int64(runs), int64(c.depth)
}

func (c *call) roomForLosses(n int) {
	c.losses = n
	c.roomReals(map[*kernels.Address]int{&c.Out: n * c.model.OutWidth(), &c.Losses: n})
}

func (c *call) roomReals(numbers map[*kernels.Address]int) {
	for name, n := range numbers {
		c.room(name, c.realBytes()*n)
	}
}

// roomForSteps makes room for so many recorded steps, of so many reals each.
func (c *call) roomForSteps(n, reals int) {
	c.room(&c.RecordT, 8*n)
	c.room(&c.RecordH, 8*n)
	c.room(&c.RecordPrevious, 4*n)
	c.room(&c.RecordZ, c.realBytes()*n*reals)
}

func (c *call) spans(spans []solver.Span) {
	var flat []float64
	for _, s := range spans {
		flat = append(flat, s.T0, s.T1)
	}
	c.SpanCount = int64(len(spans))
	c.put(&c.Spans, flat)
}

// batch copies a batch, or the data of a training.
func (c *call) batch(b solver.Batch) {
	c.spans(b.Spans)
	c.Saves = int64(len(b.Times))
	c.put(&c.SaveAt, b.Times)
	c.put(&c.Offsets, kernels.Offsets(b.Offsets))
	c.Stops = int64(len(b.Stops))
	c.put(&c.StopAt, b.Stops)
	c.put(&c.StopOffsets, kernels.Offsets(b.StopOffsets))
	c.put(&c.Z0, c.reals(b.Z0))
	c.put(&c.Inputs, c.reals(b.Inputs))
	c.FineStops = kernels.FineStops(b, c.spec.Precision)
	u := kernels.SignalsOf(b, b.Len(c.model.Dim()), c.model.Inputs())
	c.Constants, c.Signals, c.Hermite = u.Constants, u.Signals, u.Hermite
	c.put(&c.RecordingOf, u.RecordingOf)
	c.put(&c.Knots, u.Knots)
	c.put(&c.KnotAt, u.Times)
	c.put(&c.KnotValue, c.reals(u.Values))
}

func (c *call) cancel(ctx context.Context) {
	if ctx.Err() != nil {
		c.put(&c.Cancel, []int32{1})
	}
}

func (p *program) batchCall(ctx context.Context, theta []float64, b solver.Batch) *call {
	n := b.Len(p.model.Dim())
	c := p.newCall(n, b.RowCount(n), theta)
	c.batch(b)
	c.cancel(ctx)
	c.runner.prepare(c)
	p.call = c
	return c
}

func (p *program) Solve(ctx context.Context, theta []float64, b solver.Batch) (*solver.Solution, error) {
	if err := errors.Join(solver.CheckCall(p.model, p.spec, theta, b), kernels.SupportsBatch(b)); err != nil {
		return nil, err
	}
	if p.spec.Gradient != solver.NoGradient && !p.runner.solvesAlone() {
		return p.solveAlone(ctx, theta, b)
	}
	b = p.resolve(b)
	c := p.batchCall(ctx, theta, b)
	p.runner.solve(c)
	s := c.solution()
	solver.FailEmptySpans(&s, b)
	return &s, ctx.Err()
}

// resolve prepares the signals of a batch.
func (p *program) resolve(b solver.Batch) solver.Batch {
	return b.Resolve(b.Len(p.model.Dim()), p.spec.Controller.Control)
}

// solveAlone solves with kernels of their own, since those for the gradient do not end after the solve.
func (p *program) solveAlone(ctx context.Context, theta []float64, b solver.Batch) (*solver.Solution, error) {
	spec := p.spec
	spec.Gradient = solver.NoGradient
	alone, err := p.emulated.Compile(p.model, spec)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, alone.Close()) }()
	return alone.Solve(ctx, theta, b)
}

func (c *call) solution() solver.Solution {
	n, dim := int(c.N), c.model.Dim()
	s := solver.Solution{Z1: c.read(c.Z1, n*dim)}
	s.End, s.Stats = c.ends(c.Status, c.EndT, c.EndH, c.Stats)
	if c.saved > 0 {
		s.Saved = c.read(c.Saved, c.saved*dim)
	}
	occupancy := make([]int64, 2*c.blocks)
	c.device.Read(c.Occupancy, occupancy)
	for i := range c.blocks {
		s.Occupancy.Rows += occupancy[2*i]
		s.Occupancy.Busy += occupancy[2*i+1]
	}
	return s
}

func (c *call) ends(status, t, h, stats kernels.Address) ([]solver.End, []solver.Stats) {
	n := int(c.N)
	end, st := make([]solver.End, n), make([]solver.Stats, n)
	codes, counts, ts, hs := make([]int32, n), make([]int32, 4*n), make([]float64, n), make([]float64, n)
	c.device.Read(status, codes)
	c.device.Read(stats, counts)
	c.device.Read(t, ts)
	c.device.Read(h, hs)
	for i := range n {
		end[i] = solver.End{Status: solver.Status(codes[i]), T: ts[i], H: hs[i]}
		st[i] = solver.Stats{Accepted: int(counts[4*i]), Rejected: int(counts[4*i+1]), NFE: int(counts[4*i+2]),
			Jacobians: int(counts[4*i+3])}
	}
	return end, st
}

func (p *program) Differentiate(ctx context.Context, theta []float64, b solver.Batch,
	o solver.Objective) (*solver.Derivative, error) {
	if err := errors.Join(solver.CheckGradient(p.model, p.spec, theta, b, o), kernels.SupportsBatch(b),
		kernels.SupportsObjective(o)); err != nil {
		return nil, err
	}
	return p.differentiate(ctx, theta, p.resolve(b), o)
}

// differentiate is Differentiate of what was checked and resolved.
func (p *program) differentiate(ctx context.Context, theta []float64, b solver.Batch,
	o solver.Objective) (*solver.Derivative, error) {
	d, err := p.differentiateAll(ctx, theta, b, o)
	if err != nil {
		return nil, err
	}
	return d, solver.LeaveOut(d, p.spec, b, o, func(b solver.Batch, o solver.Objective) (*solver.Derivative, error) {
		return p.differentiateAll(ctx, theta, b, o)
	})
}

// differentiateAll sums over all samples, whatever they bring.
func (p *program) differentiateAll(ctx context.Context, theta []float64, b solver.Batch,
	o solver.Objective) (*solver.Derivative, error) {
	c := p.batchCall(ctx, theta, b)
	c.aim(b, o)
	c.runner.gradient(c)
	if used := c.recordNeeded(); used > p.emulated.record && kernels.Records(p.spec.Gradient) {
		c.runner.record(c, used)
		c.runner.gradient(c)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	d := c.derivative(theta, o)
	if o.ForTimes {
		return d, c.timeDerivatives(theta, d, b, o)
	}
	return d, nil
}

// aim copies the objective.
func (c *call) aim(b solver.Batch, o solver.Objective) {
	if at := kernels.SignalsBarAt(b, int(c.N)); o.ForSignals && at != nil {
		c.signalsBarAt = at
		c.put(&c.SignalsBarAt, at)
		c.put(&c.SignalsBar, make([]float64, at[len(at)-1]))
	}
	c.room(&c.Cotangent, c.realBytes()*len(b.Z0))
	if o.Labels != nil {
		n := int(c.N)
		c.Counting = int64(kernels.Counting(o, b, n))
		c.labels(b, o, n)
		return
	}
	c.device.Write(c.Cotangent, c.reals(o.Cotangent))
	if o.Saved != nil {
		c.room(&c.SavedBar, c.realBytes()*len(o.Saved))
		c.device.Write(c.SavedBar, c.reals(o.Saved))
	}
}

// labels copies the labels and weights of n samples of a batch, or of the data of a training.
func (c *call) labels(b solver.Batch, o solver.Objective, n int) {
	c.put(&c.Labels, c.reals(o.Labels))
	if !o.AtTimes {
		c.put(&c.Weight, c.reals(o.Weight))
		return
	}
	l := kernels.LossesAtTimes(o, b, n)
	c.put(&c.Weight, c.reals(l.Weight))
	c.put(&c.LossWeight, c.reals(l.LossWeight))
	c.put(&c.Share, c.reals(l.Share))
	c.put(&c.Masked, l.Masked)
	c.LossRows = int64(c.saved)
	c.device.Write(c.Cotangent, c.reals(make([]float64, int(c.N)*c.model.Dim())))
	c.room(&c.SavedBar, c.realBytes()*c.saved*c.model.Dim())
	c.roomForLosses(c.saved)
}

func (c *call) derivative(theta []float64, o solver.Objective) *solver.Derivative {
	n := int(c.N)
	d := &solver.Derivative{Solution: c.solution(), Z0: c.read(c.Z0Bar, n*c.model.Dim()),
		Theta: c.read(c.Gradient, len(theta))}
	d.Back, d.BackStats = c.ends(c.BackStatus, c.BackT, c.BackH, c.BackStats)
	if inputs := c.model.Inputs(); inputs > 0 {
		d.Inputs = kernels.ConstantsOf(c.read(c.InputsBar, n*inputs), inputs, int(c.Constants))
	}
	if at := c.signalsBarAt; at != nil {
		bar := make([]float64, at[len(at)-1])
		c.device.Read(c.SignalsBar, bar)
		d.KeepSignalBars(kernels.SignalBars(bar, at))
	}
	if c.spec.Gradient == solver.Backsolve {
		d.Drift = make([]float64, n)
		c.device.Read(c.Drift, d.Drift)
	}
	if o.Labels == nil {
		clear(d.Theta[c.model.Field.ThetaLen():])
	} else {
		d.Out, d.Losses = c.read(c.Out, c.losses*c.model.OutWidth()), c.read(c.Losses, c.losses)
	}
	return d
}

// timeDerivatives completes the derivative with those for times.
func (c *call) timeDerivatives(theta []float64, d *solver.Derivative, b solver.Batch, o solver.Objective) error {
	var saved []float64
	if o.AtTimes || o.Saved != nil {
		saved = c.read(c.SavedBar, c.saved*c.model.Dim())
	}
	return kernels.TimeDerivatives(c.model, c.spec, theta, d, b, o, c.read(c.Cotangent, len(b.Z0)), saved)
}

// recordNeeded is how many steps the busiest block took.
func (c *call) recordNeeded() int {
	used := make([]int64, c.blocks)
	c.device.Read(c.RecordUsed, used)
	most := int64(0)
	for _, u := range used {
		most = max(most, u)
	}
	return int(most)
}

// session trains on the emulated device.
type session struct {
	*program
	data  solver.Data
	opt   solver.Optimizer
	state solver.OptimizerState
}

func (p *program) Train(data solver.Data, opt solver.Optimizer, start solver.OptimizerState) (solver.Session, error) {
	if err := errors.Join(solver.CheckTraining(p.model, p.spec, data, opt, start),
		kernels.SupportsBatch(data.Batch)); err != nil {
		return nil, err
	}
	data.Batch = p.resolve(data.Batch)
	return &session{p, data, opt, start}, nil
}

// Close leaves the device to the program.
func (s *session) Close() error { return nil }

func (s *session) Accumulate(context.Context, []int, int, int) (*solver.PartialSum, error) {
	return nil, errors.ErrUnsupported
}

func (s *session) Update(*solver.PartialSum, float64) (solver.Iteration, error) {
	return solver.Iteration{}, errors.ErrUnsupported
}

func (s *session) State() (solver.OptimizerState, error) { return s.state, nil }

// Run launches all iterations before it looks at any, as a CUDA graph does.
func (s *session) Run(ctx context.Context, minibatches [][]int, rates []float64, done func(solver.Iteration)) error {
	m := kernels.MinibatchesOf(s.data, minibatches)
	c := s.newCall(m.Samples, m.Rows, s.state.Theta)
	c.runner.record(c, 16*s.record) // which is not enlarged on the way
	c.room(&c.Cotangent, c.realBytes()*m.Samples*s.model.Dim())
	c.batch(s.data.Batch)
	c.labels(s.data.Batch, s.data.Objective, s.data.Len(s.model.Dim()))
	c.put(&c.Index, m.Index)
	c.put(&c.Minibatches, m.Table)
	c.put(&c.RowOffsets, m.RowOffsets)
	c.put(&c.Progress, []int64{0, s.state.Step, 0, 0})
	c.room(&c.Reports, 8*kernels.ReportLen*len(minibatches))
	c.put(&c.Optimizer, kernels.Optimizer(s.opt))
	c.put(&c.Rates, kernels.Rates(s.opt, rates, len(minibatches)))
	if trained := kernels.Trained(s.opt, len(s.state.Theta)); trained != nil {
		c.put(&c.Trained, trained)
		c.TrainedRanges = int64(len(trained) / 2)
	}
	c.put(&c.M, c.reals(s.state.M))
	if s.opt.Rule.HasSecondMoments() {
		c.put(&c.V, c.reals(s.state.V))
	}
	for range minibatches {
		c.runner.prepare(c)
		c.runner.gradient(c)
		s.runner.update(c)
	}
	return s.report(ctx, c, minibatches, done)
}

// report passes on what the iterations left, and the failure that ended them.
func (s *session) report(ctx context.Context, c *call, minibatches [][]int, done func(solver.Iteration)) error {
	progress := make([]int64, kernels.ProgressLen)
	c.device.Read(c.Progress, progress)
	reports := make([]float64, kernels.ReportLen*len(minibatches))
	c.device.Read(c.Reports, reports)
	n := len(s.state.Theta)
	s.state = solver.OptimizerState{Theta: c.read(c.Theta, n), M: c.read(c.M, n), Step: progress[kernels.ProgressStep]}
	if s.opt.Rule.HasSecondMoments() {
		s.state.V = c.read(c.V, n)
	}
	for i := range progress[kernels.ProgressNext] {
		r := reports[kernels.ReportLen*i:]
		done(solver.Iteration{Loss: r[kernels.ReportLoss], GradientNorm: r[kernels.ReportNorm],
			NFEMean: r[kernels.ReportNFE], NFEMax: int(r[kernels.ReportNFEMax]),
			Accepted: int(r[kernels.ReportAccepted]), Rejected: int(r[kernels.ReportRejected])})
	}
	if progress[kernels.ProgressFailure] == int64(kernels.NoFailure) {
		return nil
	}
	at := int(progress[kernels.ProgressNext])
	failed := &solver.IterationError{Index: at, Sample: -1, Err: errors.New("failed")}
	if i := progress[kernels.ProgressFailedSample]; i >= 0 {
		failed.Sample = minibatches[at][i]
	} else if err := s.blame(ctx, minibatches[at]); errors.As(err, &failed) {
		failed.Index = at
	}
	return failed
}

// blame looks for the sample that made the loss or its gradient not finite, by differentiating the minibatch once more.
func (s *session) blame(ctx context.Context, minibatch []int) error {
	b, o := s.data.Minibatch(s.model, minibatch)
	d, err := s.differentiate(ctx, s.state.Theta, b, o)
	if err != nil {
		return err
	}
	if err := solver.FailedIteration(d, minibatch); err != nil {
		return err
	}
	return solver.NonFiniteIteration()
}
