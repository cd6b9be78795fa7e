// The head on the states that the losses of the block's samples look at: read-out, loss, and the derivative of each
// loss for its state.

struct HeadMemory {
	real local[ROWS * Head::LOCAL], keep[ROWS * Head::SLOTS * Head::KEEP];
	Rows rows;
	Loss loss[ROWS];
	real weight[ROWS];
	int slot;
};

// headTile runs the head for the losses first + row that are before end.
__device__ void headTile(const Call &call, const Batch &batch, HeadMemory &m, const real *w, real *sums, long long first,
	long long end) {
	const int r = threadIdx.x;
	if (r < ROWS && first + r < end) m.loss[r] = lossOf(call, batch, first + r, sampleOf(call, batch, first + r));
	__syncthreads();
	if (r < ROWS) {
		const auto counting = [&](int q) { return first + q < end && counts(call, m.loss[q]); };
		int before = 0;
		for (int q = 0; q < r; q++) before += counting(q);
		const bool mine = counting(r);
		if (mine) m.rows.list[before] = r;
		else if (first + r < end) noLoss(call, first + r);
		if (r == ROWS - 1) m.rows.n = before + mine;
	}
	__syncthreads();
	const Frames<Head> frames{m.local, m.keep, 0};
	each<DIM>(m.rows, [&](int r, int c) { Head::z(frames.l(r), frames.s(r))[c] = lossState(call, m.loss[r], c); });
	each<LABEL_WIDTH>(m.rows, [&](int r, int c) {
		Head::label(frames.l(r), frames.s(r))[c] = call.labels[m.loss[r].data * LABEL_WIDTH + c];
	});
	each<1>(m.rows, [&](int r, int) {
		*Head::cotangent(frames.l(r), frames.s(r)) = 1;
		setTime<Head>(frames.l(r), frames.s(r), lossTime(call, batch, m.loss[r]));
	});
	for (int p = threadIdx.x; p < m.rows.n; p += THREADS) m.weight[p] = lossWeight(call, batch, m.loss[m.rows.list[p]]);
	__syncthreads();
	Head::forward(m.rows, frames, w, Head::Registers(w));
	__syncthreads();
	each<OUT_WIDTH>(m.rows, [&](int r, int c) {
		call.out[(first + r) * OUT_WIDTH + c] = Head::output(frames.l(r), frames.s(r))[c];
	});
	each<1>(m.rows, [&](int r, int) { call.losses[first + r] = *Head::loss(frames.l(r), frames.s(r)); });
	Head::backward(m.rows, frames, w, Head::Registers(w));
	__syncthreads();
	each<DIM>(m.rows, [&](int r, int c) { setBar(call, batch, m.loss[r], c, gradientOf(frames, r, c)); });
	Head::accumulate(m.rows, frames, Terms{&m.slot, 1, m.weight}, sums);
	__syncthreads();
}

__device__ void head(const Call &call, const Batch &batch, HeadMemory &m, const real *w, real *sums, int from, int to) {
	if (threadIdx.x == 0) m.slot = 0;
	const long long end = lossesBefore(call, batch, to);
	for (long long first = lossesBefore(call, batch, from); first < end; first += ROWS)
		headTile(call, batch, m, w, sums, first, end);
}
