package kernels

import (
	_ "embed" // the sources
	"fmt"
	"strings"

	"neuralode/solver"
)

var (
	//go:embed functions.cu
	functionsSource string
	//go:embed row.cu
	rowSource string
	//go:embed rows.cu
	rowsSource string
	//go:embed controller.cu
	controllerSource string
	//go:embed control.cu
	controlSource string
	//go:embed report.cu
	reportSource string
	//go:embed stops.cu
	stopsSource string
	//go:embed signals.cu
	signalsSource string
	//go:embed inputs.cu
	inputsSource string
	//go:embed rosenbrock.cu
	rosenbrockSource string
	//go:embed tile.cu
	tileSource string
	//go:embed forward.cu
	forwardSource string
	//go:embed losses.cu
	lossesSource string
	//go:embed leaves.cu
	leavesSource string
	//go:embed head.cu
	headSource string
	//go:embed drift.cu
	driftSource string
	//go:embed trajectory.cu
	trajectorySource string
	//go:embed adjoint.cu
	adjointSource string
	//go:embed discrete.cu
	discreteSource string
	//go:embed train.cu
	trainSource string
	//go:embed finish.cu
	finishSource string
	//go:embed update.cu
	updateSource string
	//go:embed prepare.cu
	prepareSource string
	//go:embed kernels.cu
	kernelsSource string
	//go:embed solve.cu
	solveSource string
	//go:embed differentiate.cu
	differentiateSource string
)

// CompileOptions are the NVRTC options that the kernels need beside the architecture. Multiply-adds are written out, so
// that a sample's bits do not depend on how the compiler pairs operations.
// The two diagnostics are about constants and loops that a model does not need.
var CompileOptions = []string{"--std=c++17", "--fmad=false", "--device-as-default-execution-space",
	"--diag-suppress=128,177"}

// Fused is the source of a model's kernels and what launching them takes. Numbers of reals are counts, not bytes.
type Fused struct {
	Source string

	Rows, Threads int // of prepare, share, solve, differentiate and reduce
	WideThreads   int // of finish and update
	Shared        int // bytes of dynamic shared memory of solve and differentiate

	FieldWeights, HeadWeights int  // reals of Call.fieldWeights and Call.headWeights
	FieldShared, HeadShared   int  // reals of Call.fieldShared and Call.headShared
	Sums                      int  // reals of Call.sums
	RecordZ                   int  // reals of Call.recordZ per step
	NeedsShare                bool // share must run before prepare

	model                     solver.Model
	spec                      solver.Spec
	config                    Config
	field, head               *weights
	programs                  []*program
	weightsOnChip, sumsOnChip bool
}

// KernelNames lists the kernels, each with a pointer to a Call in device memory as its only parameter. Without a
// gradient they are share, prepare and solve, in this order for a solve. With one they are share, prepare,
// differentiate, reduce and finish, in this order for a gradient, and update, which a training launches after them; to
// solve alone, print the model for a spec without gradient.
//
// share is needed only where NeedsShare says so. It and finish run as one block, solve and differentiate as
// Call.blocks, the others as any number of blocks.
func (k *Fused) KernelNames() []string {
	if k.spec.Gradient == solver.NoGradient {
		return []string{"share", "prepare", "solve"}
	}
	return []string{"share", "prepare", "differentiate", "reduce", "finish", "update"}
}

// GenerateFused prints the kernels of a model for a spec. Save times are no part of the source. It returns an error
// that wraps ErrWide when the plans do not fit into a block.
func GenerateFused(m solver.Model, spec solver.Spec, c Config) (*Fused, error) {
	if err := check(m, spec, c); err != nil {
		return nil, err
	}
	if spec.Gradient == solver.NoGradient {
		m.Head = nil // a solve ends before it
	}
	k := &Fused{Rows: c.Rows, Threads: c.Threads, WideThreads: wideThreads, model: m, spec: spec, config: c}
	k.lower()
	if err := k.fit(); err != nil {
		return nil, err
	}
	var b strings.Builder
	printConstants(&b, m, spec, k.field.sumsLen, k.Sums)
	k.printConfig(&b)
	printCall(&b)
	b.WriteString("\n" + functionsSource + "\n" + controllerSource + "\n" + controlSource + "\n" + rowSource + "\n" +
		rowsSource)
	k.printPlans(&b)
	for _, source := range k.sources() {
		b.WriteString("\n" + source)
	}
	k.Source = b.String()
	return k, nil
}

