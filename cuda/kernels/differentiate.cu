// The kernels of a gradient and of a training iteration.

struct GradientMemory {
	union {
		ForwardPass::Memory forward;
#if HAS_HEAD
		HeadMemory head;
#endif
		BackwardMemory backward;
	};
	alignas(16) real w[WEIGHTS_ON_CHIP ? FieldWeights::LENGTH : 1];
	real sums[SUMS_ON_CHIP ? FIELD_SUMS + 1 : 1];
};
static_assert(sizeof(GradientMemory) <= SHARED_BYTES, "the block needs more shared memory than the printer thought");

// differentiate integrates the batch, runs the head where there are labels, and takes the cotangents back to t0. The
// block's sums of ∂L/∂θ go to its place in call.partial.
extern "C" __global__ void __launch_bounds__(THREADS, 1) differentiate(const Call *p) {
	DYNAMIC_SHARED(memory);
	GradientMemory &m = *reinterpret_cast<GradientMemory *>(memory);
	const Call &call = *p;
	if (hasFailed(call)) return;
	const Batch batch = batchOf(call);
	int from, to;
	samplesOf(call, batch, from, to);
	real *partial = call.partial + (long long)(blockIdx.x) * (FIELD_SUMS + HEAD_SUMS);
	real *sums = SUMS_ON_CHIP ? m.sums : partial;
	const real *w = WEIGHTS_ON_CHIP ? m.w : call.fieldWeights;
	if (WEIGHTS_ON_CHIP) copyAll(m.w, call.fieldWeights, FieldWeights::LENGTH);
	clearAll(sums, FIELD_SUMS);
	clearAll(partial + FIELD_SUMS, HEAD_SUMS);
	__syncthreads();

	solveForward(call, batch, m.forward, w, RECORDS, from, to);
	__syncthreads();
#if HAS_HEAD
	if (call.labels) head(call, batch, m.head, call.headWeights, partial + FIELD_SUMS, from, to);
#endif
	const bool recorded = !RECORDS || call.recordUsed[blockIdx.x] <= call.recordCapacity;
	if (recorded) backward(call, batch, m.backward, w, sums, from, to); // else the caller makes room and repeats
	if (SUMS_ON_CHIP) copyAll(partial, sums, FIELD_SUMS);
	if (threadIdx.x == 0) reportTotals(call, batch, blockIdx.x, from, to, recorded);
}

// reduce adds the blocks' sums in their order. Any number of blocks.
extern "C" __global__ void __launch_bounds__(THREADS, 1) reduce(const Call *p) {
	const Call &call = *p;
	if (hasFailed(call)) return;
	constexpr int N = FIELD_SUMS + HEAD_SUMS;
	for (int i = blockIdx.x * THREADS + threadIdx.x; i < N; i += gridDim.x * THREADS) {
		real sum = 0;
		for (long long b = 0; b < call.blocks; b++) sum += call.partial[b * N + i];
		call.sums[i] = sum;
	}
}
