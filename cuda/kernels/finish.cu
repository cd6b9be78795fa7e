// The kernels after the sums of a gradient.

// finish runs the plans' Finish sections, writes ∂L/∂θ and its norm, and in a training decides about the update. One
// block of WIDE_THREADS.
extern "C" __global__ void __launch_bounds__(WIDE_THREADS, 1) finish(const Call *p) {
	__shared__ double shared[WIDE_THREADS];
	const Call &call = *p;
	if (hasFailed(call)) return;
	finishSums(call);
	__syncthreads();
	double squares = 0;
	for (int i = threadIdx.x; i < THETA; i += WIDE_THREADS) {
		const real g = gradientAt(call, i);
		call.gradient[i] = g;
		squares += double(g) * double(g);
	}
	squares = blockSum(shared, squares);
	if (threadIdx.x == 0) decide(call, batchOf(call), sqrt(squares));
}
