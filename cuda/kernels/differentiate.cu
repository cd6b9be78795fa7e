// The kernels of a gradient and of a training iteration.

struct GradientMemory {
	union {
		ForwardPass::Memory forward;
#if HAS_HEAD
		HeadMemory head;
#endif
		BackwardMemory backward;
	};
	real w[WEIGHTS_ON_CHIP ? FieldWeights::LENGTH : 1];
	real sums[SUMS_ON_CHIP ? FIELD_SUMS + 1 : 1];
};
static_assert(sizeof(GradientMemory) <= SHARED_BYTES, "the block needs more shared memory than the printer thought");

// reportTotals sums up the block's samples, in their order.
__device__ void reportTotals(const Call &call, const Batch &batch, int from, int to) {
	double *t = call.totals + TOTALS * blockIdx.x;
	double loss = 0, nfe = 0, most = 0, accepted = 0, rejected = 0, forward = -1, backward = -1;
	for (int i = from; i < to; i++) {
		if (call.status[i] != OK && forward < 0) forward = i;
		if (call.backStatus[i] != OK && backward < 0) backward = i;
#if HAS_HEAD
		if (call.labels && call.status[i] == OK) loss += double(lossWeight(call, batch, i)) * double(call.losses[i]);
#endif
		accepted += call.stats[3 * i];
		rejected += call.stats[3 * i + 1];
		nfe += call.stats[3 * i + 2];
		most = fmax(most, double(call.stats[3 * i + 2]));
	}
	t[TOTAL_LOSS] = loss;
	t[TOTAL_NFE] = nfe;
	t[TOTAL_NFE_MAX] = most;
	t[TOTAL_ACCEPTED] = accepted;
	t[TOTAL_REJECTED] = rejected;
	t[TOTAL_FORWARD] = forward;
	t[TOTAL_BACKWARD] = backward;
}

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

	solveForward(call, batch, m.forward, w, GRADIENT == DISCRETE, from, to);
	__syncthreads();
#if HAS_HEAD
	if (call.labels) head(call, batch, m.head, call.headWeights, partial + FIELD_SUMS, from, to);
#endif
	if (GRADIENT != DISCRETE || call.recordUsed[blockIdx.x] <= call.recordCapacity) // else the caller makes room and repeats
		backward(call, batch, m.backward, w, sums, from, to);
	if (SUMS_ON_CHIP) copyAll(partial, sums, FIELD_SUMS);
	if (threadIdx.x == 0) reportTotals(call, batch, from, to);
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

// treeSum adds one number of each of WIDE_THREADS threads, in a fixed order; thread 0 has the result.
__device__ double treeSum(double *shared, double x) {
	shared[threadIdx.x] = x;
	for (int n = WIDE_THREADS / 2; n > 0; n /= 2) {
		__syncthreads();
		if (threadIdx.x < n) shared[threadIdx.x] += shared[threadIdx.x + n];
	}
	return threadIdx.x == 0 ? shared[0] : 0;
}

// finish runs the plans' Finish sections, writes ∂L/∂θ and its norm, and in a training decides about the update. One
// block of WIDE_THREADS.
extern "C" __global__ void __launch_bounds__(WIDE_THREADS, 1) finish(const Call *p) {
	__shared__ double shared[WIDE_THREADS];
	const Call &call = *p;
	if (hasFailed(call)) return;
	FieldWeights::finish(call.theta, call.fieldShared, call.sums);
#if HAS_HEAD
	HeadWeights::finish(call.theta + FIELD_THETA, call.headShared, call.sums + FIELD_SUMS);
#endif
	__syncthreads();
	double squares = 0;
	for (int i = threadIdx.x; i < THETA; i += WIDE_THREADS) {
		real g;
#if HAS_HEAD
		if (i >= FIELD_THETA) g = HeadWeights::gradient(call.sums + FIELD_SUMS, call.headShared, i - FIELD_THETA);
		else
#endif
			g = FieldWeights::gradient(call.sums, call.fieldShared, i);
		call.gradient[i] = g;
		squares += double(g) * double(g);
	}
	squares = treeSum(shared, squares);
	if (threadIdx.x == 0) decide(call, batchOf(call), sqrt(squares));
}

// update is one step of Adam (see solver.Optimizer), unless the iteration has failed. Any number of blocks of WIDE_THREADS.
extern "C" __global__ void __launch_bounds__(WIDE_THREADS, 1) update(const Call *p) {
	const Call &call = *p;
	if (hasFailed(call)) return;
	const double *o = call.optimizer;
	const real scale = real(call.decision[CLIP_SCALE]), correctM = real(call.decision[CORRECT_M]),
			   correctV = real(call.decision[CORRECT_V]);
	const real rate = real(o[RATE]), beta1 = real(o[BETA1]), beta2 = real(o[BETA2]), epsilon = real(o[EPSILON]);
	for (int i = blockIdx.x * WIDE_THREADS + threadIdx.x; i < THETA; i += gridDim.x * WIDE_THREADS) {
		real g = call.gradient[i] * scale;
		real m = mad(beta1, call.m[i], (1 - beta1) * g);
		real v = mad(beta2, call.v[i], (1 - beta2) * g * g);
		call.m[i] = m;
		call.v[i] = v;
		call.theta[i] -= rate * (m * correctM) / (MATH(sqrt)(v * correctV) + epsilon);
	}
}
