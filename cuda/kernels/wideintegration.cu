// An integration by rows in device memory: what happens to a row between two evaluations. solver.Integrate says what it
// computes.
//
// The forward solve and the continuous adjoint are both such. The pass says where samples come from and go, as for a
// Tile: Program, FORM, CHECKS, begin, load, begun, along, accepted, settled, arrived, store, finish, and
//
//	void evaluated()    all threads: the evaluation of row.stage has just come in
//	void rest()         all threads, with an adjoint: the row begins a span, which may be over at once
//
// Control belongs to thread 0; a column of the state, of slopes and of arguments to one thread throughout.

constexpr int LAST = STAGES - 1;

template <class Pass> struct WideIntegration {
	typedef typename Pass::Program P;
	static constexpr bool ALONE = Pass::FORM == ADJOINT_ALONE;
	static constexpr int WIDTH = Pass::FORM == STATE_ADJOINT ? 2 * DIM : DIM;
	static constexpr int ADJOINT_AT = ALONE ? 0 : DIM; // where a begins
	const Call &call;
	const Batch &batch;
	WideRow &row;
	double *shared;
	const int r;
	real *const frame;

	__device__ WideIntegration(const Call &call, const Batch &batch, WideRow &row, double *shared)
		: call(call), batch(batch), row(row), shared(shared), r(blockIdx.x), frame(frameOf(call, r)) {}

	__device__ bool controls() const { return threadIdx.x == 0; }
	__device__ real &state(int c) const { return call.state[(long long)(r) * 2 * DIM + c]; }
	__device__ real &slope(int stage, int c) const { return call.slopes[((long long)(r) * STAGES + stage) * 2 * DIM + c]; }

	// argument is where component c of the argument of an evaluation goes.
	__device__ real &argument(int c) const {
		if constexpr (Pass::FORM != SOLUTION)
			if (c >= ADJOINT_AT) return P::cotangent(frame, r % TILE)[c - ADJOINT_AT];
		return P::z(frame, r % TILE)[c];
	}

	// derivative is component c of the slope that the last evaluation left.
	__device__ real derivative(int c) const {
		if constexpr (Pass::FORM != SOLUTION)
			if (c >= ADJOINT_AT) return -P::gradientOf(frame, r % TILE, c - ADJOINT_AT);
		return P::output(frame, r % TILE)[c];
	}

	// atol and rtol are the tolerances of component c.
	__device__ static double atol(int c) { return c < ADJOINT_AT ? atolOf(c) : ATOL; }
	__device__ static double rtol(int c) { return c < ADJOINT_AT ? rtolOf(c) : RTOL; }
	__device__ double scale(int c) const { return atol(c) + rtol(c) * fabs(double(state(c))); }

	// begin gives the row its first sample.
	__device__ void begin(Pass &pass) {
		if (controls()) {
			row = WideRow{};
			row.sample = r - int(call.rows);
		}
		nextSample(pass);
		goOn(pass);
	}

	// goOn writes the next argument, once what is done has been handed over.
	__device__ void goOn(Pass &pass) {
		while (row.phase == DONE) retire(pass);
		stageArgument(pass);
	}

	// absorb takes the evaluation and measures it.
	__device__ Measure absorb() {
		columns(WIDTH, [&](int c) { slope(row.stage, c) = derivative(c); });
		if (row.phase == ACTIVE && row.stage != LAST) return Measure{};
		double first = 0, second = 0, bad = 0; // sums of squares; columns that are not finite
		const real largest = largestSize();
		columns(WIDTH, [&](int c) {
			if (row.phase == FRESH && row.stage == 0) {
				add(first, double(state(c)) / scale(c));
				add(second, double(slope(0, c)) / scale(c));
				bad += !(isFinite(state(c)) && isFinite(slope(0, c)));
			} else if (row.phase == FRESH) {
				add(first, double(slope(1, c) - slope(0, c)) / scale(c));
			} else {
				add(first, double(scaledError(c, ALONE ? largest : size(c))));
				bad += !(isFinite(argument(c)) && isFinite(slope(LAST, c)));
			}
		});
		first = rowSum(shared, first), second = rowSum(shared, second), bad = rowSum(shared, bad);
		return Measure{bad == 0, rms(first), rms(second)};
	}

	static __device__ void add(double &sum, double x) { sum += x * x; }

	__device__ real scaledError(int c, real size) const {
		real sum = 0;
		for (int j = 0; j < STAGES; j++) sum = mad(real(E[j]), slope(j, c), sum);
		const real scale = mad(real(rtol(c)), size, real(atol(c))), error = real(row.step) * sum;
		if (scale == 0 && (ALONE || error == 0)) return 0; // zeros stay so without error
		return error / scale;
	}

	__device__ real size(int c) const { return MATH(fmax)(MATH(fabs)(state(c)), MATH(fabs)(argument(c))); }

	// largestSize is what the error of a row's components is measured by where a stands alone.
	__device__ real largestSize() const {
		if (!ALONE || row.phase != ACTIVE || row.stage != LAST) return 0;
		real largest = 0;
		columns(WIDTH, [&](int c) { largest = MATH(fmax)(largest, size(c)); });
		return real(rowMax(shared, largest));
	}

	static __device__ double rms(double squares) { return sqrt(squares / WIDTH); }

	// advance moves the row on after an evaluation with that measure.
	__device__ void advance(Pass &pass, const Measure &m) {
		pass.evaluated(*this);
		const bool over = row.phase == ACTIVE && row.stage == LAST;
		__syncthreads();
		if (over) judge(pass, m);
		else if (controls()) goToNextStage(m);
		__syncthreads();
		goOn(pass);
	}

	__device__ void goToNextStage(const Measure &m) {
		if (row.phase == ACTIVE) row.stage++;
		else start(m);
	}

	// enter starts a span. The step size is the pass's, or that of the span before; 0 asks for the starting rule.
	__device__ void enter() {
		row.phase = row.enter() ? FRESH : DONE;
		row.stage = 0;
		if (isCancelled(call)) cancel();
	}

	__device__ void cancel() {
		row.status = CANCELLED;
		row.phase = DONE;
	}

	// start takes the first slope, and then the probe where the row wants one.
	__device__ void start(const Measure &m) {
		row.nfe++;
		if (row.stage == 1) {
			row.probe(m);
		} else if (row.firstSlope(m)) {
			row.stage = 1;
			return;
		}
		goToNextStep();
	}

	__device__ void goToNextStep() {
		row.phase = row.isDone() ? DONE : ACTIVE;
		if (row.phase == DONE) return;
		row.tryStep();
		row.stage = 1;
	}

	// judge decides whether the step is accepted, and moves the row on.
	__device__ void judge(Pass &pass, const Measure &m) {
		if (controls()) {
			row.nfe += LAST;
			row.judge(m);
		}
		__syncthreads();
		if (row.accept) {
			pass.accepted(*this);
			columns(WIDTH, [&](int c) {
				state(c) = argument(c);
				slope(0, c) = slope(LAST, c);
			});
		}
		__syncthreads();
		if (controls()) settle(pass);
	}

	__device__ void settle(Pass &pass) {
		row.settle();
		if (row.accept) pass.settled(*this);
		goToNextStep();
		if (row.phase == ACTIVE && isCancelled(call)) cancel();
	}

	// retire hands over the result and goes on to the sample's next span, or to the next sample.
	__device__ void retire(Pass &pass) {
		if constexpr (Pass::CHECKS)
			if (row.status == OK) pass.arrived(*this);
		columns(WIDTH, [&](int c) { pass.store(*this, c); });
		__syncthreads();
		if (controls()) {
			row.phase = IDLE;
			if (pass.finish(*this)) enter();
		}
		__syncthreads();
		if (row.phase == IDLE) nextSample(pass);
		else if constexpr (Pass::FORM != SOLUTION) {
			pass.rest(*this);
			__syncthreads();
		}
	}

	// nextSample gives the row its next sample that has something to solve. Once a sample it is no inline code, for the sake
	// of registers.
	__device__ __noinline__ void nextSample(Pass &pass) {
		do {
			__syncthreads();
			if (controls()) takeSample(pass);
			__syncthreads();
		} while (row.phase == IDLE && row.sample < batch.n);
		if (row.phase == IDLE) return;
		columns(WIDTH, [&](int c) { state(c) = pass.load(*this, c); });
		pass.begun(*this);
		__syncthreads();
	}

	__device__ void takeSample(Pass &pass) {
		row.phase = IDLE;
		row.sample += int(call.rows);
		if (row.sample >= batch.n) {
			atomicAdd(reinterpret_cast<unsigned long long *>(call.counters + IDLE_ROWS), 1ull);
			return;
		}
		row.accepted = row.rejected = row.nfe = row.jacobians = row.left = 0;
		row.h = row.limit = 0;
		if (pass.begin(*this)) enter();
	}

	// stageArgument writes the argument of the evaluation that the row waits for: z + h·Σ a·k at t + c·h.
	__device__ void stageArgument(Pass &pass) {
		if (row.phase == IDLE) return;
		const int stage = row.stage;
		const bool probe = row.phase == FRESH;
		const double time = row.at(probe ? 1.0 : C[stage]);
		columns(WIDTH, [&](int c) {
			real sum = 0;
			for (int j = 0; j < stage; j++) sum = mad(probe ? real(1) : real(A[stage][j]), slope(j, c), sum);
			argument(c) = mad(real(row.step), sum, state(c));
		});
		if constexpr (ALONE)
			columns(DIM, [&](int c) { P::z(frame, r % TILE)[c] = pass.along(*this, time, c); });
		if constexpr (P::READS_TIME)
			if (controls()) *P::time(frame, r % TILE) = real(time);
		loadSignals<P>(call, row.data, frame, r % TILE, time);
	}
};

