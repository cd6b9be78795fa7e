package train

import (
	"runtime"

	"neuralode/memory"
	"neuralode/solver"
)

// What a training takes, measured on the CPU backend in its most hungry mode: enough to tell what cannot be from what
// can.
const (
	bytesPerSample    = 200 // beside its numbers: how it ended, what it cost, its place in the order
	bytesPerParameter = 100 // θ, moments, gradient, and θ as kernels want it
	stepNumbers       = 60  // per unit of a layer, of a row that takes part in one step for all
	keptNumbers       = 120 // per component of a sample that a worker is at: twenty steps, for the way back
)

// CheckTraining is a *memory.Error where there is no room for the model to be trained on so many samples, in
// minibatches of that size.
func (m *Model) CheckTraining(spec solver.Spec, samples, batch int) error {
	dim, labels := float64(m.Net.Dim()), float64(max(m.Outputs, 1))
	n, rows, width := float64(samples), float64(min(batch, samples)), numberBytes(spec)
	parameters, leaf := float64(m.parameters()), float64(solver.LeafSize(int(rows)))
	bytes := n * (8*(2*float64(m.Features())+labels) + (8+width)*(dim+labels) + bytesPerSample)
	bytes += rows * (6*width*dim + bytesPerSample)
	bytes += min(rows, leaf*float64(runtime.GOMAXPROCS(0))) * keptNumbers * width * dim
	bytes += parameters * (bytesPerParameter + width*rows/leaf)
	if spec.Controller.Control == solver.ControlBatch {
		bytes += n * m.stepBytes(spec) // all samples share a step when the model is evaluated
	}
	return memory.Check(bytes, "train: %d samples of %d components, %d parameters and batch %d", samples, m.Net.Dim(),
		int(parameters), batch)
}

// stepBytes is what a sample takes while it shares its step with all others.
func (m *Model) stepBytes(spec solver.Spec) float64 {
	units := 0
	for _, s := range m.Net.Sizes {
		units += s
	}
	return float64(units) * stepNumbers * numberBytes(spec)
}

func numberBytes(spec solver.Spec) float64 {
	if spec.Precision == solver.Float64 {
		return 8
	}
	return 4
}

// checkMadeTraining is CheckTraining for a made data set, before it is made.
func (c Config) checkMadeTraining() error {
	m, err := c.madeModel()
	if err != nil {
		return err
	}
	spec, err := c.Spec()
	if err != nil {
		return err
	}
	return m.CheckTraining(spec, c.madeSamples(), c.Batch)
}

// headNumbers are those per output of a sample that is read out: output, label, and what the loss makes of them.
const headNumbers = 6

// solveBytes is about how much memory a block takes while it is solved.
const solveBytes = 256 << 20

// block is how many of the samples, kept at so many times, are solved at once, in about so many bytes; a *memory.Error
// where there are less.
func (m *Model) block(spec solver.Spec, samples, times int, bytes float64) (int, error) {
	numbers := float64(m.Net.Dim())*float64(times+4) + headNumbers*float64(m.Outputs)
	perSample := numbers*(8+numberBytes(spec)) + bytesPerSample
	n := min(samples, max(1, int(bytes/perSample)))
	if spec.Controller.Control == solver.ControlBatch {
		// the samples of a block would take other steps than all together
		n, perSample = samples, perSample+m.stepBytes(spec)
	}
	return n, memory.Check(float64(n)*perSample, "train: %d samples of %d components at %d times", n, m.Net.Dim(),
		max(1, times))
}
