package solver

// reader reads the signals of a sample.
type reader struct {
	courses   *Courses
	recording int
	near      []int
	bar       []float64 // ∂L/∂values; nil where nobody asks
}

// readers are those of the group's samples; nil without signals.
func (g *group) readers(b Batch) []reader {
	if b.courses == nil {
		return nil
	}
	readers := make([]reader, g.n)
	for i := range readers {
		readers[i] = reader{courses: b.courses, recording: b.Recording(g.first + i), near: make([]int, b.courses.Width)}
	}
	return readers
}

// newSignalBars is room for ∂L/∂values of each of n samples.
func (b Batch) newSignalBars(n int) [][]float64 {
	if b.courses == nil {
		return nil
	}
	bars := make([][]float64, n)
	for i := range bars {
		bars[i] = make([]float64, b.courses.Len(b.Recording(i)))
	}
	return bars
}

// keepSignalBars gives the group's samples their place among those of the batch, where there are any.
func (g *group) keepSignalBars(bars [][]float64) {
	for i := range g.signals {
		if bars != nil {
			g.signals[i].bar = bars[g.first+i]
		}
	}
}

// inputsAt are the field's inputs at time t: of each sample its constants, and then its signals.
func (g *group) inputsAt(t float64) []float64 {
	if g.signals == nil {
		return g.inputs
	}
	var inputs []float64
	constants := len(g.inputs) / g.n
	for i, c := range g.signals {
		u := make([]float64, c.courses.Inputs())
		c.courses.Read(c.recording, t, c.near, u)
		inputs = append(append(inputs, row(g.inputs, i, constants)...), u...)
	}
	return inputs
}

// addInputs adds derivatives for the field's inputs at time t to those for the constants and the signals.
func (g *group) addInputs(t float64, bar []float64) {
	constants, width := len(g.inputs)/g.n, len(bar)/g.n
	for i := range g.n {
		of := row(bar, i, width)
		addTo(row(g.bar, i, constants), of[:constants]...)
		if g.signals != nil && g.signals[i].bar != nil {
			c := g.signals[i]
			c.courses.Add(c.recording, t, c.near, of[constants:], c.bar)
		}
	}
}
