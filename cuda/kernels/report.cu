// What a solve leaves for each sample, and what a call or a minibatch asks for.

// Batch is the part of a call that one launch works on: in a training, the minibatch whose turn it is.
struct Batch {
	long long n;
	const long long *index;   // into the data; null: the samples lie in order
	const long long *offsets; // [n + 1] the first row of each sample; null: all have the same save times
	long long counting;       // losses that L is the mean of; 0: a sum with weights
	long long leaf, perBlock;
};

__device__ inline Batch batchOf(const Call &call) {
	if (!call.progress) return Batch{call.n, nullptr, call.offsets, call.counting, call.leaf, call.perBlock};
	const long long *minibatch = call.minibatches + MINIBATCH * call.progress[NEXT];
	const long long *offsets = call.offsets ? call.rowOffsets + minibatch[FIRST_OFFSET] : nullptr;
	return Batch{minibatch[SAMPLES], call.index + minibatch[FIRST_SAMPLE], offsets, minibatch[COUNTING], minibatch[LEAF],
		minibatch[PER_BLOCK]};
}

// placeOf is where a sample's numbers begin in an array of that width.
__device__ inline long long placeOf(int sample, int width) { return (long long)(sample) * width; }

__device__ inline long long dataOf(const Call &call, const Batch &batch, int sample) {
	return batch.index ? batch.index[sample] : sample;
}

__device__ inline real meanWeight(const Batch &batch) {
	return batch.counting > 0 ? real(1.0 / batch.counting) : real(1);
}

// sampleWeight is a sample's weight in the loss, by default the batch's mean; a caller's own cotangents have none. It
// multiplies what comes out of the adjoint, whose steps do not depend on it.
__device__ inline real sampleWeight(const Call &call, const Batch &batch, int sample) {
	if (!call.labels) return 1;
	return meanWeight(batch) * (call.weight ? call.weight[dataOf(call, batch, sample)] : real(1));
}

// unitOf is solver.CotangentUnit: the power of two that a sample's adjoint is measured in, from its largest cotangent.
__device__ inline real unitOf(double largest) {
	if (!(largest > 0 && largest < INFINITY)) return 1;
	const double limit = sizeof(real) == 8 ? 1022 : 126;
	return real(ldexp(1.0, int(clamp(ilogb(largest), -limit, limit))));
}

__device__ inline bool isCancelled(const Call &call) {
	return call.cancel && *static_cast<const volatile int *>(call.cancel);
}

// spanOf is the span of the sample that lies there in the data.
__device__ inline const double *spanOf(const Call &call, long long data) {
	return call.spans + (call.spanCount == 1 ? 0 : 2 * data);
}

// firstRow is that of a sample's first save time; that of batch.n is how many rows there are.
__device__ inline long long firstRow(const Call &call, const Batch &batch, long long sample) {
	return batch.offsets ? batch.offsets[sample] : sample * call.saves;
}

// findData sets where what the row's sample has lies in the data, and its save times.
__device__ inline void findData(const Call &call, const Batch &batch, Row &row) {
	row.data = dataOf(call, batch, row.sample);
	row.save = firstRow(call, batch, row.sample);
	row.saves = int(firstRow(call, batch, row.sample + 1) - row.save);
}

// snapped is time t as a solve over that span takes it: see solver.Span.SaveTime.
__device__ __noinline__ double snapped(const double *span, double t) {
	const double t0 = span[0], t1 = span[1], few = 8 * SPACING;
	const double near = fmin(few * fabs(t1), fabs(t1 - t0) / 2), beyond = few * fmax(fabs(t0), fabs(t1));
	const bool late = t1 >= t0 ? t > t1 : t < t1, early = t1 >= t0 ? t < t0 : t > t0;
	if (fabs(t - t1) <= (late ? beyond : near)) return t1;
	return early && fabs(t - t0) <= beyond ? t0 : t;
}

// saveTime is save time j of the row's sample.
__device__ inline double saveTime(const Call &call, const Row &row, int j) {
	return snapped(spanOf(call, row.data), call.saveAt[j + (call.offsets ? call.offsets[row.data] : 0)]);
}

constexpr int STATS = 4;

__device__ inline void writeStats(int *stats, const Row &row) {
	stats[0] = row.accepted;
	stats[1] = row.rejected;
	stats[2] = row.nfe;
	stats[3] = row.jacobians;
}

__device__ inline void reportForward(const Call &call, const Row &row) {
	call.status[row.sample] = row.status;
	call.endT[row.sample] = row.t;
	call.endH[row.sample] = row.step;
	writeStats(call.stats + STATS * row.sample, row);
}

// isLeftOut reports whether a sample has no part in the solve, and says so.
__device__ inline bool isLeftOut(const Call &call, int sample) {
	if (!call.leftOut || !call.leftOut[sample]) return false;
	call.status[sample] = CANCELLED;
	for (int i = 0; i < STATS; i++) call.stats[STATS * sample + i] = 0;
	return true;
}

__device__ inline void reportBackward(const Call &call, const Row &row) {
	call.backStatus[row.sample] = row.status;
	call.backT[row.sample] = row.t;
	call.backH[row.sample] = row.step;
	writeStats(call.backStats + STATS * row.sample, row);
}

// skipBackward is for a sample that failed on the way forward: it contributes nothing. It returns false.
__device__ inline bool skipBackward(const Call &call, int sample) {
	Row none = {};
	none.sample = sample;
	reportBackward(call, none);
	if (GRADIENT == BACKSOLVE) call.drift[sample] = 0;
	for (int c = 0; c < DIM; c++) call.z0Bar[placeOf(sample, DIM) + c] = 0;
	for (int c = 0; c < INPUTS; c++) call.inputsBar[placeOf(sample, INPUTS) + c] = 0;
	return false;
}