// sources are the parts that the spec needs.
func (k *Fused) sources() []string {
	parts := []string{reportSource, stopsSource, signalsSource, inputsSource, trajectorySource}
	if k.spec.Rosenbrock() != nil {
		parts = append(parts, rosenbrockSource)
	}
	parts = append(parts, tileSource, forwardSource, prepareSource, kernelsSource)
	if k.spec.Gradient == solver.NoGradient {
		return append(parts, solveSource)
	}
	if k.model.Head != nil {
		parts = append(parts, lossesSource, headSource)
	}
	backward := []string{driftSource, adjointSource}
	if k.spec.Gradient == solver.Discrete {
		backward = []string{discreteSource}
	}
	return append(append(parts, backward...), leavesSource, trainSource, finishSource, updateSource,
		differentiateSource)
}

// lower gives every value of the plans its place.
func (k *Fused) lower() {
	k.field = newWeights(k.model.Field)
	k.FieldWeights, k.FieldShared, k.Sums = max(k.field.length, 1), max(k.field.scratchLen, 1), k.field.sumsLen
	k.NeedsShare, k.RecordZ = len(k.model.Field.SharedCode) > 0, recordZ(k.model, k.spec)
	k.programs = []*program{newProgram("Field", k.field, false, nil, nil)}
	switch {
	case k.spec.Rosenbrock() != nil: // the field with its products there and back, of which nothing is kept
		k.programs = []*program{newProgram("FieldVJP", k.field, true, keptForSteps(k.model.Field), nil)}
	case k.spec.Gradient == solver.Adjoint, k.spec.Gradient == solver.Backsolve:
		k.programs = append(k.programs, newProgram("FieldVJP", k.field, true, keptForSteps(k.model.Field),
			sumSlots(k.spec.Tableau())))
	case k.spec.Gradient == solver.Discrete:
		k.programs = append(k.programs, newProgram("FieldVJP", k.field, true, keptForVJP(k.model.Field),
			everyStage(k.spec.Tableau())))
	}
	k.HeadWeights, k.HeadShared = 1, 1
	if k.model.Head != nil {
		k.head = newWeights(k.model.Head)
		k.HeadWeights, k.HeadShared = max(k.head.length, 1), max(k.head.scratchLen, 1)
		k.Sums += k.head.sumsLen
		k.NeedsShare = k.NeedsShare || len(k.model.Head.SharedCode) > 0
		k.programs = append(k.programs, newProgram("Head", k.head, true, nil, nil))
	}
	for _, p := range k.programs {
		if p.weights == k.field {
			p.chooseColumns(k.config, k.realBytes())
		}
	}
}

// printPlans prints the plans as device functions.
func (k *Fused) printPlans(b *strings.Builder) {
	for _, w := range []*weights{k.field, k.head} {
		if w != nil {
			w.printTables(b)
		}
	}
	k.field.print(b, "FieldWeights")
	if k.head != nil {
		k.head.print(b, "HeadWeights")
	}
	for _, p := range k.programs {
		p.print(b)
	}
}

// realBytes is the size of a number of the state.
func (k *Fused) realBytes() int {
	if k.spec.Precision == solver.Float64 {
		return 8
	}
	return 4
}

// controlBytes is more than the control of a row and of a tile take.
const (
	controlBytes = 192
	tileBytes    = 1024
)

// fit decides what lies in shared memory, the rows' frames first, and how much a block takes of it.
func (k *Fused) fit() error {
	k.Shared = k.rowBytes()
	weights := k.field.length
	if k.spec.Gradient == solver.NoGradient && k.spec.Rosenbrock() == nil {
		weights = k.field.forward
	}
	k.weightsOnChip = k.reserve(weights)
	k.sumsOnChip = k.spec.Gradient != solver.NoGradient && k.reserve(k.field.sumsLen)
	if k.Shared > k.config.Shared {
		return fmt.Errorf("%w: %d rows take %d bytes of shared memory, a block has %d", ErrWide, k.config.Rows,
			k.Shared, k.config.Shared)
	}
	return nil
}

// rowBytes is what the rows take in the largest of the phases that a block goes through.
func (k *Fused) rowBytes() int {
	stages, dim, most := tableauOf(k.spec).Stages(), k.model.Dim(), 0
	for i, p := range k.programs {
		numbers := p.rowLen() + stages
		if i == 0 || k.spec.Gradient == solver.Adjoint {
			numbers += dim * (stages + 2) // state, slopes, error
		} else {
			numbers += 2 * dim * (stages + 2)                   // the same of state and adjoint
			numbers = max(numbers, p.rowLen()+dim*(3*stages+1)) // slopes, products and cotangents of the stages
		}
		if k.spec.Rosenbrock() != nil {
			numbers += 2 * dim * (dim + 1) // Jacobian, factors, exchanges of rows, derivative for t
		}
		most = max(most, tileBytes+k.config.Rows*(controlBytes+k.realBytes()*numbers))
	}
	return most
}

// reserve puts n numbers into shared memory if there is room, and reports whether there was.
func (k *Fused) reserve(n int) bool {
	bytes := k.realBytes() * (n + 2*vector)
	if k.Shared+bytes > k.config.Shared {
		return false
	}
	k.Shared += bytes
	return true
}
