// A tile integrates the samples of a block, a few at a time: each row holds one sample with its own time, step and
// acceptance, and takes the next sample of the block when its own is done. solver.Integrate says what a row computes.
//
// The forward solve and the continuous adjoint are both tiles. The pass says where samples come from and go:
//
//	Program, FORM               the plan; what is integrated with it
//	bool begin(Row &)           sets the span of row.sample; false when there is nothing to solve
//	real load(Row, row, c)      the state the sample starts from
//	void begun(rows)            all threads: the samples of the rows have just been loaded
//	void accepted(rows, in)     all threads: the steps of the rows are accepted, their states not yet moved on
//	real along(Row &, t, c)     with ADJOINT_ALONE: z(t)
//	void settled(Row &)         the row has moved on
//	void arrived(Row &, row)    with CHECKS: a span is over, its result not yet taken; may fail the row
//	void store(Row, row, c)     takes the result
//	bool finish(Row &)          the same for what the row's control knows; true: the sample has another span to go

constexpr int POLL = 16; // rounds between two looks at the cancel flag

template <class P, Form FORM> struct Tile {
	static constexpr int WIDTH = FORM == STATE_ADJOINT ? 2 * DIM : DIM;
	static constexpr int ADJOINT_AT = FORM == ADJOINT_ALONE ? 0 : DIM; // where a begins
	real local[ROWS * P::LOCAL], keep[ROWS * P::SLOTS * P::KEEP];
	real z[ROWS * WIDTH], k[ROWS * STAGES * WIDTH], square[ROWS * WIDTH];
	real weight[ROWS * STAGES]; // of the terms in a sum over accepted steps
#if ROSENBROCK
	Linear<WIDTH> linear;
#endif
	Row row[ROWS];
	Rows active, fresh, moved;
	int stop;

	__device__ real &state(int r, int c) { return z[r * WIDTH + c]; }
	__device__ real &slope(int r, int stage, int c) { return k[(r * STAGES + stage) * WIDTH + c]; }
	__device__ Frames<P> frames(int stage) { return Frames<P>{local, keep, P::slot(stage)}; }

	// argument is where component c of the argument of a stage goes.
	__device__ real &argument(int r, int stage, int c) {
		Frames<P> f = frames(stage);
		if constexpr (FORM != SOLUTION)
			if (c >= ADJOINT_AT) return P::cotangent(f.l(r), f.s(r))[c - ADJOINT_AT];
		return P::z(f.l(r), f.s(r))[c];
	}

	// derivative is component c of the slope that the last evaluation left.
	__device__ real derivative(int r, int stage, int c) {
		Frames<P> f = frames(stage);
		if constexpr (FORM != SOLUTION)
			if (c >= ADJOINT_AT) return -gradientOf(f, r, c - ADJOINT_AT);
		return P::output(f.l(r), f.s(r))[c];
	}
};

