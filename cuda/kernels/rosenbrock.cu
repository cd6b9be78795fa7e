// Steps of a Rosenbrock method: solver.Rosenbrock. Each row has the Jacobian of its state's slope where its step begins, and
// solves SYSTEMS linear systems with it, one after another; the elements of all rows are spread over the threads, the
// factors of a row belong to thread r alone. Of the vectors of a step the first is the slope where it begins, the last that
// where it ends.

// Linear is what a tile of rows with so many components in their state holds beside slopes.
template <int WIDTH> struct Linear {
	real jacobian[ROWS * WIDTH * WIDTH], factors[ROWS * WIDTH * WIDTH];
	real inTime[ROWS * WIDTH]; // the derivative of the slope for t
	int pivot[ROWS * WIDTH];

	__device__ real &of(int r, int i, int c) { return jacobian[(r * WIDTH + i) * WIDTH + c]; }

	// factor makes the factors of I − h·GAMMA·J with partial pivoting, of row r.
	__device__ void factor(int r, double h) {
		real *a = factors + r * WIDTH * WIDTH;
		const real x = real(-h * GAMMA);
		for (int i = 0; i < WIDTH; i++)
			for (int c = 0; c < WIDTH; c++) a[i * WIDTH + c] = mad(x, of(r, i, c), real(i == c));
		for (int k = 0; k < WIDTH; k++) {
			const int p = largest(a, k);
			pivot[r * WIDTH + k] = p;
			if (p != k)
				for (int c = 0; c < WIDTH; c++) exchange(a[k * WIDTH + c], a[p * WIDTH + c]);
			for (int i = k + 1; i < WIDTH; i++) {
				const real w = a[i * WIDTH + k] /= a[k * WIDTH + k];
				for (int c = k + 1; c < WIDTH; c++) a[i * WIDTH + c] = mad(-w, a[k * WIDTH + c], a[i * WIDTH + c]);
			}
		}
	}

	// largest is the row at or below k with the largest number in column k.
	static __device__ int largest(const real *a, int k) {
		int best = k;
		for (int i = k + 1; i < WIDTH; i++)
			if (MATH(fabs)(a[i * WIDTH + k]) > MATH(fabs)(a[best * WIDTH + k])) best = i;
		return best;
	}

	static __device__ void exchange(real &a, real &b) {
		const real was = a;
		a = b;
		b = was;
	}

	// solve replaces the right-hand side of row r by the solution.
	__device__ void solve(int r, real *b) const {
		const real *a = factors + r * WIDTH * WIDTH;
		for (int k = 0; k < WIDTH; k++) exchange(b[k], b[pivot[r * WIDTH + k]]);
		for (int i = 1; i < WIDTH; i++)
			for (int c = 0; c < i; c++) b[i] = mad(-a[i * WIDTH + c], b[c], b[i]);
		for (int i = WIDTH - 1; i >= 0; i--) {
			for (int c = i + 1; c < WIDTH; c++) b[i] = mad(-a[i * WIDTH + c], b[c], b[i]);
			b[i] /= a[i * WIDTH + i];
		}
	}
};

// timeWeight is that of slope i of three at these times in the derivative at the first: solver.TimeWeights.
__device__ inline double timeWeight(int i, double t0, double t1, double t2) {
	const double a = t1 - t0, b = t2 - t0;
	if (a == 0 || b == 0 || a == b) return 0;
	return i == 0 ? -(a + b) / (a * b) : i == 1 ? b / (a * (b - a)) : -a / (b * (b - a));
}

