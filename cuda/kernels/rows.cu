// Rows of a thread block. A block holds ROWS samples at once, one per row. Work on many rows is spread over all threads,
// element by element; the control of row r (time, step size, acceptance) belongs to thread r alone.
//
// Every sum has one order, whatever the number of rows and threads, and multiply-adds are written out: a sample's bits
// do not depend on the configuration or on the other rows. Compile with --fmad=false.

// Rows lists rows in ascending order.
struct Rows {
	int n;
	int list[ROWS];
};

// select lists the rows for which wanted holds. The caller synchronises before and after.
template <class Wanted> __device__ void select(Rows &rows, const Row *row, Wanted wanted) {
	int r = threadIdx.x;
	if (r >= ROWS) return;
	int before = 0;
	for (int q = 0; q < r; q++) before += wanted(row[q]);
	if (wanted(row[r])) rows.list[before] = r;
	if (r == ROWS - 1) rows.n = before + wanted(row[r]);
}

// each calls body(row, column) for every column of every listed row, always from the same thread for the same list.
template <int WIDTH, class Body> __device__ void each(const Rows &rows, Body body) {
	for (int e = threadIdx.x; e < rows.n * WIDTH; e += THREADS) body(rows.list[e / WIDTH], e % WIDTH);
}

// Frames is where the row values of program P live: scratch of one evaluation (local), and what is needed later of the
// evaluation in a slot (keep).
template <class P> struct Frames {
	real *local, *keep; // [ROWS][P::LOCAL] and [ROWS][P::SLOTS][P::KEEP]
	int slot;

	__device__ real *l(int row) const { return local + row * P::LOCAL; }
	__device__ real *s(int row) const { return keep + (row * P::SLOTS + slot) * P::KEEP; }
	__device__ Frames at(int other) const { return Frames{local, keep, other}; }
};

// eachValue calls body(local, keep, column): one instruction, or several of one width that look at their own column.
template <int WIDTH, class P, class Body>
__device__ void eachValue(const Rows &rows, const Frames<P> &frames, Body body) {
	each<WIDTH>(rows, [&](int row, int c) { body(frames.l(row), frames.s(row), c); });
}

// gradientOf is a component of ∂L/∂z after a VJP; 0 for a field that does not depend on z.
template <class P> __device__ real gradientOf(const Frames<P> &frames, int row, int c) {
	if constexpr (P::HAS_GRADIENT) return P::gradient(frames.l(row), frames.s(row))[c];
	return 0;
}

// load4 copies four neighbours, in one access where p is aligned for it.
__device__ inline void load4(real *x, const real *p) {
#ifdef CUDA_EMULATION
	checkAligned(p, 4 * sizeof(real) > 16 ? 16 : 4 * sizeof(real));
	for (int i = 0; i < 4; i++) x[i] = p[i]; // the race checker does not see wide accesses
#else
	struct alignas(sizeof(real) * 4 > 16 ? 16 : sizeof(real) * 4) Vector { real x[4]; };
	const Vector v = *reinterpret_cast<const Vector *>(p);
	for (int i = 0; i < 4; i++) x[i] = v.x[i];
#endif
}

// Products of rows with a shared matrix: y[n] = Σ_k x[k]·w[k][n], handed to body(local, keep, n, y[n]). Weights are
// packed [K][N]. The sum has two chains, of even and odd k; narrow results are split over lanes instead.

constexpr int LANES = 8;
constexpr bool isSplit(int K, int N) { return N <= LANES && K >= 2 * LANES; }

// How many neighbouring columns and rows one thread computes: enough to use each number it loads several times, when
// there are more results than threads.
constexpr int columnsPerThread(int N) { return N % 4 == 0 && ROWS * N >= 4 * THREADS ? 4 : 1; }
constexpr int rowsPerThread(int N) {
	return ROWS * N >= 4 * THREADS * columnsPerThread(N) ? 4 : ROWS * N >= 2 * THREADS * columnsPerThread(N) ? 2 : 1;
}

template <int K, int N, class P, class X, class Body>
__device__ void splitProduct(const Rows &rows, const Frames<P> &frames, const real *w, X x, Body body) {
	const int lane = threadIdx.x % LANES;
	for (int first = 0; first < rows.n * N; first += THREADS / LANES) {
		int e = first + threadIdx.x / LANES, n = e % N;
		bool on = e < rows.n * N;
		int row = rows.list[on ? e / N : 0];
		const real *xs = x(frames.l(row), frames.s(row));
		real y = 0;
#pragma unroll
		for (int k = lane; k < K; k += LANES) y = mad(xs[k], w[k * N + n], y);
		for (int m = LANES / 2; m > 0; m /= 2) y += __shfl_xor_sync(0xffffffffu, y, m);
		if (on && lane == 0) body(frames.l(row), frames.s(row), n, y);
	}
}

// multiplyColumns adds a[.][k]·w[0..TC) to a tile of results.
template <int TR, int TC, int N> __device__ void multiplyColumns(real (&y)[TR][TC], const real (&a)[TR][4], int k, const real *w) {
	real b[4];
	if (TC == 4) load4(b, w);
	else b[0] = w[0];
#pragma unroll
	for (int i = 0; i < TR; i++)
#pragma unroll
		for (int j = 0; j < TC; j++) y[i][j] = mad(a[i][k], b[j], y[i][j]);
}

