// What the kernels share, and those that come before a solve. Each kernel takes one pointer to a Call in device memory.
// Blocks have THREADS threads, but for finish and update, which have WIDE_THREADS.

// samplesOf is the part of the batch that belongs to this block.
__device__ inline void samplesOf(const Call &call, const Batch &batch, int &from, int &to) {
	from = int(min((long long)(blockIdx.x) * call.chunk, batch.n));
	to = int(min(from + call.chunk, batch.n));
}

__device__ inline bool hasFailed(const Call &call) { return call.progress && call.progress[FAILURE] != 0; }

__device__ inline void copyAll(real *to, const real *from, int n) {
	for (int i = threadIdx.x; i < n; i += THREADS) to[i] = from[i];
}

__device__ inline void clearAll(real *x, int n) {
	for (int i = threadIdx.x; i < n; i += THREADS) x[i] = 0;
}

// prepare packs parameters, constants and what the plans' Shared sections made of them. Any number of blocks.
extern "C" __global__ void __launch_bounds__(THREADS, 1) prepare(const Call *p) {
	const Call &call = *p;
	const int stride = gridDim.x * THREADS;
	for (int i = blockIdx.x * THREADS + threadIdx.x; i < FieldWeights::LENGTH; i += stride)
		call.fieldWeights[i] = FieldWeights::element(call.theta, call.fieldShared, i);
#if HAS_HEAD
	for (int i = blockIdx.x * THREADS + threadIdx.x; i < HeadWeights::LENGTH; i += stride)
		call.headWeights[i] = HeadWeights::element(call.theta + FIELD_THETA, call.headShared, i);
#endif
}

// share runs the plans' Shared sections. One block.
extern "C" __global__ void __launch_bounds__(THREADS, 1) share(const Call *p) {
	const Call &call = *p;
	FieldWeights::share(call.theta, call.fieldShared);
#if HAS_HEAD
	HeadWeights::share(call.theta + FIELD_THETA, call.headShared);
#endif
}

__device__ inline void reportOccupancy(const Call &call, long long rounds, long long busy) {
	if (threadIdx.x != 0) return;
	call.occupancy[2 * blockIdx.x] = rounds * ROWS;
	call.occupancy[2 * blockIdx.x + 1] = busy;
}

// solveForward integrates the block's samples.
__device__ void solveForward(const Call &call, const Batch &batch, ForwardPass::Memory &m, const real *w, bool recording, int from, int to) {
	ForwardPass pass(call, batch, m, recording);
	Integration<ForwardPass::Memory, ForwardPass> integration(m, pass, w, from, to);
	integration.run();
	reportOccupancy(call, integration.rounds, integration.busy);
	if (recording && threadIdx.x == 0) call.recordUsed[blockIdx.x] = pass.recorded;
}
