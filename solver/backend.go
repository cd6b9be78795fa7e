package solver

import "context"

// Backend runs whole solves and whole training iterations on one device.
type Backend interface {
	// Device describes what the backend runs on, for people.
	Device() string

	// Arithmetic names what the bits of results depend on beside model, spec and data: the processor's family and
	// instruction set, or the kind of GPU and its compiler. Backends of one arithmetic give the same bits.
	Arithmetic() string

	// Supports is nil where the backend can do what the spec asks, whatever the model and the batch. Else it says what
	// the backend lacks and is errors.ErrUnsupported; Compile gives the same error for a spec that is right otherwise.
	Supports(Spec) error

	// Compile prepares a model for solving as spec says. It returns an error for a model, spec or precision the
	// backend cannot run: what CheckCompile reports and more. The program keeps the memory of both, which must not
	// change as long as it is used.
	Compile(Model, Spec) (Program, error)
}

// Program is a compiled model. Its methods may be called from several goroutines, one after another at a time: calls
// wait for each other. Arguments are read during the call only; results belong to the caller.
type Program interface {
	// Solve integrates the batch with parameters theta, Model.ThetaLen numbers. A sample that fails does not fail the
	// call: see Solution.Err. When ctx ends, the samples not finished have the status Cancelled and the error, beside
	// the solution, is ctx's. Wrong arguments are what CheckCall reports; what the backend lacks is
	// errors.ErrUnsupported.
	Solve(ctx context.Context, theta []float64, b Batch) (*Solution, error)

	// Differentiate integrates the batch and computes the gradient of the objective in the mode of the spec. A sample
	// that fails on the way to t1, or on the way back, contributes nothing to it, has zeros for ∂L/∂z0, and has NaN for
	// a loss where it did not come to t1: see [LeaveOut], and look at Derivative.Err before the gradient is used.
	// When ctx ends there is no derivative and the error is ctx's. Wrong arguments are what CheckGradient reports.
	Differentiate(ctx context.Context, theta []float64, b Batch, o Objective) (*Derivative, error)

	// ReadOut runs the head on states, such as a solve returns: what the model predicts and, with labels, the loss of
	// each state. A state's readings depend on nothing beside it. Wrong arguments are what CheckReadOut reports.
	ReadOut(ctx context.Context, theta []float64, s States) (*Readings, error)

	// Train opens a training session on a data set, from an optimizer state (all moments zero for a new one). The
	// session has its own memory until it is closed; the program may be used beside it. Wrong arguments are what
	// CheckTraining reports.
	Train(data Data, opt Optimizer, start OptimizerState) (Session, error)

	// Close frees what the program and its sessions hold, once what is under way has ended. Every other call of them is
	// an error after it; closing again is none.
	Close() error
}

// Session is a training under way. It is not for concurrent use.
type Session interface {
	// Run does one iteration per minibatch (indices into the data): solve, loss, gradient, update. rates has the
	// learning rate of each, as [Schedule.At] gives it; where it is nil all have the optimizer's. Run calls done after
	// each with what it cost and stops at the first that fails, leaving θ as before that iteration: the error is then
	// an *IterationError. When ctx ends before the last iteration it stops with ctx's error, between iterations or
	// within one, but for a device that has been given all of them: that looks at ctx at the beginning alone. Wrong
	// minibatches and rates are what CheckRun reports, before any work. done must not call the session or its program.
	Run(ctx context.Context, minibatches [][]int, rates []float64, done func(Iteration)) error

	// Accumulate is the part that leaves from up to to (see [LeafCount]) have in an iteration on a minibatch: of its
	// samples, from·LeafSize(n) up to to·LeafSize(n), loss and gradient are summed, with their weights in the whole.
	// Who has the parts of all leaves, by [PartialSum.Join], may Update. Samples that failed have no part in the sums
	// and are listed in it. When ctx ends the error is ctx's. Wrong arguments are what CheckAccumulate reports; a
	// backend that lacks it says errors.ErrUnsupported.
	Accumulate(ctx context.Context, minibatch []int, from, to int) (*PartialSum, error)

	// Update does with a total and a learning rate what Run does after its sums, to the bit: it clips the gradient and
	// updates what is not frozen. The total may have been computed by other sessions of the same arithmetic, model,
	// spec, data and optimizer state. Where a sample failed, or the loss or the gradient is not finite, the error is an
	// *IterationError and θ is as before. Wrong arguments are what CheckUpdate reports.
	Update(total *PartialSum, rate float64) (Iteration, error)

	// State copies out θ and the optimizer's moments. The error is the device's.
	State() (OptimizerState, error)

	// Close frees what the session holds, its goroutines among it; the program goes on. It may be called while the
	// program is used elsewhere. Every other call of the session is an error after it; closing again is none.
	Close() error
}
