// The continuous adjoint from t1 back to t0, in spans between the save times, where a takes up the cotangent: a alone, along
// the dense output of the forward solve, or for backsolve [z, a], of which z is set to what the forward solve gave at each
// save time. ∂L/∂θ is a quadrature on the accepted steps (see solver.Reference).

struct BackwardPass {
	typedef FieldVJP Program;
	static constexpr bool ALONE = GRADIENT == ADJOINT, CHECKS = !ALONE;
	static constexpr Form FORM = ALONE ? ADJOINT_ALONE : STATE_ADJOINT;
	typedef Tile<FieldVJP, FORM> Memory;

	const Call &call;
	const Batch &batch;
	Memory &tile;
	real *sums;
	const Trajectory path; // ALONE

	__device__ BackwardPass(const Call &call, const Batch &batch, Memory &tile, real *sums)
		: call(call), batch(batch), tile(tile), sums(sums), path{call, blockIdx.x * call.recordCapacity} {}

	__device__ int cancelled() { return isCancelled(call); }

	__device__ bool begin(Row &row) {
		if (call.status[row.sample] != OK) return skipBackward(call, row.sample);
		findData(call, batch, row);
		row.left = call.savedBar ? row.saves : 0;
		const real *bar = call.cotangent + placeOf(row.sample, DIM);
		row.unit = unitOf(largestCotangent(row, bar));
		if (ALONE) row.from = call.recordLast[row.sample];
		nextSpan(row, spanOf(call, row.data)[1], isZero([&](int c) { return bar[c]; }));
		if (ALONE) {
			if (FIRST_STEP == 0) row.h = path.firstStepBack(row.from);
		} else {
			call.drift[row.sample] = 0;
		}
		return true;
	}

	__device__ real along(const Row &row, double t, int c) const { return path.state(row.from, t, c); }

	// largestCotangent is the largest magnitude in the sample's cotangents, of which bar is that of z(t1).
	__device__ double largestCotangent(const Row &row, const real *bar) const {
		real largest = 0;
		for (int c = 0; c < DIM; c++) largest = MATH(fmax)(largest, MATH(fabs)(bar[c]));
		for (int i = 0; i < row.left * DIM; i++) largest = MATH(fmax)(largest, MATH(fabs)(call.savedBar[row.save * DIM + i]));
		return largest;
	}

	template <class A> static __device__ bool isZero(A a) {
		for (int c = 0; c < DIM; c++)
			if (a(c) != 0) return false;
		return true;
	}

	// nextSpan runs from t back to the next stop or save time, or to t0. It is empty, at the next save time or t0, where a
	// rests at zero, which stays so and has no size to measure errors by.
	__device__ void nextSpan(Row &row, double t, bool rests) {
		const double target = row.left > 0 ? saveTime(call, row, row.left - 1) : spanOf(call, row.data)[0];
		enterSegment(call, row, rests ? target : t, target);
		if (ALONE) move(row, row.t0);
	}

	__device__ real load(const Row &row, int, int c) {
		const long long at = placeOf(row.sample, DIM);
		return c < Memory::ADJOINT_AT ? call.z1[at + c] : call.cotangent[at + c - Memory::ADJOINT_AT] / row.unit;
	}

	__device__ void begun(const Rows &rows) {
		loadInputs(call, tile.row, rows, tile.frames(0));
		clearInputsBar(call, tile.row, rows);
	}

	__device__ void settled(Row &row) {
		if (ALONE) move(row, row.t);
	}

	// move goes back along the trajectory to time t.
	__device__ void move(Row &row, double t) {
		if (row.from >= 0) row.from = path.find(row.from, t);
		row.limit = path.longestBack(row.from, call.recordLast[row.sample], t);
	}

	// arrived compares z with the true one, where it was integrated and that is known.
	__device__ void arrived(Row &row, int r) {
		if (row.t0 == row.t1 || row.toStop) return;
		const TrueStates truth(call, row);
		Drift drift;
		for (int c = 0; c < DIM; c++) drift.add(tile.state(r, c), truth.here(c), truth.before(c));
		judgeDrift(call, row, drift);
	}

	// weightOf is what multiplies what comes out of the row's adjoint.
	__device__ real weightOf(const Row &row) const { return sampleWeight(call, batch, row.sample) * row.unit; }

#if ROSENBROCK
	template <class Integration> __device__ void accepted(const Rows &rows, Integration &in) {
		Systems<Integration>(in).quadrature(*this, rows);
	}
#else
	// accepted adds −h·b_i·aᵀ ∂f/∂θ, weighted, at the stages with a weight b_i, and the same for the inputs.
	template <class Integration> __device__ void accepted(const Rows &rows, Integration &) {
		for (int e = threadIdx.x; e < rows.n * USED; e += THREADS) {
			const Row &row = tile.row[rows.list[e / USED]];
			tile.weight[e] = real(-row.step * B[USED_STAGE[e % USED]]) * weightOf(row);
		}
		__syncthreads();
		add(rows, USED_SLOT, USED, [](int q) { return C[USED_STAGE[q]]; });
	}
#endif

	// add accumulates so many evaluations of each row, from their slots and with their weights, at these fractions of the
	// step.
	template <class At> __device__ void add(const Rows &rows, const int *slots, int evaluations, At at) {
		const Terms terms{slots, evaluations, tile.weight};
		FieldVJP::accumulate(rows, tile.frames(0), terms, sums);
		sumInputsBar(call, tile.row, rows, tile.frames(0), terms,
			[&](const Row &row, int q) { return row.at(at(q)); });
	}

	// store passes a stop or a save time, or takes the result.
	__device__ void store(const Row &row, int r, int c) {
		if (row.status == OK && row.toStop) return;
		if (row.status == OK && row.left > 0) {
			long long at = (row.save + row.left - 1) * DIM;
			if (c < Memory::ADJOINT_AT) tile.state(r, c) = call.saved[at + c];
			else tile.state(r, c) += call.savedBar[at + c - Memory::ADJOINT_AT] / row.unit;
		} else if (c >= Memory::ADJOINT_AT) {
			call.z0Bar[placeOf(row.sample, DIM) + c - Memory::ADJOINT_AT] =
				row.status == OK ? weightOf(row) * tile.state(r, c) : real(0);
		}
	}

	__device__ bool finish(Row &row) {
		if (row.status == OK && (row.toStop || row.left > 0)) {
			if (!row.toStop) row.left--;
			nextSpan(row, row.t1, isZero([&](int c) { return tile.state(threadIdx.x, Memory::ADJOINT_AT + c); }));
			return true;
		}
		reportBackward(call, row);
		return false;
	}
};

typedef BackwardPass::Memory BackwardMemory;

__device__ void backward(const Call &call, const Batch &batch, BackwardMemory &m, const real *w, real *sums, int from, int to) {
	BackwardPass pass(call, batch, m, sums);
	Integration<BackwardMemory, BackwardPass>(m, pass, w, from, to).run();
}