template <int K, int N, int TR, int TC, class P, class X, class Body>
__device__ void tileProduct(const Rows &rows, const Frames<P> &frames, const real *w, X x, Body body) {
	constexpr int COLUMNS = N / TC;
	const int tiles = (rows.n + TR - 1) / TR * COLUMNS;
	for (int e = threadIdx.x; e < tiles; e += THREADS) {
		const int n0 = e % COLUMNS * TC, p0 = e / COLUMNS * TR;
		const real *xs[TR];
#pragma unroll
		for (int i = 0; i < TR; i++) {
			int row = rows.list[min(p0 + i, rows.n - 1)];
			xs[i] = x(frames.l(row), frames.s(row));
		}
		real y[2][TR][TC] = {};
#pragma unroll(TR *TC > 4 ? 1 : 4)
		for (int k0 = 0; k0 < K / 4 * 4; k0 += 4) {
			real a[TR][4];
#pragma unroll
			for (int i = 0; i < TR; i++) load4(a[i], xs[i] + k0);
#pragma unroll
			for (int k = 0; k < 4; k++) multiplyColumns<TR, TC, N>(y[k % 2], a, k, w + (k0 + k) * N + n0);
		}
#pragma unroll
		for (int k = K / 4 * 4; k < K; k++) {
			real a[TR][4];
#pragma unroll
			for (int i = 0; i < TR; i++) a[i][0] = xs[i][k];
			multiplyColumns<TR, TC, N>(y[k % 2], a, 0, w + k * N + n0);
		}
#pragma unroll
		for (int i = 0; i < TR; i++) {
			if (p0 + i >= rows.n) break;
			int row = rows.list[p0 + i];
#pragma unroll
			for (int j = 0; j < TC; j++) body(frames.l(row), frames.s(row), n0 + j, y[0][i][j] + y[1][i][j]);
		}
	}
}

template <int K, int N, class P, class X, class Body>
__device__ void product(const Rows &rows, const Frames<P> &frames, const real *w, X x, Body body) {
	if constexpr (isSplit(K, N)) splitProduct<K, N>(rows, frames, w, x, body);
	else tileProduct<K, N, rowsPerThread(N), columnsPerThread(N)>(rows, frames, w, x, body);
}

// Column is a thread's column of packed weights, held in registers through a whole solve. It is for blocks with so few
// rows that shared memory could not deliver the weights as fast as they are used. The thread count is a multiple of N.
template <int K, int N> struct Column {
	real w[K];

	__device__ explicit Column(const real *packed) {
#pragma unroll
		for (int k = 0; k < K; k++) w[k] = packed[k * N + threadIdx.x % N];
	}
};

// columnProduct is product with weights in registers, in the same order.
template <int K, int N, class P, class X, class Body>
__device__ void columnProduct(const Rows &rows, const Frames<P> &frames, const Column<K, N> &column, X x, Body body) {
	for (int e = threadIdx.x; e < rows.n * N; e += THREADS) {
		int row = rows.list[e / N];
		const real *xs = x(frames.l(row), frames.s(row));
		real y[2] = {};
#pragma unroll
		for (int k0 = 0; k0 < K; k0 += 4) {
			real a[4];
			load4(a, xs + k0);
#pragma unroll
			for (int k = 0; k < 4; k++) y[k % 2] = mad(a[k], column.w[k0 + k], y[k % 2]);
		}
		body(frames.l(row), frames.s(row), e % N, y[0] + y[1]);
	}
}

// Terms are the evaluations that count in a sum over samples: slots of each listed row, with a weight each.
struct Terms {
	const int *slots;
	int n;
	const real *weight; // [listed row][n]; null means 1
};

__device__ inline real weightOf(const Terms &terms, int p, int j) {
	return terms.weight ? terms.weight[p * terms.n + j] : real(1);
}

// outerSum adds Σ weight·x[i]·y[j] over the rows and terms to sum[i][j]. One thread owns an element for good.
template <int NI, int NJ, class P, class X, class Y>
__device__ void outerSum(const Rows &rows, const Frames<P> &frames, const Terms &terms, real *sum, X x, Y y) {
	constexpr int TI = NI % 4 == 0 && NI * NJ >= 16 * THREADS ? 4 : 1, TJ = NJ % 4 == 0 && NI * NJ >= 4 * THREADS ? 4 : 1;
	constexpr int COLUMNS = NJ / TJ;
	for (int e = threadIdx.x; e < NI / TI * COLUMNS; e += THREADS) {
		const int i0 = e / COLUMNS * TI, j0 = e % COLUMNS * TJ;
		real total[TI][TJ] = {};
		for (int p = 0; p < rows.n; p++)
			for (int q = 0; q < terms.n; q++) {
				const Frames<P> f = frames.at(terms.slots[q]);
				real *l = f.l(rows.list[p]), *s = f.s(rows.list[p]);
				const real weight = weightOf(terms, p, q);
				real b[4];
				if (TJ == 4) load4(b, y(l, s) + j0);
				else b[0] = y(l, s)[j0];
#pragma unroll
				for (int i = 0; i < TI; i++) {
					real a = weight * x(l, s)[i0 + i];
#pragma unroll
					for (int j = 0; j < TJ; j++) total[i][j] = mad(a, b[j], total[i][j]);
				}
			}
#pragma unroll
		for (int i = 0; i < TI; i++)
#pragma unroll
			for (int j = 0; j < TJ; j++) sum[(i0 + i) * NJ + j0 + j] += total[i][j];
	}
}

// columnSum adds Σ weight·x[i] over the rows and terms to sum[i].
template <int N, class P, class X>
__device__ void columnSum(const Rows &rows, const Frames<P> &frames, const Terms &terms, real *sum, X x) {
	for (int i = threadIdx.x; i < N; i += THREADS) {
		real total = 0;
		for (int p = 0; p < rows.n; p++)
			for (int q = 0; q < terms.n; q++) {
				const Frames<P> f = frames.at(terms.slots[q]);
				total = mad(weightOf(terms, p, q), x(f.l(rows.list[p]), f.s(rows.list[p]))[i], total);
			}
		sum[i] += total;
	}
}
