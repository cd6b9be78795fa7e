package kernels

import (
	"fmt"
	"strings"

	"neuralode/solver"
)

// printConstants prints the type of the state and everything about model and spec that is a number; fieldSums of the
// sums are the field's.
func printConstants(b *strings.Builder, m solver.Model, spec solver.Spec, fieldSums, sums int) {
	real, function := "float", "name##f"
	if spec.Precision == solver.Float64 {
		real, function = "double", "name"
	}
	b.WriteString(preamble)
	fmt.Fprintf(b, "typedef %s real;\n#define MATH(name) %s\n", real, function)
	printEnums(b)
	fmt.Fprintf(b, "\nconstexpr Gradient GRADIENT = Gradient(%d);\n", spec.Gradient)
	fmt.Fprintf(b, "#define RECORDS %d\n", btoi(Records(spec.Gradient)))
	fmt.Fprintf(b, "#define APPROXIMATE %d\n#define HAS_HEAD %d\n\n", btoi(spec.Precision == solver.TF32),
		btoi(m.Head != nil))
	integer(b, "WIDE_THREADS", wideThreads)
	integer(b, "DIM", m.Dim())
	integer(b, "INPUTS", m.Inputs())
	integer(b, "OUT_WIDTH", max(m.OutWidth(), 1))
	integer(b, "LABEL_WIDTH", max(m.LabelWidth(), 1))
	integer(b, "FIELD_THETA", m.Field.ThetaLen())
	integer(b, "THETA", m.ThetaLen())
	integer(b, "FIELD_SUMS", fieldSums)
	integer(b, "HEAD_SUMS", sums-fieldSums)
	integer(b, "RECORD_Z", recordZ(m, spec))
	printController(b, spec.Controller)
	printTableau(b, tableauOf(spec))
	printRosenbrock(b, spec)
}

func integer(b *strings.Builder, name string, v int) {
	fmt.Fprintf(b, "constexpr int %s = %d;\n", name, v)
}

// printConfig prints how the fused kernels use a block.
func (k *Fused) printConfig(b *strings.Builder) {
	b.WriteString("\n// The block.\n")
	integer(b, "ROWS", k.config.Rows)
	integer(b, "THREADS", k.config.Threads)
	integer(b, "PART", k.config.Part)
	integer(b, "SHARED_BYTES", k.Shared)
	fmt.Fprintf(b, "constexpr bool WEIGHTS_ON_CHIP = %t, SUMS_ON_CHIP = %t;\n", k.weightsOnChip, k.sumsOnChip)
}

const preamble = `#ifndef CUDA_EMULATION
#define INFINITY __longlong_as_double(0x7ff0000000000000LL)
#define NAN __longlong_as_double(0x7ff8000000000000LL)
#define DYNAMIC_SHARED(name) extern __shared__ __align__(16) unsigned char name[]
#endif
`

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func printController(b *strings.Builder, c solver.Controller) {
	b.WriteString("\n// The controller.\n")
	for _, v := range []struct {
		name  string
		value float64
	}{
		{"RTOL", c.Rtol}, {"ATOL", c.Atol}, {"GAIN_P", c.P}, {"GAIN_I", c.I}, {"GAIN_D", c.D}, {"SAFETY", c.Safety},
		{"MIN_FACTOR", c.MinFactor}, {"MAX_FACTOR", c.MaxFactor}, {"FIRST_STEP", c.FirstStep},
		{"CONSTANT_STEP", c.Step}, {"MIN_STEP", c.MinStep}, {"MAX_STEP", c.MaxStep},
	} {
		fmt.Fprintf(b, "constexpr double %s = %s;\n", v.name, double(v.value))
	}
	printTolerances(b, c)
	fmt.Fprintf(b, "constexpr double DRIFT_LIMIT = %s;\n", double(solver.DriftLimit))
	fmt.Fprintf(b, "constexpr int MAX_STEPS_TRIED = %d;\n", c.MaxSteps)
}

