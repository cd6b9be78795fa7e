// What the kernels of a block share. Each kernel takes one pointer to a Call in device memory. Blocks have THREADS threads,
// but for finish and update, which have WIDE_THREADS.

// samplesOf is the part of the batch that belongs to this block.
__device__ inline void samplesOf(const Call &call, const Batch &batch, int &from, int &to) {
	from = int(min((long long)(blockIdx.x) * call.chunk, batch.n));
	to = int(min(from + call.chunk, batch.n));
}

__device__ inline void copyAll(real *to, const real *from, int n) {
	for (int i = threadIdx.x; i < n; i += THREADS) to[i] = from[i];
}

__device__ inline void clearAll(real *x, int n) {
	for (int i = threadIdx.x; i < n; i += THREADS) x[i] = 0;
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
