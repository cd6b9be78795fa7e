package kernels_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"neuralode/cuda/kernels"
	"neuralode/cuda/kernels/emulate"
	"neuralode/solver"
	"neuralode/solver/solvertest"
)

// TestRows takes the control of the kernels through the cases that every control of rows is held to.
func TestRows(t *testing.T) {
	t.Parallel()
	solvertest.Rows(t, rowStates)
}

// replay is a kernel of one thread that takes a row through calls of seven numbers, and leaves nine after each.
const replay = `
struct RowCalls {
	long long n;
	const double *calls;
	double *states;
};

template <class Control, class Measure> void replayRow(const RowCalls &p) {
	Control row{};
	__syncthreads();
	for (long long i = 0; i < p.n; i++) {
		const double *x = p.calls + 7 * i;
		const Measure m{x[3] != 0, x[4], x[5]};
		bool probes = false;
		switch (int(x[0])) {
		case 0: row.t0 = x[1], row.t1 = x[2], row.enter(); break;
		case 1: probes = row.firstSlope(m); break;
		case 2: row.probe(m); break;
		case 3: row.limit = x[6], row.tryStep(), row.judge(m), row.settle(); break;
		case 4: row.h = x[6]; break;
		}
		const double state[9] = {row.t, row.step, row.h, double(probes), double(row.accept), double(row.tried), double(row.status),
			double(row.accepted), double(row.rejected)};
		for (int k = 0; k < 9; k++) p.states[9 * i + k] = state[k];
	}
}
`

// rowStates runs all cases in one program, the control of each spec in a namespace of its own.
func rowStates(t *testing.T, all []solvertest.RowCase) [][]solvertest.RowState {
	m := modelCases()[0].model(t)
	var source strings.Builder
	var sources, names []string
	source.WriteString(replay)
	for _, c := range all {
		text := kernels.ControlSource(m, c.Spec)
		if slices.Contains(sources, text) {
			continue
		}
		space := fmt.Sprintf("spec%d", len(sources))
		sources, names = append(sources, text), append(names, space+"::replay")
		fmt.Fprintf(&source, "namespace %s {\n%s\nvoid replay(const RowCalls *p) { replayRow<Control, Measure>(*p); }\n}\n", space, text)
	}
	exe, err := build(emulate.Program(source.String(), names), fast...)
	needCompiler(t, err)
	if err != nil {
		t.Fatal(err)
	}
	device, err := emulate.Start(exe)
	if err != nil {
		t.Fatal(err)
	}
	var states [][]solvertest.RowState
	for _, c := range all {
		states = append(states, replayed(device, names[slices.Index(sources, kernels.ControlSource(m, c.Spec))], c))
	}
	if err := device.Close(); err != nil {
		t.Fatal(err)
	}
	return states
}

// replayed takes a row on the device through the calls.
func replayed(device *emulate.Device, kernel string, c solvertest.RowCase) []solvertest.RowState {
	var calls []float64
	for _, x := range c.Calls {
		finite := 0.0
		if x.Measure.Finite {
			finite = 1
		}
		calls = append(calls, float64(x.Action), x.Span.T0, x.Span.T1, finite, x.Measure.First, x.Measure.Second,
			x.Limit+x.H)
	}
	n := len(c.Calls)
	from, to, block := device.Alloc(8*len(calls)), device.Alloc(8*9*n), device.Alloc(24)
	device.Write(from, calls)
	device.Write(block, []uint64{uint64(n), from, to})
	device.Launch(kernel, 1, 1, 0, block)
	numbers := make([]float64, 9*n)
	device.Read(to, numbers)
	states := make([]solvertest.RowState, n)
	for i := range states {
		x := numbers[9*i:]
		states[i] = solvertest.RowState{T: x[0], Step: x[1], H: x[2], Probes: x[3] != 0, Accepted: x[4] != 0,
			Tried: int(x[5]), Status: solver.Status(x[6]),
			Stats: solver.Stats{Accepted: int(x[7]), Rejected: int(x[8])}}
	}
	return states
}