// printTolerances prints those of the components of z; ATOL and RTOL where they have none of their own.
func printTolerances(b *strings.Builder, c solver.Controller) {
	for _, t := range []struct {
		name, function string
		of             []float64
	}{{"ATOL", "atolOf", c.Atols}, {"RTOL", "rtolOf", c.Rtols}} {
		if len(t.of) == 0 {
			fmt.Fprintf(b, "__device__ inline double %s(int) { return %s; }\n", t.function, t.name)
			continue
		}
		fmt.Fprintf(b, "__constant__ double %sS[] = {%s};\n", t.name, numbers(t.of, 0))
		fmt.Fprintf(b, "__device__ inline double %s(int c) { return %sS[c]; }\n", t.function, t.name)
	}
}

// printTableau prints the method. Rows of A are filled up with zeros.
func printTableau(b *strings.Builder, t *solver.Tableau) {
	degree := degree(t)
	used, slots := usedStages(t), sumSlots(t)
	fmt.Fprintf(b, "\n// The method: %s (%s).\n", t.Name, t.Source)
	fmt.Fprintf(b, "constexpr int STAGES = %d, DEGREE = %d, USED = %d;\nconstexpr double ORDER = %d;\n", t.Stages(),
		degree, len(used), t.ErrorOrder+1)
	fmt.Fprintf(b, "__constant__ double A[STAGES][STAGES] = {%s};\n", rows(t.A, t.Stages()))
	fmt.Fprintf(b, "__constant__ double B[STAGES] = {%s}, C[STAGES] = {%s}, E[STAGES] = {%s};\n", numbers(t.B, 0),
		numbers(t.C, 0), numbers(t.E, 0))
	fmt.Fprintf(b, "__constant__ double DENSE[STAGES][DEGREE] = {%s};\n", rows(t.Dense, degree))
	at := make([]int, len(used))
	for i, stage := range used {
		at[i] = slots[stage]
	}
	fmt.Fprintf(b, "__constant__ int USED_STAGE[USED] = {%s}, USED_SLOT[USED] = {%s}, EVERY_SLOT[STAGES] = {%s};\n",
		list(used), list(at), list(everyStage(t)))
	fmt.Fprintf(b, "__constant__ int SUM_SLOT[STAGES] = {%s}; // where what is kept of a stage lies\n", list(slots))
}

// degree is that of the dense output.
func degree(t *solver.Tableau) int {
	n := 1
	for _, p := range t.Dense {
		n = max(n, len(p))
	}
	return n
}

// Records reports whether a gradient needs a record of the accepted steps: of each its time and size, for the discrete
// gradient the state before it, for the adjoint the polynomial of its dense output.
func Records(g solver.Gradient) bool { return g == solver.Adjoint || g == solver.Discrete }

// recordZ is how many reals of Call.recordZ a step takes.
func recordZ(m solver.Model, spec solver.Spec) int {
	switch spec.Gradient {
	case solver.Adjoint:
		return (degree(tableauOf(spec)) + 1) * m.Dim()
	case solver.Discrete:
		return m.Dim()
	}
	return 0
}

// usedStages are those with a weight in the result.
func usedStages(t *solver.Tableau) []int {
	var used []int
	for i, b := range t.B {
		if b != 0 {
			used = append(used, i)
		}
	}
	return used
}

// sumSlots gives each stage with a weight in the result, the first and the last a slot of its own; the others, of which
// nothing is needed later, use that of the last, which is evaluated after them.
func sumSlots(t *solver.Tableau) []int {
	slots, n := make([]int, t.Stages()), 0
	for i := range slots {
		slots[i] = -1
		if i == 0 || i == t.Stages()-1 || t.B[i] != 0 {
			slots[i] = n
			n++
		}
	}
	for i := range slots {
		if slots[i] < 0 {
			slots[i] = n - 1
		}
	}
	return slots
}

func everyStage(t *solver.Tableau) []int {
	slots := make([]int, t.Stages())
	for i := range slots {
		slots[i] = i
	}
	return slots
}

func rows(x [][]float64, width int) string {
	parts := make([]string, len(x))
	for i, r := range x {
		parts[i] = "{" + numbers(r, width) + "}"
	}
	return strings.Join(parts, ",\n\t")
}

// numbers prints a row, filled up with zeros to the width.
func numbers(x []float64, width int) string {
	parts := make([]string, max(len(x), width))
	for i := range parts {
		parts[i] = "0.0"
		if i < len(x) {
			parts[i] = double(x[i])
		}
	}
	return strings.Join(parts, ", ")
}
