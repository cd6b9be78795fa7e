// The kernel of a solve without gradient.

// Steps with Jacobians take the weights of the way back too.
constexpr int SOLVE_WEIGHTS = ROSENBROCK ? FieldWeights::LENGTH : FieldWeights::FORWARD;

struct SolveMemory {
	ForwardPass::Memory tile;
	alignas(16) real w[WEIGHTS_ON_CHIP ? SOLVE_WEIGHTS : 1];
};
static_assert(sizeof(SolveMemory) <= SHARED_BYTES, "the block needs more shared memory than the printer thought");

// solve integrates the batch.
extern "C" __global__ void __launch_bounds__(THREADS, 1) solve(const Call *p) {
	DYNAMIC_SHARED(memory);
	SolveMemory &m = *reinterpret_cast<SolveMemory *>(memory);
	const Call &call = *p;
	const Batch batch = batchOf(call);
	int from, to;
	samplesOf(call, batch, from, to);
	if (threadIdx.x == 0) clearReport(call);
	if (WEIGHTS_ON_CHIP) copyAll(m.w, call.fieldWeights, SOLVE_WEIGHTS);
	__syncthreads();
	solveForward(call, batch, m.tile, WEIGHTS_ON_CHIP ? m.w : call.fieldWeights, false, from, to);
}
