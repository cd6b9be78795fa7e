// The kernels after the sums of a gradient, for a θ that is too long for one block.

// total adds the samples' reports, leaf by leaf. Any number of blocks.
extern "C" __global__ void __launch_bounds__(ROW_THREADS) total(const Call *p) {
	const Call &call = *p;
	if (hasFailed(call)) return;
	reportLeaves(call, batchOf(call), ROW_THREADS);
}

// finish runs the plans' Finish sections. One block.
extern "C" __global__ void __launch_bounds__(WIDE_THREADS) finish(const Call *p) {
	if (!hasFailed(*p)) finishSums(*p);
}

// gradient writes ∂L/∂θ and the sums of squares of its parts. NORM_BLOCKS blocks.
extern "C" __global__ void __launch_bounds__(WIDE_THREADS) gradient(const Call *p) {
	__shared__ double shared[WIDE_THREADS];
	const Call &call = *p;
	if (hasFailed(call)) return;
	double squares = 0;
	for (int i = blockIdx.x * WIDE_THREADS + threadIdx.x; i < THETA; i += NORM_BLOCKS * WIDE_THREADS) {
		const real g = gradientAt(call, i);
		call.gradient[i] = g;
		squares += double(g) * double(g);
	}
	squares = blockSum(shared, squares);
	if (threadIdx.x == 0) call.squares[blockIdx.x] = squares;
}

// conclude decides about the update. One block.
extern "C" __global__ void __launch_bounds__(ROW_THREADS) conclude(const Call *p) {
	const Call &call = *p;
	if (hasFailed(call) || threadIdx.x != 0) return;
	double squares = 0;
	for (int b = 0; b < NORM_BLOCKS; b++) squares += call.squares[b];
	decide(call, batchOf(call), sqrt(squares));
}
