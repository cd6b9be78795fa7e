// What the kernels of a block share. Each kernel takes one pointer to a Call in device memory. Blocks have THREADS
// threads, but for finish and update, which have WIDE_THREADS.

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

// clearReport begins what the block tells of its solves.
__device__ inline void clearReport(const Call &call) {
	call.recordUsed[blockIdx.x] = call.occupancy[2 * blockIdx.x] = call.occupancy[2 * blockIdx.x + 1] = 0;
}

// solveForward integrates the block's samples. It returns how many steps it had to record.
__device__ long long solveForward(const Call &call, const Batch &batch, ForwardPass::Memory &m, const real *w, bool recording,
	int from, int to) {
	ForwardPass pass(call, batch, m, recording);
	Integration<ForwardPass::Memory, ForwardPass> integration(m, pass, w, from, to);
	integration.run();
	if (threadIdx.x == 0) {
		call.occupancy[2 * blockIdx.x] += integration.rounds * ROWS;
		call.occupancy[2 * blockIdx.x + 1] += integration.busy;
		long long &used = call.recordUsed[blockIdx.x];
		if (pass.recorded > used) used = pass.recorded;
	}
	return pass.recorded;
}
