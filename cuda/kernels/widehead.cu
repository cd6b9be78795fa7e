// The head of the next rows samples: read-out, loss, and the derivative of each sample's own loss for z(t1).

// headSample is the sample of the block's row, or −1 where there is none that arrived.
__device__ inline int headSample(const Call &call, const Batch &batch) {
	const long long sample = call.counters[HEAD_NEXT] + blockIdx.x;
	return sample < batch.n && call.status[sample] == OK ? int(sample) : -1;
}

// loadHead writes the arguments of the head.
extern "C" __global__ void __launch_bounds__(ROW_THREADS) loadHead(const Call *p) {
	const Call &call = *p;
	if (hasFailed(call)) return;
	const Batch batch = batchOf(call);
	const int sample = headSample(call, batch), i = blockIdx.x % TILE;
	real *frame = frameOf(call, blockIdx.x);
	const long long next = call.counters[HEAD_NEXT] + blockIdx.x;
	if (sample < 0) {
		if (next < batch.n && threadIdx.x == 0) call.losses[next] = NAN;
		return;
	}
	columns(DIM, [&](int c) { Head::z(frame, i)[c] = call.z1[placeOf(sample, DIM) + c]; });
	columns(LABEL_WIDTH, [&](int c) { Head::label(frame, i)[c] = call.labels[dataOf(call, batch, sample) * LABEL_WIDTH + c]; });
	if (threadIdx.x == 0) *Head::cotangent(frame, i) = 1;
}

// storeHead takes what the head left, and puts up its terms of ∂L/∂θ.
extern "C" __global__ void __launch_bounds__(ROW_THREADS) storeHead(const Call *p) {
	const Call &call = *p;
	if (hasFailed(call)) return;
	const Batch batch = batchOf(call);
	const int sample = headSample(call, batch), i = blockIdx.x % TILE;
	real *frame = frameOf(call, blockIdx.x);
	putUp<Head>(call, blockIdx.x, 0, sample >= 0, sample < 0 ? real(0) : lossWeight(call, batch, sample),
		[=](const Kept &value) { return frame + value.at + i * value.stride; });
	if (sample < 0) return;
	columns(OUT_WIDTH, [&](int c) { call.out[placeOf(sample, OUT_WIDTH) + c] = Head::output(frame, i)[c]; });
	columns(DIM, [&](int c) { call.cotangent[placeOf(sample, DIM) + c] = Head::gradientOf(frame, i, c); });
	if (threadIdx.x == 0) call.losses[sample] = *Head::loss(frame, i);
}

// passHead goes on to the next samples. One block.
extern "C" __global__ void __launch_bounds__(ROW_THREADS) passHead(const Call *p) {
	if (!hasFailed(*p) && threadIdx.x == 0) p->counters[HEAD_NEXT] += p->rows;
}