// beginRow gives the row of the block its first argument.
template <class Pass> __device__ void beginRow(const Call &call) {
	__shared__ WideRow row;
	__shared__ Batch batch;
	__shared__ double shared[ROW_THREADS];
	if (hasFailed(call)) return;
	if (threadIdx.x == 0) batch = batchOf(call);
	__syncthreads();
	Pass pass;
	WideIntegration<Pass> integration(call, batch, row, shared);
	integration.begin(pass);
	__syncthreads();
	if (threadIdx.x == 0) *controlOf(call, blockIdx.x) = row;
}

// advanceRow is what follows every evaluation.
template <class Pass> __device__ void advanceRow(const Call &call) {
	__shared__ WideRow row;
	__shared__ Batch batch;
	__shared__ double shared[ROW_THREADS];
	if (hasFailed(call) || controlOf(call, blockIdx.x)->phase == IDLE) return;
	if (threadIdx.x == 0) {
		row = *controlOf(call, blockIdx.x);
		batch = batchOf(call);
	}
	__syncthreads();
	Pass pass;
	WideIntegration<Pass> integration(call, batch, row, shared);
	integration.advance(pass, integration.absorb());
	__syncthreads();
	if (threadIdx.x == 0) *controlOf(call, blockIdx.x) = row;
}
