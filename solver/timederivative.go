package solver

// TimeDerivatives completes a derivative with those for t0, t1 and the save times, from the derivatives for the states
// there: with z(t; t0, z0) the flow of f,
//
//	∂L/∂t1 = ⟨∂L/∂z(t1), f(t1, z1)⟩,  ∂L/∂t_k = ⟨∂L/∂z(t_k), f(t_k, z(t_k))⟩,  ∂L/∂t0 = −⟨∂L/∂z0, f(t0, z0)⟩
//
// (Chen et al. 2018, "Neural Ordinary Differential Equations", appendix B), since ∂z/∂t0 = −∂z/∂z0·f(t0, z0). They are
// those of the flow in every mode, also in that of [Discrete]: what a span does to the steps of a solve, which are
// accepted or not, has no derivative. A save time at an end of its span is a time of its own. At a stop f is that
// before it, at t0 that after it, a neighbour of the precision p.
// Where a terminal event ended a sample, nothing depends on t1 and the times after it.
//
// It is for backends: cotangent, [samples, dim], and saved, [rows, dim] or nil, are ∂L/∂z(t1) and ∂L/∂z(t_k) with all
// weights; slopes gives f at states z, [n, dim], at times t with the inputs of each. It costs one evaluation of f for
// each t0, t1 and t_k. What fails is left out by [LeaveOut], to be called after it. Errors are those of slopes.
func TimeDerivatives(d *Derivative, b Batch, cotangent, saved []float64, p Precision,
	slopes func(z, t, inputs []float64) ([]float64, error)) error {
	n, p := len(d.End), b.StopPrecision(p)
	dim, width := len(b.Z0)/n, len(b.Inputs)/n
	var z, t, bar, inputs []float64
	look := func(i int, at float64, state, cotangent []float64) {
		z, t, bar = append(z, state...), append(t, at), append(bar, cotangent...)
		inputs = b.appendInputs(inputs, row(b.Inputs, i, width), i, at)
	}
	for i := range n {
		span, stops := b.Span(i), b.StopsOf(i)
		before := func(t float64) float64 { return Span{t, span.T0}.Segment(t, stops, p).Within.T0 }
		look(i, span.Segment(span.T0, stops, p).Within.T0, row(b.Z0, i, dim), row(d.Z0, i, dim))
		look(i, before(d.End[i].T), row(d.Z1, i, dim), row(cotangent, i, dim))
		from, _ := b.Rows(i)
		for k, time := range b.TimesOf(i) {
			if saved != nil && d.End[i].reached(span, span.SaveTime(time)) {
				look(i, before(span.SaveTime(time)), row(d.Saved, from+k, dim), row(saved, from+k, dim))
			}
		}
	}
	f, err := slopes(z, t, inputs)
	if err != nil {
		return err
	}
	product := func() (sum float64) { // of the next state
		for c := range dim {
			sum += bar[c] * f[c]
		}
		bar, f = bar[dim:], f[dim:]
		return sum
	}
	d.Spans, d.Times = make([]Span, n), make([]float64, b.RowCount(n))
	for i := range n {
		d.Spans[i].T0, d.Spans[i].T1 = -product(), product()
		if span := b.Span(i); d.End[i].T != span.T1 {
			d.Spans[i].T1 = 0
		}
		from, _ := b.Rows(i)
		for k, time := range b.TimesOf(i) {
			if span := b.Span(i); saved != nil && d.End[i].reached(span, span.SaveTime(time)) {
				d.Times[from+k] = product()
			}
		}
	}
	return nil
}
