// Losses: each looks at one state, that of a sample at t1, or at a save time, which is then the row of its number.

__device__ inline bool looksAtSaved(const Call &call) { return call.lossRows > 0; }

// lossCount is how many losses samples before that one have.
__device__ inline long long lossesBefore(const Call &call, long long sample) {
	return looksAtSaved(call) ? firstSave(call, sample) : sample;
}

// sampleOf is the sample of a loss: the last whose first row is not behind it.
__device__ inline int sampleOf(const Call &call, long long loss) {
	if (!looksAtSaved(call)) return int(loss);
	if (!call.offsets) return int(loss / call.saves);
	long long low = 0, high = call.n;
	while (high - low > 1) {
		const long long middle = (low + high) / 2;
		(call.offsets[middle] <= loss ? low : high) = middle;
	}
	return int(low);
}

// counts reports whether there is such a loss: its sample arrived, and it is not masked.
__device__ inline bool counts(const Call &call, long long loss, int sample) {
	return call.status[sample] == OK && !(call.masked && call.masked[loss]);
}

// noLoss says that there is none, and no cotangent of its state.
__device__ inline void noLoss(const Call &call, long long loss) {
	call.losses[loss] = NAN;
	for (int c = 0; looksAtSaved(call) && c < DIM; c++) call.savedBar[loss * DIM + c] = 0;
}

__device__ inline const real *lossState(const Call &call, long long loss) {
	return (looksAtSaved(call) ? call.saved : call.z1) + loss * DIM;
}

__device__ inline const real *lossLabel(const Call &call, const Batch &batch, long long loss) {
	return call.labels + (looksAtSaved(call) ? loss : dataOf(call, batch, int(loss))) * LABEL_WIDTH;
}

__device__ inline double lossTime(const Call &call, long long loss, int sample) {
	if (!looksAtSaved(call)) return spanOf(call, sample)[1];
	return snapped(call, sample, call.saveAt[call.offsets ? loss : loss - sample * call.saves]);
}

// lossWeight is that in L.
__device__ inline real lossWeight(const Call &call, const Batch &batch, long long loss) {
	return looksAtSaved(call) ? call.lossWeight[loss] : sampleWeight(call, batch, int(loss));
}

// setBar hands over component c of the derivative of a loss for its state: of what the sample's weight does not bring, the share.
__device__ inline void setBar(const Call &call, long long loss, int c, real bar) {
	if (looksAtSaved(call)) call.savedBar[loss * DIM + c] = call.share[loss] * bar;
	else call.cotangent[loss * DIM + c] = bar;
}

// setTime gives a read-out the time of its state, if it reads it.
template <class P, class Frame, class Place> __device__ void setTime(Frame frame, Place place, double t) {
	if constexpr (P::READS_TIME) *P::time(frame, place) = real(t);
}
