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

constexpr int SUMS = FIELD_SUMS + HEAD_SUMS;

// partsOf is how many blocks share a leaf.
__device__ inline long long partsOf(const Batch &batch) { return PART > 0 ? (batch.leaf + PART - 1) / PART : 1; }

// runsOf is how many runs of leaves there are: the work of a block, or of all that share a leaf.
__device__ inline long long runsOf(const Batch &batch) {
	return (leavesOf(batch) + batch.perBlock - 1) / batch.perBlock;
}

__device__ inline real *partialOf(const Call &call, long long block, int level) {
	return call.partial + (block * call.depth + level) * SUMS;
}

// differentiateSome integrates samples, runs the head where there are labels, and takes the cotangents back to t0.
// Their sums of ∂L/∂θ go to partial.
__device__ void differentiateSome(const Call &call, const Batch &batch, GradientMemory &m, const real *w, real *partial,
	int from, int to) {
	real *sums = SUMS_ON_CHIP ? m.sums : partial;
	clearAll(sums, FIELD_SUMS);
	clearAll(partial + FIELD_SUMS, HEAD_SUMS);
	const long long steps = solveForward(call, batch, m.forward, w, RECORDS, from, to);
#if HAS_HEAD
	if (call.labels) head(call, batch, m.head, call.headWeights, partial + FIELD_SUMS, from, to);
#endif
	// Else the caller makes room and repeats.
	if (steps <= call.recordCapacity) backward(call, batch, m.backward, w, sums, from, to);
	if (SUMS_ON_CHIP) copyAll(partial, sums, FIELD_SUMS);
}

// join adds the last of the subtrees of a block to the one before.
__device__ inline void join(const Call &call, int &waiting) {
	waiting--;
	const real *right = partialOf(call, blockIdx.x, waiting);
	real *sum = partialOf(call, blockIdx.x, waiting - 1);
	for (int i = threadIdx.x; i < SUMS; i += THREADS) sum[i] += right[i];
}

// differentiate takes the block's part of a leaf, or its leaves one after another, through all. Of the tree it keeps
// whole subtrees that wait for their right neighbour, the larger ones first; the sum of all comes to the first of its
// partial sums.
extern "C" __global__ void __launch_bounds__(THREADS, 1) differentiate(const Call *p) {
	DYNAMIC_SHARED(memory);
	GradientMemory &m = *reinterpret_cast<GradientMemory *>(memory);
	const Call &call = *p;
	if (hasFailed(call)) return;
	__shared__ Batch batch; // it and the block's leaves, not in registers
	__shared__ long long first, end, part;
	if (threadIdx.x == 0) {
		batch = batchOf(call);
		first = blockIdx.x / partsOf(batch) * batch.perBlock;
		part = blockIdx.x % partsOf(batch);
		end = min(first + batch.perBlock, leavesOf(batch));
		clearReport(call);
	}
	const real *w = WEIGHTS_ON_CHIP ? m.w : call.fieldWeights;
	if (WEIGHTS_ON_CHIP) copyAll(m.w, call.fieldWeights, FieldWeights::LENGTH);
	__syncthreads();
	int waiting = 0;
	for (long long leaf = first; leaf < end; leaf++) {
		const long long from = leaf * batch.leaf, to = min(from + batch.leaf, batch.n);
		differentiateSome(call, batch, m, w, partialOf(call, blockIdx.x, waiting), int(min(from + part * PART, to)),
			int(PART > 0 ? min(from + (part + 1) * PART, to) : to));
		waiting++;
		for (long long done = leaf - first + 1; done % 2 == 0; done /= 2) join(call, waiting);
		__syncthreads();
	}
	while (waiting > 1) join(call, waiting);
}

// reduce adds the sums of the parts of each leaf, and then those of the leaves along their tree, and makes the totals
// of the leaves. Any number of blocks.
extern "C" __global__ void __launch_bounds__(THREADS, 1) reduce(const Call *p) {
	const Call &call = *p;
	if (hasFailed(call)) return;
	const Batch batch = batchOf(call);
	const long long parts = partsOf(batch), from = call.sumFrom, to = call.sumTo > 0 ? call.sumTo : runsOf(batch);
	for (int i = blockIdx.x * THREADS + threadIdx.x; i < SUMS; i += gridDim.x * THREADS) {
		const auto partial = [&](long long run, long long part) -> real & {
			return partialOf(call, run * parts + part, 0)[i];
		};
		for (long long run = from; run < to && parts > 1; run++) {
			real sum = partial(run, 0);
			for (long long part = 1; part < parts; part++) sum += partial(run, part);
			partial(run, 0) = sum;
		}
		treeSum(to - from, [&](long long left, long long right) { partial(from + left, 0) += partial(from + right, 0); });
		call.sums[i] = partial(from, 0);
	}
	reportLeaves(call, batch, THREADS);
}