template <class T, class Pass> struct Integration {
	typedef T Memory;
	typedef typename Pass::Program Program;
	static constexpr Form FORM = Pass::FORM;

	T &tile;
	Pass &pass;
	const real *w;
	const typename Pass::Program::Registers registers; // weights
	int next, end; // of the samples; known to the threads that own rows
	long long rounds = 0, busy = 0;

	__device__ Integration(T &tile, Pass &pass, const real *w, int from, int to)
		: tile(tile), pass(pass), w(w), registers(w), next(from), end(to) {}

	__device__ bool ownsRow() const { return threadIdx.x < ROWS; }
	__device__ Row &mine() { return tile.row[threadIdx.x]; }

	// run integrates all samples.
	__device__ void run() {
		if (ownsRow()) mine() = Row{};
		__syncthreads();
		for (int round = 0;; round++) {
			retire();
			if (!fill(round)) return;
			if (tile.stop) {
				cancel();
				continue;
			}
			evaluate();
			judge();
			advance();
		}
	}

	// retire hands over the results of the rows that are done.
	__device__ void retire() {
		select(tile.moved, tile.row, [](const Row &r) { return r.phase == DONE; });
		__syncthreads();
		if (tile.moved.n == 0) return;
		if constexpr (Pass::CHECKS) {
			if (ownsRow() && mine().phase == DONE && mine().status == OK) pass.arrived(mine(), threadIdx.x);
			__syncthreads();
		}
		each<T::WIDTH>(tile.moved, [&](int r, int c) { pass.store(tile.row[r], r, c); });
		__syncthreads();
		if (ownsRow() && mine().phase == DONE) {
			mine().phase = IDLE;
			if (pass.finish(mine())) enter(mine());
		}
		__syncthreads();
	}

	// enter starts a span. The step size is the pass's, or that of the span before; 0 asks for the starting rule.
	__device__ void enter(Row &row) {
		row.phase = row.enter() ? FRESH : DONE;
		row.knows = false;
	}

	// fill gives the next samples to the idle rows. It returns false when there is nothing left to do.
	__device__ bool fill(int round) {
		int sample = -1;
		if (ownsRow()) {
			int before = 0, idle = 0;
			for (int q = 0; q < ROWS; q++) {
				if (q == threadIdx.x) before = idle;
				idle += tile.row[q].phase == IDLE;
			}
			if (mine().phase == IDLE && next + before < end) sample = next + before;
			next = min(end, next + idle);
		}
		if (threadIdx.x == 0 && round % POLL == 0) tile.stop = pass.cancelled();
		__syncthreads();
		if (sample >= 0) {
			mine().sample = sample;
			mine().accepted = mine().rejected = mine().nfe = mine().jacobians = mine().left = 0;
			mine().h = mine().limit = 0;
			if (pass.begin(mine())) {
				enter(mine());
				mine().accept = -1; // just begun
			}
		}
		int work = __syncthreads_or(ownsRow() && (mine().phase != IDLE || next < end));
		if (!work) return false;
		select(tile.fresh, tile.row, [](const Row &r) { return r.phase != IDLE && r.accept < 0; });
		__syncthreads();
		each<T::WIDTH>(tile.fresh, [&](int r, int c) { tile.state(r, c) = pass.load(tile.row[r], r, c); });
		pass.begun(tile.fresh);
		__syncthreads();
		if (ownsRow()) mine().accept = 0;
		return true;
	}

	// cancel ends every sample that is not done.
	__device__ void cancel() {
		if (ownsRow() && mine().phase != IDLE && mine().phase != DONE) {
			mine().status = CANCELLED;
			mine().phase = DONE;
		}
		__syncthreads();
	}

	// rms is the root mean square of x(c) over the components.
	template <class X> static __device__ double rms(X x) {
		double sum = 0;
		for (int c = 0; c < T::WIDTH; c++) {
			double v = x(c);
			sum += v * v;
		}
		return sqrt(sum / T::WIDTH);
	}

	template <class X> static __device__ bool allFinite(X x) {
		bool finite = true;
		for (int c = 0; c < T::WIDTH; c++) finite = finite && x(c);
		return finite;
	}

	// The evaluations of a round: for the rows that begin a span, the first slope and the probe of the starting rule, then
	// the stages after the first of all rows. One loop, so that the field's code is there once.
	enum { FIRST = -1, PROBE = 0 };

	__device__ void evaluate() {
		select(tile.fresh, tile.row, [](const Row &r) { return r.phase == FRESH; });
		__syncthreads();
		for (int e = tile.fresh.n > 0 ? FIRST : 1; e < (ROSENBROCK ? 1 : STAGES); e++) {
			if (e == 1) beginStages();
			const Rows &rows = e < 1 ? tile.fresh : tile.active;
			if (rows.n == 0) continue;
			const int stage = e == FIRST ? 0 : e == PROBE ? 1 : e;
			stageArguments(rows, stage, e == PROBE);
			__syncthreads();
			Pass::Program::forward(rows, tile.frames(stage), w, registers);
			if constexpr (Pass::FORM != SOLUTION) {
				__syncthreads();
				Pass::Program::backward(rows, tile.frames(stage), w, registers);
			}
			__syncthreads();
			// One thread owns an element throughout: its slope and its next argument need no barrier in between.
			each<T::WIDTH>(rows, [&](int r, int c) { tile.slope(r, stage, c) = tile.derivative(r, stage, c); });
			if (e < 1) chooseFirstSteps(e);
		}
#if ROSENBROCK
		beginStages();
		Systems<Integration>(*this).step();
#endif
		each<T::WIDTH>(tile.active, [&](int r, int c) { tile.square[r * T::WIDTH + c] = scaledError(r, c); });
		__syncthreads();
	}

	// beginStages lists the rows that try a step.
	__device__ void beginStages() {
		select(tile.active, tile.row, [](const Row &r) { return r.phase == ACTIVE; });
		if (ownsRow() && mine().phase == ACTIVE) mine().tryStep();
		__syncthreads();
		rounds++;
		busy += tile.active.n;
	}

	// stageArguments writes the arguments of a stage into the frames: z + h·Σ a·k at t + c·h.
	__device__ void stageArguments(const Rows &rows, int stage, bool probe) {
		each<T::WIDTH>(rows, [&](int r, int c) {
			real sum = 0;
			for (int j = 0; j < stage; j++) sum = mad(probe ? real(1) : real(A[stage][j]), tile.slope(r, j, c), sum);
			tile.argument(r, stage, c) = mad(real(tile.row[r].step), sum, tile.state(r, c));
		});
		typedef typename Pass::Program P;
		const Frames<P> f = tile.frames(stage);
		const auto time = [&](const Row &row) { return row.at(probe ? 1.0 : C[stage]); };
		if constexpr (Pass::FORM == ADJOINT_ALONE)
			each<DIM>(rows, [&](int r, int c) { P::z(f.l(r), f.s(r))[c] = pass.along(tile.row[r], time(tile.row[r]), c); });
		if constexpr (P::READS_TIME)
			each<1>(rows, [&](int r, int) { *P::time(f.l(r), f.s(r)) = real(time(tile.row[r])); });
		loadSignals(pass.call, tile.row, rows, f, time);
	}

	// chooseFirstSteps takes the rows that begin through the starting rule.
	__device__ void chooseFirstSteps(int e) {
		__syncthreads();
		if (ownsRow() && mine().phase == FRESH) {
			if (e == FIRST) firstSlope(mine(), threadIdx.x);
			else probe(mine(), threadIdx.x);
		}
		__syncthreads();
		if (e == FIRST) {
			select(tile.fresh, tile.row, [](const Row &r) { return r.phase == FRESH; });
			__syncthreads();
		}
	}

	// firstSlope measures the start and its slope. A row that wants to probe stays fresh.
	__device__ void firstSlope(Row &row, int r) {
		row.nfe++;
		Measure m = {};
		m.finite = allFinite([&](int c) { return isFinite(tile.state(r, c)) && isFinite(tile.slope(r, 0, c)); });
		if (row.needsNorms()) {
			m.first = rms([&](int c) { return double(tile.state(r, c)) / scale(r, c); });
			m.second = rms([&](int c) { return double(tile.slope(r, 0, c)) / scale(r, c); });
		}
		if (!row.firstSlope(m)) row.phase = row.isDone() ? DONE : ACTIVE;
	}

	// atol and rtol are the tolerances of component c.
	static __device__ double atol(int c) { return c < T::ADJOINT_AT ? atolOf(c) : ATOL; }
	static __device__ double rtol(int c) { return c < T::ADJOINT_AT ? rtolOf(c) : RTOL; }
	__device__ double scale(int r, int c) { return atol(c) + rtol(c) * fabs(double(tile.state(r, c))); }

	// probe measures the slope's change.
	__device__ void probe(Row &row, int r) {
		row.probe(Measure{true, rms([&](int c) { return double(tile.slope(r, 1, c) - tile.slope(r, 0, c)) / scale(r, c); }), 0});
		row.nfe++;
		row.phase = ACTIVE;
	}

	__device__ real scaledError(int r, int c) {
		real sum = 0;
		for (int j = 0; j < STAGES; j++) sum = mad(real(E[j]), tile.slope(r, j, c), sum);
		const real scale = mad(real(rtol(c)), size(r, c), real(atol(c))), error = real(tile.row[r].step) * sum;
		if (scale == 0 && (Pass::FORM == ADJOINT_ALONE || error == 0)) return 0; // zeros stay so without error
		return error / scale;
	}

	// size is what the error of a component is measured by: its own size, or where a stands alone the row's largest.
	__device__ real size(int r, int c) {
		constexpr bool SHARED = Pass::FORM == ADJOINT_ALONE;
		real largest = 0;
		for (int j = SHARED ? 0 : c; j < (SHARED ? T::WIDTH : c + 1); j++)
			largest = MATH(fmax)(largest, MATH(fmax)(MATH(fabs)(tile.state(r, j)), MATH(fabs)(tile.argument(r, STAGES - 1, j))));
		return largest;
	}

	// finiteTrial reports whether the trial step stayed finite: its result and its last slope.
	__device__ bool finiteTrial(int r) {
		return allFinite([&](int c) {
			return isFinite(tile.argument(r, STAGES - 1, c)) && isFinite(tile.slope(r, STAGES - 1, c));
		});
	}

	// judge measures the steps of the active rows.
	__device__ void judge() {
		if (ownsRow() && mine().phase == ACTIVE) {
			const int r = threadIdx.x;
			if (!ROSENBROCK) mine().nfe += STAGES - 1;
			mine().judge(Measure{finiteTrial(r), rms([&](int c) { return double(tile.square[r * T::WIDTH + c]); }), 0});
		}
		__syncthreads();
	}

	// advance moves the accepted rows on and sets the next step of all.
	__device__ void advance() {
		select(tile.moved, tile.row, [](const Row &r) { return r.phase == ACTIVE && r.accept; });
		__syncthreads();
		if (tile.moved.n > 0) {
			pass.accepted(tile.moved, *this);
			each<T::WIDTH>(tile.moved, [&](int r, int c) {
				tile.state(r, c) = tile.argument(r, STAGES - 1, c);
				tile.slope(r, 0, c) = tile.slope(r, STAGES - 1, c);
			});
			__syncthreads();
			keepLast();
		}
		if (ownsRow() && mine().phase == ACTIVE) settle(mine());
		__syncthreads();
	}

	// keepLast makes what is kept of the last stage what is kept of the next step's first.
	__device__ void keepLast() {
		typedef typename Pass::Program P;
		if constexpr (P::SLOTS > 1)
			each<P::KEEP>(tile.moved, [&](int r, int c) {
				tile.frames(0).s(r)[c] = tile.frames(STAGES - 1).s(r)[c];
			});
	}

	// settle moves a row on.
	__device__ void settle(Row &row) {
		row.settle();
		if (row.accept) row.knows = false;
		if (row.accept) pass.settled(row);
		if (row.isDone()) row.phase = DONE;
	}
};
