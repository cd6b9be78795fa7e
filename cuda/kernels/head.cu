// The head of the block's samples that arrived: read-out, loss, and the derivative of each sample's own loss for z(t1).

struct HeadMemory {
	real local[ROWS * Head::LOCAL], keep[ROWS * Head::SLOTS * Head::KEEP];
	Rows rows;
	real weight[ROWS];
	int slot;
};

// headTile runs the head on the samples first + row that are before end.
__device__ void headTile(const Call &call, const Batch &batch, HeadMemory &m, const real *w, real *sums, int first, int end) {
	const int r = threadIdx.x;
	if (r < ROWS) {
		int before = 0;
		for (int q = 0; q < r; q++) before += first + q < end && call.status[first + q] == OK;
		bool mine = first + r < end && call.status[first + r] == OK;
		if (mine) m.rows.list[before] = r;
		else if (first + r < end) call.losses[first + r] = NAN;
		if (r == ROWS - 1) m.rows.n = before + mine;
	}
	__syncthreads();
	const Frames<Head> frames{m.local, m.keep, 0};
	each<DIM>(m.rows, [&](int r, int c) { Head::z(frames.l(r), frames.s(r))[c] = call.z1[placeOf(first + r, DIM) + c]; });
	each<LABEL_WIDTH>(m.rows, [&](int r, int c) {
		Head::label(frames.l(r), frames.s(r))[c] = call.labels[dataOf(call, batch, first + r) * LABEL_WIDTH + c];
	});
	each<1>(m.rows, [&](int r, int) { *Head::cotangent(frames.l(r), frames.s(r)) = 1; });
	for (int p = threadIdx.x; p < m.rows.n; p += THREADS) m.weight[p] = lossWeight(call, batch, first + m.rows.list[p]);
	__syncthreads();
	Head::forward(m.rows, frames, w, Head::Registers(w));
	__syncthreads();
	each<OUT_WIDTH>(m.rows, [&](int r, int c) { call.out[placeOf(first + r, OUT_WIDTH) + c] = Head::output(frames.l(r), frames.s(r))[c]; });
	each<1>(m.rows, [&](int r, int) { call.losses[first + r] = *Head::loss(frames.l(r), frames.s(r)); });
	Head::backward(m.rows, frames, w, Head::Registers(w));
	__syncthreads();
	each<DIM>(m.rows, [&](int r, int c) {
		call.cotangent[placeOf(first + r, DIM) + c] = gradientOf(frames, r, c);
	});
	Head::accumulate(m.rows, frames, Terms{&m.slot, 1, m.weight}, sums);
	__syncthreads();
}

__device__ void head(const Call &call, const Batch &batch, HeadMemory &m, const real *w, real *sums, int from, int to) {
	if (threadIdx.x == 0) m.slot = 0;
	for (int first = from; first < to; first += ROWS) headTile(call, batch, m, w, sums, first, to);
}
