// What both gradients share on the way back: the terms of ∂L/∂θ that rows have added. Once in WINDOW evaluations they are
// summed over the rows by matrix products; no row adds the same term twice in that time.

constexpr int WINDOW = STAGES - 1;

// clearReady takes all terms away. Any number of blocks.
extern "C" __global__ void __launch_bounds__(THREADS) clearReady(const Call *p) {
	const Call &call = *p;
	if (hasFailed(call)) return;
	const long long n = call.rows / TILE * READY;
	for (long long i = blockIdx.x * THREADS + threadIdx.x; i < n; i += gridDim.x * THREADS) call.ready[i] = 0;
	if (blockIdx.x == 0 && threadIdx.x == 0) call.counters[IDLE_ROWS] = 0;
}

// consume takes the terms of the block's row down after they have been summed. Without the weighted factors the others
// count for nothing.
extern "C" __global__ void __launch_bounds__(ROW_THREADS) consume(const Call *p) {
	const Call &call = *p;
	const int r = blockIdx.x;
	WideRow &row = *controlOf(call, r);
	if (hasFailed(call) || !row.ready) return;
	for (int q = 0; q < Field::TERMS; q++) {
		const Term term = Field::terms()[q];
		const Kept kept = Field::kept()[term.value];
		if (!term.weighted) continue;
		for (int slot = 0; slot < Field::SLOTS; slot++) {
			real *to = readyOf(call, r) + term.at + (slot * TILE + r % TILE) * kept.stride;
			columns(kept.width, [&](int c) { to[c] = 0; });
		}
	}
	__syncthreads();
	if (threadIdx.x == 0) row.ready = 0;
}
