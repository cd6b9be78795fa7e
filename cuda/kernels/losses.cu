// Losses: each looks at one state, that of a sample at t1, or at a save time, whose row has its number.

struct Loss {
	long long number;
	int sample;
	long long data; // its place among the labels
};

__device__ inline bool looksAtSaved(const Call &call) { return call.lossRows > 0; }

// lossesBefore is how many losses samples before that one have.
__device__ inline long long lossesBefore(const Call &call, const Batch &batch, long long sample) {
	return looksAtSaved(call) ? firstRow(call, batch, sample) : sample;
}

// sampleOf is the sample of a loss: the last whose first row is not behind it.
__device__ inline int sampleOf(const Call &call, const Batch &batch, long long number) {
	if (!looksAtSaved(call)) return int(number);
	if (!batch.offsets) return int(number / call.saves);
	long long low = 0, high = batch.n;
	while (high - low > 1) {
		const long long middle = (low + high) / 2;
		(batch.offsets[middle] <= number ? low : high) = middle;
	}
	return int(low);
}

__device__ inline Loss lossOf(const Call &call, const Batch &batch, long long number, int sample) {
	const long long data = dataOf(call, batch, sample);
	if (!looksAtSaved(call)) return Loss{number, sample, data};
	const long long first = call.offsets ? call.offsets[data] : data * call.saves;
	return Loss{number, sample, first + number - firstRow(call, batch, sample)};
}

// counts reports whether there is such a loss: its sample arrived, and it is not masked.
__device__ inline bool counts(const Call &call, const Loss &loss) {
	return call.status[loss.sample] == OK && !(call.masked && call.masked[loss.data]);
}

// noLoss says that there is none, and no cotangent of its state.
__device__ inline void noLoss(const Call &call, long long number) {
	call.losses[number] = NAN;
	for (int c = 0; looksAtSaved(call) && c < DIM; c++) call.savedBar[number * DIM + c] = 0;
}

__device__ inline real lossState(const Call &call, const Loss &loss, int c) {
	return (looksAtSaved(call) ? call.saved : call.z1)[loss.number * DIM + c];
}

__device__ inline double lossTime(const Call &call, const Batch &batch, const Loss &loss) {
	const double *span = spanOf(call, dataOf(call, batch, loss.sample));
	if (!looksAtSaved(call)) return span[1];
	return snapped(span, call.saveAt[call.offsets ? loss.data : loss.number - loss.sample * call.saves]);
}

// lossWeight is that in L.
__device__ inline real lossWeight(const Call &call, const Batch &batch, const Loss &loss) {
	return looksAtSaved(call) ? meanWeight(batch) * call.lossWeight[loss.data] : sampleWeight(call, batch, loss.sample);
}

// setBar hands over component c of the derivative of a loss for its state, on the way back of a sample: with the share
// of its weight that the sample's weight does not bring, or, where the way back is linear in it, with all of it.
__device__ inline void setBar(const Call &call, const Batch &batch, const Loss &loss, int c, real bar) {
	if (!looksAtSaved(call)) call.cotangent[loss.number * DIM + c] = bar;
	else if (GRADIENT == DISCRETE) call.savedBar[loss.number * DIM + c] = bar * lossWeight(call, batch, loss);
	else call.savedBar[loss.number * DIM + c] = bar * call.share[loss.data];
}

// sampleLoss is the weighted sum of the losses of a sample that arrived.
__device__ inline double sampleLoss(const Call &call, const Batch &batch, int sample) {
	double sum = 0;
	const long long end = lossesBefore(call, batch, sample + 1);
	for (long long number = lossesBefore(call, batch, sample); number < end; number++) {
		const Loss loss = lossOf(call, batch, number, sample);
		if (counts(call, loss)) sum += double(lossWeight(call, batch, loss)) * double(call.losses[number]);
	}
	return sum;
}

// setTime gives a read-out the time of its state, if it reads it.
template <class P, class Frame, class Place> __device__ void setTime(Frame frame, Place place, double t) {
	if constexpr (P::READS_TIME) *P::time(frame, place) = real(t);
}
