// Sums over samples have the order of solver.SumOverSamples: within a leaf, then along the tree of the leaves. It
// depends on the minibatch alone, since a block has whole leaves of it, or a part of one that has always as many
// samples.

__device__ inline long long leavesOf(const Batch &batch) { return (batch.n + batch.leaf - 1) / batch.leaf; }

// treeSum adds n items along the tree of their pairs, each to its left neighbour: the first has the sum. It destroys
// the others.
template <class Add> __device__ void treeSum(long long n, Add add) {
	for (long long step = 1; step < n; step *= 2)
		for (long long i = 0; i + step < n; i += 2 * step) add(i, i + step);
}

// joinTotals adds the totals of the leaves to the right.
__device__ inline void joinTotals(double *sum, const double *right) {
	for (int i = 0; i < TOTAL_FORWARD; i++) sum[i] = i == TOTAL_NFE_MAX ? fmax(sum[i], right[i]) : sum[i] + right[i];
	for (int i = TOTAL_FORWARD; i < TOTALS; i++)
		if (sum[i] < 0) sum[i] = right[i];
}

// clearTotals makes them those of no sample.
__device__ inline void clearTotals(double *totals) {
	for (int i = 0; i < TOTALS; i++) totals[i] = i < TOTAL_FORWARD ? 0 : -1;
}

// reportLeaf writes the totals of a leaf, which has at most as many samples as a warp has lanes. One warp.
__device__ void reportLeaf(const Call &call, const Batch &batch, long long leaf) {
	const long long from = leaf * batch.leaf, to = min(from + batch.leaf, batch.n);
	const int lane = threadIdx.x % 32, i = int(from) + lane;
	double mine[TOTALS], sum[TOTALS];
	clearTotals(mine);
	clearTotals(sum);
	if (i < to) {
		if (call.status[i] != OK) mine[TOTAL_FORWARD] = i;
		if (call.backStatus[i] != OK) mine[TOTAL_BACKWARD] = i;
#if HAS_HEAD
		if (call.progress && call.status[i] == OK) mine[TOTAL_LOSS] = sampleLoss(call, batch, i);
#endif
		mine[TOTAL_ACCEPTED] = call.stats[STATS * i];
		mine[TOTAL_REJECTED] = call.stats[STATS * i + 1];
		mine[TOTAL_NFE] = mine[TOTAL_NFE_MAX] = call.stats[STATS * i + 2];
	}
	for (int j = 0; j < to - from; j++) {
		double next[TOTALS];
		for (int k = 0; k < TOTALS; k++) next[k] = __shfl_sync(0xffffffffu, mine[k], j);
		joinTotals(sum, next);
	}
	for (int k = 0; k < TOTALS; k++)
		if (lane == k) call.totals[TOTALS * leaf + k] = sum[k];
}

// reportLeaves writes the totals of all leaves, each by a warp. Any number of blocks of so many threads.
__device__ inline void reportLeaves(const Call &call, const Batch &batch, int threads) {
	const long long warp = (blockIdx.x * threads + threadIdx.x) / 32, warps = gridDim.x * threads / 32;
	for (long long leaf = warp; leaf < leavesOf(batch); leaf += warps) reportLeaf(call, batch, leaf);
}
