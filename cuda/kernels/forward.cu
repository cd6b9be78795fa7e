// The forward solve: samples from t0 to t1, states at the save times, and for two of the gradients a record of
// the accepted steps.

struct ForwardPass {
#if ROSENBROCK
	typedef FieldVJP Program;
#else
	typedef Field Program;
#endif
	static constexpr Form FORM = SOLUTION;
	static constexpr bool CHECKS = false;
	typedef Tile<Program, FORM> Memory;

	const Call &call;
	const Batch &batch;
	Memory &tile;
	bool recording;
	long long recorded = 0; // steps of this block

	__device__ ForwardPass(const Call &call, const Batch &batch, Memory &tile, bool recording)
		: call(call), batch(batch), tile(tile), recording(recording) {}

	__device__ int cancelled() { return isCancelled(call); }

	__device__ bool begin(Row &row) {
		if (isLeftOut(call, row.sample)) return false;
		findData(call, batch, row);
		const double *span = spanOf(call, row.data);
		enterSegment(call, row, span[0], span[1]);
		if (recording) call.recordLast[row.sample] = -1;
		return true;
	}

	__device__ real load(const Row &row, int, int c) { return call.z0[row.data * DIM + c]; }

	__device__ real *saved(const Row &row, int j) { return call.saved + (row.save + j) * DIM; }

	// begun loads the inputs, saves what is due at t0 and marks the rest as not reached.
	__device__ void begun(const Rows &rows) {
		loadInputs(call, tile.row, rows, tile.frames(0));
		if (call.saves == 0) return;
		each<DIM>(rows, [&](int r, int c) {
			const Row &row = tile.row[r];
			int j = 0;
			for (; j < row.saves && isDue(row, saveTime(call, row, j), row.t0); j++) saved(row, j)[c] = load(row, r, c);
			for (; j < row.saves; j++) saved(row, j)[c] = NAN;
		});
		if (threadIdx.x < ROWS && tile.row[threadIdx.x].accept < 0) pass(tile.row[threadIdx.x]);
	}

	// pass counts the save times up to now.
	__device__ void pass(Row &row) {
		while (row.left < row.saves && isDue(row, saveTime(call, row, row.left), row.t)) row.left++;
	}

	__device__ void settled(Row &row) { pass(row); }

	template <class Integration> __device__ void accepted(const Rows &rows, Integration &) {
		if (recording) record(rows);
		if (call.saves == 0) return;
		each<DIM>(rows, [&](int r, int c) {
			const Row &row = tile.row[r];
			const double end = row.end;
			for (int j = row.left; j < row.saves; j++) {
				const double t = saveTime(call, row, j);
				if (!isDue(row, t, end)) break;
				saved(row, j)[c] = t == end ? tile.argument(r, STAGES - 1, c) : dense(r, t, c);
			}
		});
	}

	// dense is component c at time t within the step just accepted.
	__device__ real dense(int r, double t, int c) {
		const Row &row = tile.row[r];
		real z = tile.state(r, c);
		for (int i = 0; i < STAGES; i++)
			z = mad(real(row.step * polynomial(DENSE[i], (t - row.t) / row.step)), tile.slope(r, i, c), z);
		return z;
	}

	// record keeps the steps in the block's part of the arena. Those that do not fit are counted only.
	__device__ void record(const Rows &rows) {
		const long long base = blockIdx.x * call.recordCapacity;
		for (int p = threadIdx.x; p < rows.n; p += THREADS) {
			const Row &row = tile.row[rows.list[p]];
			long long i = recorded + p;
			if (i >= call.recordCapacity) continue;
			call.recordT[base + i] = row.t;
			call.recordH[base + i] = row.step;
			call.recordPrevious[base + i] = call.recordLast[row.sample];
			call.recordLast[row.sample] = int(i);
		}
		for (int e = threadIdx.x; e < rows.n * DIM; e += THREADS) {
			long long i = recorded + e / DIM;
			if (i < call.recordCapacity) keep(base + i, rows.list[e / DIM], e % DIM);
		}
		recorded += rows.n;
	}

	// keep records component c: the state, and for the adjoint the dense output.
	__device__ void keep(long long at, int r, int c) {
		real *to = call.recordZ + at * RECORD_Z + c;
		to[0] = tile.state(r, c);
		for (int p = 0; GRADIENT == ADJOINT && p < DEGREE; p++)
			to[(p + 1) * DIM] = coefficient(p, real(tile.row[r].step), [&](int i) { return tile.slope(r, i, c); });
	}

	__device__ void store(const Row &row, int r, int c) { call.z1[placeOf(row.sample, DIM) + c] = tile.state(r, c); }

	__device__ bool finish(Row &row) {
		if (row.status == OK && row.toStop) {
			enterSegment(call, row, row.t, spanOf(call, row.data)[1]);
			return true;
		}
		reportForward(call, row);
		return false;
	}
};