// Systems takes the steps of the active rows of an integration.
template <class Integration> struct Systems {
	typedef typename Integration::Memory T;
	typedef typename Integration::Program P;
	static constexpr int WIDTH = T::WIDTH, LAST = STAGES - 1;
	static constexpr bool ALONE = Integration::FORM == ADJOINT_ALONE;

	Integration &in;
	T &tile;

	__device__ explicit Systems(Integration &in) : in(in), tile(in.tile) {}

	// isTimed reports whether the slope depends on t.
	__device__ bool isTimed() const {
		return ALONE || P::READS_TIME || (P::READS_INPUTS && in.pass.call.signals > 0);
	}

	// step computes the vectors of a step after the first.
	__device__ void step() {
		linearize();
		if (in.ownsRow() && in.mine().phase == ACTIVE) tile.linear.factor(threadIdx.x, in.mine().step);
#pragma unroll 1
		for (int i = 0; i <= SYSTEMS - ENDS_IN_STAGE; i++) { // one loop, so that the field's code is there once
			const int from = i == 0 ? 0 : i == SYSTEMS - ENDS_IN_STAGE ? LAST : i + 1;
			if (i > 0) evaluate(from);
			if (i < SYSTEMS) solve(i, from);
		}
		if (in.ownsRow() && in.mine().phase == ACTIVE) in.mine().nfe += SYSTEMS - ENDS_IN_STAGE;
	}

	// arguments writes x(row, c), at a fraction of the step, into the frames.
	template <class X> __device__ void arguments(const Rows &rows, X x, double fraction) {
		each<WIDTH>(rows, [&](int r, int c) { tile.argument(r, 0, c) = x(r, c); });
		const Frames<P> f = tile.frames(0);
		if constexpr (ALONE)
			each<DIM>(rows, [&](int r, int c) {
				P::z(f.l(r), f.s(r))[c] = in.pass.along(tile.row[r], tile.row[r].at(fraction), c);
			});
		if constexpr (P::READS_TIME)
			each<1>(rows, [&](int r, int) { *P::time(f.l(r), f.s(r)) = real(tile.row[r].at(fraction)); });
		loadSignals(in.pass.call, tile.row, rows, f, [&](const Row &row) { return row.at(fraction); });
		__syncthreads();
	}

	// ask evaluates the derivative of the state at such arguments.
	template <class X> __device__ void ask(const Rows &rows, X x, double fraction) {
		arguments(rows, x, fraction);
		P::forward(rows, tile.frames(0), in.w, in.registers);
		if constexpr (ALONE) {
			__syncthreads();
			P::backward(rows, tile.frames(0), in.w, in.registers);
		}
		__syncthreads();
	}

	// ahead is component c of the state and the first n vectors with these weights.
	__device__ real ahead(int r, int c, const double *weights, int n) {
		real sum = 0;
		for (int j = 0; j < n; j++) sum = mad(real(weights[j]), tile.slope(r, j, c), sum);
		return mad(real(tile.row[r].step), sum, tile.state(r, c));
	}

	// evaluate computes the slope at the argument that belongs to a vector. The last may be needed before the one before it.
	__device__ void evaluate(int vector) {
		const int known = vector == LAST && ENDS_IN_STAGE ? SYSTEMS : vector;
		ask(tile.active, [&](int r, int c) { return ahead(r, c, A[vector], known); }, C[vector]);
		each<WIDTH>(tile.active, [&](int r, int c) { tile.slope(r, vector, c) = tile.derivative(r, vector, c); });
		__syncthreads();
	}

	// solve makes vector i + 1 of the slope in another.
	__device__ void solve(int i, int from) {
		each<WIDTH>(tile.active, [&](int r, int c) {
			real v = mad(real(tile.row[r].step * D[i]), tile.linear.inTime[r * WIDTH + c], tile.slope(r, from, c));
			for (int j = 0; j < i; j++) v = mad(real(G[i][j]), tile.slope(r, j + 1, c), v);
			tile.slope(r, i + 1, c) = real(GAMMA) * v;
		});
		__syncthreads();
		if (in.ownsRow() && in.mine().phase == ACTIVE) tile.linear.solve(threadIdx.x, &tile.slope(threadIdx.x, i + 1, 0));
		__syncthreads();
	}

	// linearize finds the derivatives of the slope for the state and for t, of the rows that do not know them.
	__device__ __noinline__ void linearize() {
		select(tile.fresh, tile.row, [](const Row &r) { return r.phase == ACTIVE && !r.knows; });
		__syncthreads();
		const Rows &rows = tile.fresh;
		if (rows.n == 0) return;
		arguments(rows, [&](int r, int c) { return tile.state(r, c); }, 0.0);
		P::forward(rows, tile.frames(0), in.w, in.registers);
		__syncthreads();
#pragma unroll 1
		for (int d = 0; d < DIM; d++) product(rows, d);
		each<WIDTH>(rows, [&](int r, int c) { tile.linear.inTime[r * WIDTH + c] = 0; });
		if (isTimed()) inTime(rows);
		__syncthreads();
		if (in.ownsRow() && in.mine().phase == ACTIVE && !in.mine().knows) {
			in.mine().knows = true;
			in.mine().jacobians++;
			in.mine().nfe += isTimed() ? 2 : 0;
		}
		__syncthreads();
	}

	// product takes unit cotangent d through the field: a row of ∂f/∂z. The adjoint's Jacobian is −(∂f/∂z)ᵀ.
	__device__ void product(const Rows &rows, int d) {
		const Frames<P> f = tile.frames(0);
		each<DIM>(rows, [&](int r, int c) { P::cotangent(f.l(r), f.s(r))[c] = c == d; });
		__syncthreads();
		P::backward(rows, f, in.w, in.registers);
		__syncthreads();
		each<DIM>(rows, [&](int r, int c) {
			if (ALONE) tile.linear.of(r, c, d) = -gradientOf(f, r, c);
			else tile.linear.of(r, d, c) = gradientOf(f, r, c);
		});
	}

	// inTime is the derivative for t, from the slopes at three times in the step; the last vector holds them.
	__device__ void inTime(const Rows &rows) {
		const auto at = [&](int r, int i) {
			const double t = tile.row[r].at(i * TIME_FRACTION);
			return ALONE ? t : double(real(t)); // the field alone sees the time, and rounds it
		};
#pragma unroll 1
		for (int i = 0; i < 3; i++) {
			if (i > 0) ask(rows, [&](int r, int c) { return tile.state(r, c); }, i * TIME_FRACTION);
			each<WIDTH>(rows, [&](int r, int c) {
				const real slope = i > 0 ? tile.derivative(r, LAST, c) : tile.slope(r, 0, c);
				real &sum = tile.linear.inTime[r * WIDTH + c];
				sum = mad(real(timeWeight(i, at(r, 0), at(r, 1), at(r, 2))), slope, sum);
			});
			__syncthreads();
		}
	}

	// quadrature adds −∫ aᵀ ∂f/∂θ dt over the rows' steps, weighted, and the same for the inputs, by Gauss's on the dense output.
	// It leaves the steps' results where they were.
	template <class Pass> __device__ void quadrature(Pass &pass, const Rows &rows) {
#pragma unroll 1
		for (int n = 0; n < NODES; n++) {
			ask(rows, [&](int r, int c) { return ahead(r, c, NODE[n], STAGES); }, NODE_AT[n]);
			for (int e = threadIdx.x; e < rows.n; e += THREADS) {
				Row &row = tile.row[rows.list[e]];
				tile.weight[e] = real(-row.step * NODE_WEIGHT[n]) * pass.weightOf(row);
				row.nfe++;
			}
			__syncthreads();
			pass.add(rows, EVERY_SLOT, 1, [&](int) { return NODE_AT[n]; }); // the first
			__syncthreads();
		}
		each<WIDTH>(rows, [&](int r, int c) { tile.argument(r, LAST, c) = ahead(r, c, A[LAST], LAST); });
	}
};
