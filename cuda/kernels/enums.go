package kernels

import (
	"fmt"
	"strings"

	"neuralode/solver"
)

// Failure says why a training stopped.
type Failure int64

// The failures. After one the kernels of the iterations that follow do nothing, and θ is as before the failed one.
const (
	NoFailure      Failure = iota
	ForwardFailed          // a sample failed forward
	BackwardFailed         // a sample failed backward
	NotFinite              // the loss or the gradient
	RecordFull             // a block's record was too small: enlarge it, write NoFailure to Call.progress and go on
)

// Call.progress: the next minibatch, updates done, and why and at which sample of the minibatch an iteration failed.
const (
	ProgressNext = iota
	ProgressStep
	ProgressFailure
	ProgressFailedSample
	ProgressLen
)

// A row of Call.minibatches: the first place in Call.index, the number of samples, the first place in Call.rowOffsets,
// losses of which L is the mean, or 0, and what Call.leaf and Call.perBlock are outside of a training.
const (
	minibatchFirst = iota
	minibatchSamples
	minibatchFirstOffset
	minibatchCounting
	minibatchLeaf
	minibatchPerBlock
	MinibatchLen
)

// A row of Call.totals: what the samples of a block come to; the first of them that failed forward, and backward, or
// −1.
const (
	totalLoss = iota
	totalNFE
	totalNFEMax
	totalAccepted
	totalRejected
	totalForward
	totalBackward
	TotalsLen
)

// A row of Call.reports, as solver.Iteration.
const (
	ReportLoss = iota
	ReportNorm
	ReportNFE
	ReportNFEMax
	ReportAccepted
	ReportRejected
	ReportLen
)

// Call.decision: the norm of the gradient, and the numbers of the update that follow from it and from its step.
const (
	decisionNorm = iota
	decisionClipScale
	decisionCorrectM
	decisionCorrectV
	decisionRate
	DecisionLen
)

// Call.optimizer, as solver.Optimizer.
const (
	optimizerRule = iota
	optimizerBeta1
	optimizerBeta2
	optimizerEpsilon
	optimizerClipNorm
	optimizerMomentum
	optimizerNesterov
	optimizerWeightDecay
	OptimizerLen
)

// Call.counters of the wide kernels: rows without a sample left, and the head's next sample.
const (
	CounterIdle = iota
	CounterHeadNext
	CountersLen
)

// enum is a list of numbers that Go and CUDA C share: its name in C, or what it is of.
type enum struct {
	name, of string
	values   []enumValue
}

type enumValue struct {
	name  string // in C
	value int
}

// enums are all that there are.
func enums() []enum {
	return []enum{
		{"Status", "solver.Status", []enumValue{{"OK", int(solver.OK)}, {"MAX_STEPS", int(solver.MaxSteps)},
			{"STEP_UNDERFLOW", int(solver.StepUnderflow)}, {"NON_FINITE", int(solver.NonFinite)},
			{"CANCELLED", int(solver.Cancelled)}, {"ADJOINT_DRIFTED", int(solver.AdjointDrifted)},
			{"STIFF", int(solver.Stiff)}, {"TOO_MANY_EVENTS", int(solver.TooManyEvents)}}},
		{"Gradient", "solver.Gradient", []enumValue{{"NO_GRADIENT", int(solver.NoGradient)},
			{"ADJOINT", int(solver.Adjoint)}, {"DISCRETE", int(solver.Discrete)},
			{"BACKSOLVE", int(solver.Backsolve)}}},
		{"Rule", "solver.Rule", []enumValue{{"ADAM", int(solver.Adam)}, {"ADAMW", int(solver.AdamW)},
			{"SGD", int(solver.SGD)}}},
		{"Failure", "kernels.Failure", []enumValue{{"NO_FAILURE", int(NoFailure)},
			{"FORWARD_FAILED", int(ForwardFailed)}, {"BACKWARD_FAILED", int(BackwardFailed)},
			{"NOT_FINITE", int(NotFinite)}, {"RECORD_FULL", int(RecordFull)}}},
		{"", "Call.progress", []enumValue{{"NEXT", ProgressNext}, {"STEP", ProgressStep}, {"FAILURE", ProgressFailure},
			{"FAILED_SAMPLE", ProgressFailedSample}, {"PROGRESS", ProgressLen}}},
		{"", "Call.minibatches", []enumValue{{"FIRST_SAMPLE", minibatchFirst}, {"SAMPLES", minibatchSamples},
			{"FIRST_OFFSET", minibatchFirstOffset}, {"COUNTING", minibatchCounting}, {"LEAF", minibatchLeaf},
			{"PER_BLOCK", minibatchPerBlock}, {"MINIBATCH", MinibatchLen}}},
		{"", "Call.totals", []enumValue{{"TOTAL_LOSS", totalLoss}, {"TOTAL_NFE", totalNFE},
			{"TOTAL_NFE_MAX", totalNFEMax}, {"TOTAL_ACCEPTED", totalAccepted}, {"TOTAL_REJECTED", totalRejected},
			{"TOTAL_FORWARD", totalForward}, {"TOTAL_BACKWARD", totalBackward}, {"TOTALS", TotalsLen}}},
		{"", "Call.reports", []enumValue{{"REPORT_LOSS", ReportLoss}, {"REPORT_NORM", ReportNorm},
			{"REPORT_NFE", ReportNFE}, {"REPORT_NFE_MAX", ReportNFEMax}, {"REPORT_ACCEPTED", ReportAccepted},
			{"REPORT_REJECTED", ReportRejected}, {"REPORT", ReportLen}}},
		{"", "Call.decision", []enumValue{{"NORM", decisionNorm}, {"CLIP_SCALE", decisionClipScale},
			{"CORRECT_M", decisionCorrectM}, {"CORRECT_V", decisionCorrectV}, {"RATE", decisionRate},
			{"DECISION", DecisionLen}}},
		{"", "Call.optimizer", []enumValue{{"RULE", optimizerRule}, {"BETA1", optimizerBeta1},
			{"BETA2", optimizerBeta2}, {"EPSILON", optimizerEpsilon}, {"CLIP_NORM", optimizerClipNorm},
			{"MOMENTUM", optimizerMomentum}, {"NESTEROV", optimizerNesterov}, {"WEIGHT_DECAY", optimizerWeightDecay},
			{"OPTIMIZER", OptimizerLen}}},
		{"", "Call.knots", []enumValue{{"KNOTS_TIME", knotsTime}, {"KNOTS_VALUE", knotsValue},
			{"KNOTS_COUNT", knotsCount}, {"KNOTS_LEN", KnotsLen}}},
		{"", "Call.counters", []enumValue{{"IDLE_ROWS", CounterIdle}, {"HEAD_NEXT", CounterHeadNext},
			{"COUNTERS", CountersLen}}},
	}
}

func printEnums(b *strings.Builder) {
	b.WriteString("\n")
	for _, e := range enums() {
		parts := make([]string, len(e.values))
		for i, v := range e.values {
			parts[i] = fmt.Sprintf("%s = %d", v.name, v.value)
		}
		if e.name != "" {
			e.name += " "
		}
		fmt.Fprintf(b, "enum %s{ %s }; // %s\n", e.name, strings.Join(parts, ", "), e.of)
	}
}
