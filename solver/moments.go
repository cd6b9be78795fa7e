package solver

import "neuralode/plan"

// referenceMap is a jump, a condition or a reset of the reference backend.
type referenceMap struct {
	Map
	run *plan.Machine // its accumulators are scratch
	sum *plan.Machine // its accumulators are ∂L/∂θ
}

func newReferenceMaps(m Model) []referenceMap {
	var maps []referenceMap
	for _, q := range m.Maps() {
		r := referenceMap{Map: q}
		if q.Plan != nil {
			r.run, r.sum = plan.NewMachine(q.Plan), plan.NewMachine(q.Plan)
		}
		maps = append(maps, r)
	}
	return maps
}

func (m *referenceMap) setTheta(theta []float64) {
	if m.Plan != nil {
		own := m.Gather(theta)
		m.run.SetTheta(own)
		m.sum.SetTheta(own)
	}
}

// addTheta adds ∂L/∂θ.
func (m *referenceMap) addTheta(theta []float64) {
	if m.Plan == nil {
		return
	}
	own := make([]float64, m.Plan.ThetaLen())
	m.sum.ThetaGrad(own)
	for _, r := range m.At {
		addTo(theta[r.From:r.To], own[:r.To-r.From]...)
		own = own[r.To-r.From:]
	}
}

// groupMoments are the maps for a group, which is one sample.
type groupMoments struct {
	*reference
	*group
}

func (r *reference) conditionMap(event int) *referenceMap { return &r.maps[1+2*event] }
func (r *reference) resetMap(event int) *referenceMap     { return &r.maps[2+2*event] }

// at are the inputs of a map.
func (g *group) moment(t float64, z, amount []float64) map[string][]float64 {
	return map[string][]float64{"t": {t}, "z": z, "inputs": g.inputsAt(t), "amount": amount}
}

// amountOf is that of a jump.
func (y groupMoments) amountOf(jump int) []float64 {
	return row(y.amounts, jump, y.model.AmountWidth())
}

func (y groupMoments) jump(row int, t float64, z []float64) []float64 {
	if m := &y.maps[0]; m.Plan != nil {
		m.run.Forward(1, y.moment(t, z, y.amountOf(row)))
		return m.run.Output("r")
	}
	after := make([]float64, len(z))
	addTo(after, z...)
	addTo(after, y.amountOf(row)...)
	return after
}

func (y groupMoments) reset(event int, t float64, z []float64) []float64 {
	m := y.resetMap(event)
	m.run.Forward(1, y.moment(t, z, nil))
	return m.run.Output("r")
}

func (y groupMoments) condition(event int, t float64, z []float64) float64 {
	m := y.conditionMap(event)
	m.run.Forward(1, y.moment(t, z, nil))
	return m.run.Output("g")[0]
}

func (y groupMoments) slope(event int, t float64, z, f []float64) float64 {
	y.condition(event, t, z)
	m := y.conditionMap(event)
	m.run.VJP(map[string][]float64{"g": {1}})
	slope := y.timeBar(m.run, t)
	for c, v := range m.run.InputGrad("z") {
		slope += v * f[c]
	}
	return slope
}

// timeBar is the derivative for t of the last VJP, that of signals included, which change in time.
func (g *group) timeBar(m *plan.Machine, t float64) float64 {
	sum := 0.0
	if bar := m.InputGrad("t"); bar != nil {
		sum = bar[0]
	}
	if bar := m.InputGrad("inputs"); bar != nil && g.signals != nil {
		c := g.signals[0]
		u := make([]float64, c.courses.Inputs())
		c.courses.Slope(c.recording, t, c.near, u)
		for k, v := range u {
			sum += bar[len(g.inputs)+k] * v
		}
	}
	return sum
}

// resetBar takes λ back through the jump or the reset of a crossing; it returns ∂r/∂zᵀλ and ⟨λ, ∂r/∂t⟩.
func (y groupMoments) resetBar(c *crossing, lambda, weight []float64) (bar []float64, time float64) {
	m, amount, amountBar := &y.maps[0], []float64(nil), []float64(nil)
	switch {
	case c.jump >= 0:
		amount, amountBar = y.amountOf(c.jump), row(y.amountBars, c.jump, y.model.AmountWidth())
	default:
		m = y.resetMap(c.event)
	}
	weighted := make([]float64, len(lambda))
	for i, w := range weight {
		weighted[i] = w * lambda[i]
	}
	if m.Plan == nil {
		addTo(amountBar, weighted[:len(amountBar)]...)
		return lambda, 0
	}
	at := y.moment(c.t, c.before, amount)
	m.sum.Forward(1, at)
	m.sum.VJP(map[string][]float64{"r": weighted})
	y.addMomentInputs(c.t, m.sum)
	addTo(amountBar, m.sum.InputGrad("amount")...)
	m.run.Forward(1, at)
	m.run.VJP(map[string][]float64{"r": lambda})
	bar = make([]float64, len(lambda))
	addTo(bar, m.run.InputGrad("z")...)
	return bar, y.timeBar(m.run, c.t)
}

// conditionBar adds to a λ before an event what goes through its time, whose derivative is given, where the field is f.
func (y groupMoments) conditionBar(c *crossing, reset, f []float64, time float64, weight []float64) []float64 {
	mu := -time / y.slope(c.event, c.t, c.before, f)
	m := y.conditionMap(c.event)
	bar := make([]float64, len(reset))
	addTo(bar, reset...)
	addScaled(bar[:len(m.run.InputGrad("z"))], mu, m.run.InputGrad("z"))
	m.sum.Forward(1, y.moment(c.t, c.before, nil))
	m.sum.VJP(map[string][]float64{"g": {weight[0] * mu}})
	y.addMomentInputs(c.t, m.sum)
	return bar
}

// addMomentInputs adds the derivatives of the last VJP for the inputs at a time.
func (g *group) addMomentInputs(t float64, m *plan.Machine) {
	if bar := m.InputGrad("inputs"); bar != nil {
		g.addInputs(t, bar)
	}
}
