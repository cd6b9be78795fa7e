// Package solver says what solving, differentiating and training an ordinary differential equation dz/dt = f(t, z; θ)
// mean here, as plain data that any backend can execute. A backend does a whole solve, or whole training iterations,
// per call.
//
// # Solving, differentiating, training
//
// This is all that a program needs which uses a backend; neuralode.ODE spares it the first steps.
//
//   - What is solved: [Model], the plans of the field, the head and the lift, and what interrupts it: each [Event],
//     [Falling], [Rising] or both, up to [DefaultEventLimit] of them; and the jumps of a [Batch].
//   - How, from [DefaultSpec] or [AccurateSpec]: [Spec] with a [Method] ([Methods], [MethodNamed]) of some [Orders],
//     a [Tableau] ([Explicit] completes a textbook's), a [Rosenbrock] for stiff fields, or [Auto], which has both; a
//     [Controller] ([DefaultController]) with its [Gains] ([AllGains], [GainsNamed]) and its [Control] ([Controls],
//     [ParseControl]), a [Gradient] ([Gradients], [ParseGradient]) and a [Precision] ([Precisions], [ParsePrecision]).
//   - Who solves it: a [Backend] compiles both into a [Program]. neuralode.Open gives one, and [Reference] is the
//     readable float64 one that every other must match.
//   - What a call takes: [Batch], initial values, or the features that a lift makes them of, with a [Span], save times,
//     stops, inputs and [Signals] with their [Interpolation] ([Interpolations], [ParseInterpolation]), and for a
//     gradient an [Objective].
//   - What the head makes of states: a program's ReadOut takes [States] ([Objective.States]) and returns [Readings].
//   - What it returns: [Solution] or [Derivative], with [End], [Status], [Stats], [Steps], [Occupancy] and each
//     [Occurrence] of an event; their Err is a [SampleError] for the first sample that failed, to which
//     [Controller.Advise] adds what the tolerances have to do with it.
//   - Training: [Data] ([Labelled]), an [Optimizer] ([DefaultOptimizer]) with its [Rule] ([Rules], [ParseRule]) and
//     what is frozen ([Range], [Ranges], [Optimizer.CheckFrozen]), and an [OptimizerState] ([NewOptimizerState]) open a
//     [Session], which tells of each [Iteration] and stops with an [IterationError]. A [Schedule] with its [Decline]
//     ([Declines], [ParseDecline]) gives it learning rates ([CheckRates]). Sessions elsewhere share its iterations by
//     way of a [PartialSum] of [Subtree] and [Failure].
//
// # Writing a backend
//
// Package solvertest is the suite that a backend passes. Its numbers are those of the float64 backend: [Integrate] of a
// [FieldFunc] gives a [Path] and each [Step], along which the gradients go back. These are the parts that backends
// share, so that they agree:
//
//   - Wrong use, before any work: [CheckCompile], [CheckCall], [CheckGradient], [CheckReadOut], [CheckTraining],
//     [CheckRun].
//   - θ in its parts, by plans: [SplitTheta]. Initial states that a lift makes: [Model.WithRoom]; where
//     there are no kernels for it, a [Lifter] ([NewLifter]) runs it.
//   - The control of one sample: [Row], told of a [Measure], over a [Segment] between stops ([Span.Segment],
//     [Batch.StopsOf]). It is made of [StartProbe], [StartStep], [ClipStep], [Segment.StageTime], [SmallestStep] and
//     [Controller.Next] with the history [Errors]; devices that cannot call it do the same. [LongestBack] is the limit
//     of a row that goes back along a forward solve.
//   - Jumps and events: [Span.DueJumps] and [Batch.AskedStopsOf]; [Watch] ([NewWatch]) is told the [Conditions] of a step
//     at [WatchPoints] and finds each [Hit]; [Model.Maps] are their plans, each a [Map]; [TransferBar] is the way back.
//   - Signals: [Batch.Resolve] makes [Courses] of them, with their [Knots], to read, and stops where they bend;
//     [Batch.StopPrecision]; [Batch.TakeSignals] for minibatches; [Derivative.KeepSignalBars].
//   - Stiff fields: what [Row.Weigh] takes in, by the [Stability] of an explicit method ([Tableau.Stability]) or the
//     Jacobian; the derivative for t in a step ([TimeFraction], [TimeWeights]); integrals along its dense output, at a
//     [GaussNode] each ([GaussNodes]).
//   - Steps that a batch keeps: a [Track] of each sample, joined by [JoinTracks].
//   - Times between steps: [Span.SaveTime], and [Polynomial] for the weights of the dense output.
//   - What a continuous adjoint is measured by: [CotangentUnit]. What backsolve checks: [Controller.Drift], up to
//     [DriftLimit].
//   - Sums over samples: [SumOverSamples] over leaves of [LeafSize], and [SumOverLeaves]. Parts of a minibatch:
//     [LeafCount], [CheckAccumulate], [CheckUpdate].
//   - Losses at several times: [Batch.Rows], [Batch.TimesOf] and [Objective.TimeWeights].
//   - Derivatives for times: [TimeDerivatives].
//   - Failed samples: [FailEmptySpans] after a solve, [LeaveOut] after a gradient.
//   - Iterations: [Data.Clone], [Data.Minibatch], [Summarize], [FailedIteration], [NonFiniteIteration]; [Optimizer.Update] of
//     float64, an [Update] ([UpdateOf]) of any precision with [Optimizer.RateOf] and [Optimizer.Trained].
package solver
