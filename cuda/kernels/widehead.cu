// The head on the states that the next rows losses look at: read-out, loss, and the derivative of each loss for its state.

// NextLoss is the loss of the block's row; none where there is no such, or its sample did not arrive.
struct NextLoss {
	long long number;
	int sample;
	bool counts;

	__device__ NextLoss(const Call &call, const Batch &batch) : number(call.counters[HEAD_NEXT] + blockIdx.x), sample(0), counts(false) {
		if (number >= lossesBefore(call, batch.n)) return;
		sample = sampleOf(call, number);
		counts = ::counts(call, number, sample);
		if (!counts && threadIdx.x == 0) noLoss(call, number);
	}
};

// loadHead writes the arguments of the head.
extern "C" __global__ void __launch_bounds__(ROW_THREADS) loadHead(const Call *p) {
	const Call &call = *p;
	if (hasFailed(call)) return;
	const Batch batch = batchOf(call);
	const NextLoss loss(call, batch);
	if (!loss.counts) return;
	const int i = blockIdx.x % TILE;
	real *frame = frameOf(call, blockIdx.x);
	columns(DIM, [&](int c) { Head::z(frame, i)[c] = lossState(call, loss.number)[c]; });
	columns(LABEL_WIDTH, [&](int c) { Head::label(frame, i)[c] = lossLabel(call, batch, loss.number)[c]; });
	if (threadIdx.x != 0) return;
	*Head::cotangent(frame, i) = 1;
	setTime<Head>(frame, i, lossTime(call, loss.number, loss.sample));
}

// storeHead takes what the head left, and puts up its terms of ∂L/∂θ.
extern "C" __global__ void __launch_bounds__(ROW_THREADS) storeHead(const Call *p) {
	const Call &call = *p;
	if (hasFailed(call)) return;
	const Batch batch = batchOf(call);
	const NextLoss loss(call, batch);
	const int i = blockIdx.x % TILE;
	real *frame = frameOf(call, blockIdx.x);
	putUp<Head>(call, blockIdx.x, 0, loss.counts, loss.counts ? lossWeight(call, batch, loss.number) : real(0),
		[=](const Kept &value) { return frame + value.at + i * value.stride; });
	if (!loss.counts) return;
	columns(OUT_WIDTH, [&](int c) { call.out[loss.number * OUT_WIDTH + c] = Head::output(frame, i)[c]; });
	columns(DIM, [&](int c) { setBar(call, loss.number, c, Head::gradientOf(frame, i, c)); });
	if (threadIdx.x == 0) call.losses[loss.number] = *Head::loss(frame, i);
}

// passHead goes on to the next losses. One block.
extern "C" __global__ void __launch_bounds__(ROW_THREADS) passHead(const Call *p) {
	if (!hasFailed(*p) && threadIdx.x == 0) p->counters[HEAD_NEXT] += p->rows;
}
