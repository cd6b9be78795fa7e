package kernels

import (
	"cmp"
	_ "embed" // the sources
	"errors"
	"fmt"
	"strings"

	"neuralode/solver"
)

var (
	//go:embed wide.cu
	wideSource string
	//go:embed wideinputs.cu
	wideInputsSource string
	//go:embed wideintegration.cu
	wideIntegrationSource string
	//go:embed wideforward.cu
	wideForwardSource string
	//go:embed wideback.cu
	wideBackSource string
	//go:embed wideadjoint.cu
	wideAdjointSource string
	//go:embed widediscrete.cu
	wideDiscreteSource string
	//go:embed widehead.cu
	wideHeadSource string
	//go:embed widefinish.cu
	wideFinishSource string
)

// WideConfig is how the wide kernels use a GPU. A sample's bits may depend on it: on the tile, by what the library
// makes of the shape, and on RowThreads, by the order of the error norm.
type WideConfig struct {
	Tile       int // rows of a matrix product
	Threads    int // of a block of the kernels that work on values: a multiple of 32
	RowThreads int // of a block of the kernels that work on a row: a power of two, at least 32
}

// DefaultWide is a configuration for an H100, not yet measured on one.
func DefaultWide() WideConfig { return WideConfig{Tile: 512, Threads: 256, RowThreads: 128} }

func (c WideConfig) check() error {
	if c.Tile < 1 || c.Threads%32 != 0 || c.Threads < 32 || c.Threads > 1024 {
		return fmt.Errorf("kernels: a tile of %d rows, blocks of %d threads: want rows, and a multiple of 32 threads up to 1024", c.Tile, c.Threads)
	}
	if t := c.RowThreads; t < 32 || t > 1024 || t&(t-1) != 0 {
		return fmt.Errorf("kernels: %d threads for a row: want a power of two from 32 to 1024", t)
	}
	return nil
}

// WideRowBytes is the size of the control state of a row.
const WideRowBytes = 224

// Wide is the source of a model's wide kernels and how to run them. Numbers of reals are counts, not bytes.
type Wide struct {
	Source string
	Tile   int

	FieldWeights, HeadWeights int // reals of Call.fieldWeights and Call.headWeights
	FieldShared, HeadShared   int // reals of Call.fieldShared and Call.headShared
	Sums                      int // reals of Call.sums
	Frame, Keep, Ready, Ones  int // reals of Call.frames and Call.ready per tile, of Call.keep per row, of Call.ones
	NormBlocks                int // numbers of Call.squares
	RecordZ, RecordK          int // reals of Call.recordZ and Call.recordK per step

	// The schedule, in the order of a training iteration. A step begins when the one before has ended.
	Prepare   []Step // after θ has changed
	Begin     []Step // once a solve
	Round     []Step // until every row is idle, or any number of times more
	Head      []Step // where there are labels: once for every Call.rows losses, counted up
	BeginBack []Step // once a gradient
	RoundBack []Step // until every row is idle, or any number of times more
	Finish    []Step // ∂L/∂θ, the totals, and in a training the decision about the iteration
	Update    []Step // in a training: Adam

	model      solver.Model
	spec       solver.Spec
	config     WideConfig
	field      *wideProgram
	head       *wideProgram
	kernelText strings.Builder // of the plans
}

// GenerateWide prints the kernels of a model for a spec, whatever its width. What is printed for a gradient also solves
// alone.
func GenerateWide(m solver.Model, spec solver.Spec, c WideConfig) (*Wide, error) {
	if err := checkWide(m, spec, c); err != nil {
		return nil, err
	}
	if spec.Gradient == solver.NoGradient {
		m.Head = nil // a solve ends before it
	}
	k := &Wide{Tile: c.Tile, model: m, spec: spec, config: c}
	k.lower()
	k.schedule()
	k.Source = k.print()
	return k, nil
}

func checkWide(m solver.Model, spec solver.Spec, c WideConfig) error {
	if err := errors.Join(solver.CheckCompile(m, spec), c.check()); err != nil {
		return err
	}
	if err := cmp.Or(Supports(spec), SupportsModel(m), supportsWide(spec)); err != nil {
		return err
	}
	err := checkTables(m.Field)
	if m.Head == nil || spec.Gradient == solver.NoGradient {
		return err
	}
	return errors.Join(err, checkTables(m.Head), checkHead(m))
}

