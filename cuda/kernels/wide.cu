// Rows in device memory, for fields too wide for a block. The field is evaluated by kernels and matrix products over all
// rows; between two evaluations one block per row takes the result, moves the row on and writes its next argument. Rows are
// at different stages of different steps, each with its own time, step and acceptance, and a row whose sample is done takes
// its next: row r has the samples r, r + rows, r + 2·rows, ….
//
// A tile of TILE rows is what one matrix product multiplies. A row value lies at a fixed place of its tile's frame, row
// after row. Every sum of a sample has one order, which depends on ROW_THREADS alone.

struct WideRow : Row {
	int stage; // whose evaluation the row waits for
	int tick;  // evaluations since the pass began
	int ready; // whether the row has added terms of ∂L/∂θ
};
static_assert(sizeof(WideRow) <= WIDE_ROW_BYTES, "WideRowBytes is too small");

// Kept is a row value that sums over samples read: its place in a frame, and in what a row keeps of an evaluation.
struct Kept {
	int at, stride, width, keep;
};

// Term is a factor of such sums: its place in Call.ready, and whether it carries the weight.
struct Term {
	int value, at, weighted;
};

// columns calls body(c) for every column, always from the same thread.
template <class Body> __device__ void columns(int width, Body body) {
	for (int c = threadIdx.x; c < width; c += ROW_THREADS) body(c);
}

__device__ inline WideRow *controlOf(const Call &call, int r) {
	return reinterpret_cast<WideRow *>(static_cast<char *>(call.control) + (long long)(r) * WIDE_ROW_BYTES);
}

__device__ inline real *frameOf(const Call &call, int r) { return call.frames + (long long)(r / TILE) * FRAME; }
__device__ inline real *readyOf(const Call &call, int r) { return call.ready + (long long)(r / TILE) * READY; }

// addTerm makes row r a term in the next sums of program P: values times the weight, or zeros. from(value) is where a value lies.
template <class P, class From> __device__ void addTerm(const Call &call, int r, int slot, bool on, real weight, From from) {
	for (int q = 0; q < P::TERMS; q++) {
		const Term term = P::terms()[q];
		const Kept kept = P::kept()[term.value];
		real *to = readyOf(call, r) + term.at + (slot * TILE + r % TILE) * kept.stride;
		const real *x = from(kept);
		columns(kept.width, [&](int c) { to[c] = !on ? real(0) : term.weighted ? weight * x[c] : x[c]; });
	}
}

// joinRow joins one number of each of ROW_THREADS threads, in a fixed order; all threads have the result.
template <class Join> __device__ double joinRow(double *shared, double x, Join join) {
	__syncthreads();
	shared[threadIdx.x] = x;
	for (int n = ROW_THREADS / 2; n > 0; n /= 2) {
		__syncthreads();
		if (threadIdx.x < n) shared[threadIdx.x] = join(shared[threadIdx.x], shared[threadIdx.x + n]);
	}
	__syncthreads();
	return shared[0];
}

__device__ inline double rowSum(double *shared, double x) {
	return joinRow(shared, x, [](double a, double b) { return a + b; });
}

__device__ inline double rowMax(double *shared, double x) {
	return joinRow(shared, x, [](double a, double b) { return fmax(a, b); });
}

// clear makes ready for a solve. Any number of blocks.
extern "C" __global__ void __launch_bounds__(THREADS) clear(const Call *p) {
	const Call &call = *p;
	if (hasFailed(call)) return;
	const int first = blockIdx.x * THREADS + threadIdx.x, stride = gridDim.x * THREADS;
	if (first < COUNTERS) call.counters[first] = 0;
	if (GRADIENT == NO_GRADIENT) return;
	for (int i = first; i < FIELD_SUMS + HEAD_SUMS; i += stride) call.sums[i] = 0;
	for (int i = first; i < ONES; i += stride) call.ones[i] = 1;
	if (!RECORDS) return;
	for (long long b = first; b < call.blocks; b += stride) call.recordUsed[b] = 0;
}
