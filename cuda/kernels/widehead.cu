// The head on the states that the next rows losses look at: read-out, loss, and the derivative of each loss for its
// state.

// nextLoss is the loss of the block's row; where there is none, its sample is −1.
__device__ inline Loss nextLoss(const Call &call, const Batch &batch) {
	const long long number = call.counters[HEAD_NEXT] + blockIdx.x;
	const Loss none = {number, -1, 0};
	if (number >= lossesBefore(call, batch, batch.n)) return none;
	const Loss loss = lossOf(call, batch, number, sampleOf(call, batch, number));
	if (counts(call, loss)) return loss;
	if (threadIdx.x == 0) noLoss(call, number);
	return none;
}

// loadHead writes the arguments of the head.
extern "C" __global__ void __launch_bounds__(ROW_THREADS) loadHead(const Call *p) {
	const Call &call = *p;
	if (hasFailed(call)) return;
	const Batch batch = batchOf(call);
	const Loss loss = nextLoss(call, batch);
	if (loss.sample < 0) return;
	const int i = blockIdx.x % TILE;
	real *frame = frameOf(call, blockIdx.x);
	columns(DIM, [&](int c) { Head::z(frame, i)[c] = lossState(call, loss, c); });
	columns(LABEL_WIDTH, [&](int c) { Head::label(frame, i)[c] = call.labels[loss.data * LABEL_WIDTH + c]; });
	if (threadIdx.x != 0) return;
	*Head::cotangent(frame, i) = 1;
	setTime<Head>(frame, i, lossTime(call, batch, loss));
}

// storeHead takes what the head left, and adds its terms of ∂L/∂θ.
extern "C" __global__ void __launch_bounds__(ROW_THREADS) storeHead(const Call *p) {
	const Call &call = *p;
	if (hasFailed(call)) return;
	const Batch batch = batchOf(call);
	const Loss loss = nextLoss(call, batch);
	const int i = blockIdx.x % TILE;
	real *frame = frameOf(call, blockIdx.x);
	addTerm<Head>(call, blockIdx.x, 0, loss.sample >= 0, loss.sample < 0 ? real(0) : lossWeight(call, batch, loss),
		[=](const Kept &value) { return frame + value.at + i * value.stride; });
	if (loss.sample < 0) return;
	columns(OUT_WIDTH, [&](int c) { call.out[loss.number * OUT_WIDTH + c] = Head::output(frame, i)[c]; });
	columns(DIM, [&](int c) { setBar(call, batch, loss, c, Head::gradientOf(frame, i, c)); });
	if (threadIdx.x == 0) call.losses[loss.number] = *Head::loss(frame, i);
}

// passHead goes on to the next losses. One block.
extern "C" __global__ void __launch_bounds__(ROW_THREADS) passHead(const Call *p) {
	if (!hasFailed(*p) && threadIdx.x == 0) p->counters[HEAD_NEXT] += p->rows;
}