// lower gives every value of the plans its place.
func (k *Wide) lower() {
	vjp := k.spec.Gradient != solver.NoGradient
	k.field = newWideProgram("Field", newWeights(k.model.Field), vjp, k.Tile, k.slots())
	k.FieldWeights, k.FieldShared = max(k.field.weights.length, 1), max(k.field.weights.scratchLen, 1)
	k.Sums, k.HeadWeights, k.HeadShared = k.field.weights.sumsLen, 1, 1
	k.Frame, k.Ready = k.field.frame, k.field.ready
	if k.model.Head != nil {
		k.head = newWideProgram("Head", newWeights(k.model.Head), true, k.Tile, 1)
		k.HeadWeights, k.HeadShared = max(k.head.weights.length, 1), max(k.head.weights.scratchLen, 1)
		k.Sums += k.head.weights.sumsLen
		k.Frame, k.Ready = max(k.Frame, k.head.frame), max(k.Ready, k.head.ready)
	}
	k.Ones = k.slots() * k.Tile
	k.NormBlocks = min(max(k.model.ThetaLen()/(4*wideThreads), 1), 64)
	k.RecordZ = recordZ(k.model, k.spec)
	switch k.spec.Gradient {
	case solver.Adjoint, solver.Backsolve:
		k.Keep = k.keepSlots() * k.field.keep
	case solver.Discrete:
		k.RecordK = (k.spec.Tableau().Stages() - 1) * k.model.Dim()
	}
}

// slots is how many terms of ∂L/∂θ a row adds in a round back.
func (k *Wide) slots() int {
	if k.spec.Gradient == solver.Discrete {
		return k.window()
	}
	return len(usedStages(k.spec.Tableau()))
}

// window is the number of evaluations in a round: the fewest that a step takes.
func (k *Wide) window() int { return k.spec.Tableau().Stages() - 1 }

func (k *Wide) keepSlots() int {
	n := 0
	for _, s := range sumSlots(k.spec.Tableau()) {
		n = max(n, s+1)
	}
	return n
}

func (k *Wide) print() string {
	var b strings.Builder
	printConstants(&b, k.model, k.spec, k.field.weights.sumsLen, k.Sums)
	k.printConfig(&b)
	printCall(&b)
	b.WriteString("\n" + functionsSource + "\n" + controllerSource + "\n" + controlSource + "\n" + rowSource)
	for _, p := range k.programs() {
		p.weights.printTables(&b)
		p.weights.print(&b, p.name+"Weights")
	}
	parts := []string{reportSource, stopsSource, trajectorySource, prepareSource, wideSource, signalsSource,
		wideInputsSource}
	for _, source := range parts {
		b.WriteString("\n" + source)
	}
	for _, p := range k.programs() {
		p.print(&b)
	}
	b.WriteString(k.kernelText.String())
	for _, source := range k.sources() {
		b.WriteString("\n" + source)
	}
	return b.String()
}

func (k *Wide) programs() []*wideProgram {
	if k.head == nil {
		return []*wideProgram{k.field}
	}
	return []*wideProgram{k.field, k.head}
}

func (k *Wide) printConfig(b *strings.Builder) {
	b.WriteString("\n// The rows.\n")
	integer(b, "TILE", k.Tile)
	integer(b, "THREADS", k.config.Threads)
	integer(b, "ROW_THREADS", k.config.RowThreads)
	integer(b, "WIDE_ROW_BYTES", WideRowBytes)
	integer(b, "FRAME", k.Frame)
	integer(b, "READY", k.Ready)
	integer(b, "ONES", k.Ones)
	integer(b, "KEEP_SLOTS", k.keepSlots())
	integer(b, "NORM_BLOCKS", k.NormBlocks)
}

// sources are the parts that come after the plans.
func (k *Wide) sources() []string {
	parts := []string{wideIntegrationSource, wideForwardSource}
	if k.spec.Gradient == solver.NoGradient {
		return parts
	}
	if k.model.Head != nil {
		parts = append(parts, lossesSource, wideHeadSource)
	}
	backward := []string{wideBackSource, driftSource, wideAdjointSource}
	if k.spec.Gradient == solver.Discrete {
		backward = []string{wideBackSource, wideDiscreteSource}
	}
	return append(append(parts, backward...), leavesSource, trainSource, wideFinishSource, updateSource)
}

// KernelNames lists the kernels, each with a pointer to a Call in device memory as its only parameter.
func (k *Wide) KernelNames() []string {
	var names []string
	seen := map[string]bool{}
	for _, part := range [][]Step{k.Prepare, k.Begin, k.Round, k.Head, k.BeginBack, k.RoundBack, k.Finish, k.Update} {
		for _, s := range part {
			if s.GEMM == nil && !seen[s.Kernel] {
				seen[s.Kernel] = true
				names = append(names, s.Kernel)
			}
		}
	}
	return names
}
