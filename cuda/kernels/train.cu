// What comes of a gradient: its totals and numbers, and the decision about a training iteration: its report, its failure,
// the scale of its update.

// isRecordFull reports whether a block's steps did not fit.
__device__ inline bool isRecordFull(const Call &call) {
	if (!RECORDS) return false;
	for (long long b = 0; b < call.blocks; b++)
		if (call.recordUsed[b] > call.recordCapacity) return true;
	return false;
}

__device__ inline long long failureOf(const Call &call, const double *totals, double norm, double &sample) {
	sample = -1;
	if (isRecordFull(call)) return RECORD_FULL;
	sample = totals[TOTAL_FORWARD];
	if (sample >= 0) return FORWARD_FAILED;
	sample = totals[TOTAL_BACKWARD];
	if (sample >= 0) return BACKWARD_FAILED;
	return isFinite(totals[TOTAL_LOSS]) && isFinite(norm) ? NO_FAILURE : NOT_FINITE;
}

// decide reports the iteration and says how far the update goes. One thread.
__device__ void decide(const Call &call, const Batch &batch, double norm) {
	call.decision[NORM] = norm;
	if (!call.progress) return;
	const double *sum = call.totals;
	treeSum(leavesOf(batch), [&](long long i, long long j) { joinTotals(call.totals + TOTALS * i, call.totals + TOTALS * j); });
	double sample;
	long long *progress = call.progress;
	progress[FAILURE] = failureOf(call, sum, norm, sample);
	progress[FAILED_SAMPLE] = (long long)(sample);
	if (progress[FAILURE] != NO_FAILURE) return;
	double *report = call.reports + REPORT * progress[NEXT];
	report[REPORT_LOSS] = sum[TOTAL_LOSS];
	report[REPORT_NORM] = norm;
	report[REPORT_NFE] = sum[TOTAL_NFE] / batch.n;
	report[REPORT_NFE_MAX] = sum[TOTAL_NFE_MAX];
	report[REPORT_ACCEPTED] = sum[TOTAL_ACCEPTED];
	report[REPORT_REJECTED] = sum[TOTAL_REJECTED];
	call.decision[RATE] = call.rates[progress[NEXT]];
	progress[NEXT]++;
	progress[STEP]++;
	const double *o = call.optimizer;
	call.decision[CLIP_SCALE] = o[CLIP_NORM] > 0 && norm > o[CLIP_NORM] ? o[CLIP_NORM] / norm : 1.0;
	call.decision[CORRECT_M] = 1 / (1 - power(o[BETA1], double(progress[STEP])));
	call.decision[CORRECT_V] = 1 / (1 - power(o[BETA2], double(progress[STEP])));
}

// blockSum adds one number of each of WIDE_THREADS threads, in a fixed order; thread 0 has the result.
__device__ double blockSum(double *shared, double x) {
	shared[threadIdx.x] = x;
	for (int n = WIDE_THREADS / 2; n > 0; n /= 2) {
		__syncthreads();
		if (threadIdx.x < n) shared[threadIdx.x] += shared[threadIdx.x + n];
	}
	return threadIdx.x == 0 ? shared[0] : 0;
}

// finishSums runs the plans' Finish sections. One block; the caller synchronises.
__device__ inline void finishSums(const Call &call) {
	FieldWeights::finish(call.theta, call.fieldShared, call.sums);
#if HAS_HEAD
	HeadWeights::finish(call.theta + FIELD_THETA, call.headShared, call.sums + FIELD_SUMS);
#endif
}

// isTrained reports whether place i of θ is not frozen.
__device__ inline bool isTrained(const Call &call, int i) {
	if (!call.trained) return true;
	for (long long r = 0; r < call.trainedRanges; r++)
		if (i >= call.trained[2 * r] && i < call.trained[2 * r + 1]) return true;
	return false;
}

// gradientAt is ∂L/∂θ at place i, 0 where it is frozen.
__device__ inline real gradientAt(const Call &call, int i) {
	if (!isTrained(call, i)) return 0;
#if HAS_HEAD
	if (i >= FIELD_THETA) return HeadWeights::gradient(call.sums + FIELD_SUMS, call.headShared, i - FIELD_THETA);
#endif
	return FieldWeights::gradient(call.sums, call.fieldShared, i);
}
