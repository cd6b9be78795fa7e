// A turn of a row: what happens to it between two evaluations. solver.Integrate says what a row computes.
//
// The forward solve and the continuous adjoint are both turns. The pass says where samples come from and go, as for a
// Tile: Program, FORM, CHECKS, begin, load, begun, along, accepted, settled, arrived, store, finish, and
//
//	void evaluated()    all threads: the evaluation of row.stage has just come in
//	void rest()         all threads, with an adjoint: the row begins a span, which may be over at once
//
// Control belongs to thread 0; a column of the state, of slopes and of arguments to one thread throughout.

constexpr int LAST = STAGES - 1;

// Measure is what a row tells about an evaluation: sums of squares, and the columns that are not finite.
struct Measure {
	double first, second, bad;
};

template <class Pass> struct Turn {
	typedef typename Pass::Program P;
	static constexpr bool ALONE = Pass::FORM == ADJOINT_ALONE;
	static constexpr int WIDTH = Pass::FORM == STATE_ADJOINT ? 2 * DIM : DIM;
	static constexpr int ADJOINT_AT = ALONE ? 0 : DIM; // where a begins
	const Call &call;
	const Batch batch;
	WideRow &row;
	double *shared;
	const int r;
	real *const frame;

	__device__ Turn(const Call &call, WideRow &row, double *shared)
		: call(call), batch(batchOf(call)), row(row), shared(shared), r(blockIdx.x), frame(frameOf(call, r)) {}

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

	__device__ double scale(int c) const { return ATOL + RTOL * fabs(double(state(c))); }

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
		argue(pass);
	}

	// absorb takes the evaluation and measures it.
	__device__ Measure absorb() {
		columns(WIDTH, [&](int c) { slope(row.stage, c) = derivative(c); });
		Measure sum = {};
		const real largest = largestSize();
		columns(WIDTH, [&](int c) {
			if (row.phase == FRESH && row.stage == 0) {
				add(sum.first, double(state(c)) / scale(c));
				add(sum.second, double(slope(0, c)) / scale(c));
				sum.bad += !(isFinite(state(c)) && isFinite(slope(0, c)));
			} else if (row.phase == FRESH) {
				add(sum.first, double(slope(1, c) - slope(0, c)) / scale(c));
			} else if (row.stage == LAST) {
				add(sum.first, double(scaledError(c, ALONE ? largest : size(c))));
				sum.bad += !(isFinite(argument(c)) && isFinite(slope(LAST, c)));
			}
		});
		if (row.phase == ACTIVE && row.stage != LAST) return sum;
		return Measure{rowSum(shared, sum.first), rowSum(shared, sum.second), rowSum(shared, sum.bad)};
	}

	static __device__ void add(double &sum, double x) { sum += x * x; }

	__device__ real scaledError(int c, real size) const {
		real sum = 0;
		for (int j = 0; j < STAGES; j++) sum = mad(real(E[j]), slope(j, c), sum);
		const real scale = mad(real(RTOL), size, real(ATOL));
		if (ALONE && scale == 0) return 0; // zeros stay so without error
		return real(row.step) * sum / scale;
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
		else if (row.stage == 0) firstLook(m);
		else firstStep(m);
	}

	// enter starts a span: one without length is over at once. The step size is the pass's, or that of the span before; 0
	// asks for the starting rule.
	__device__ void enter() {
		row.t = row.t0;
		row.h = copysign(row.h, row.t1 - row.t0);
		row.step = row.previous = row.previous2 = 0;
		row.tried = row.stage = 0;
		row.status = isCancelled(call) ? CANCELLED : OK;
		row.phase = row.t0 == row.t1 || row.status != OK ? DONE : FRESH;
	}

	// firstLook fails a row that cannot start and says how far to probe.
	__device__ void firstLook(const Measure &m) {
		row.nfe++;
		if (row.h == 0) row.h = copysign(FIRST_STEP, row.t1 - row.t0);
		if (m.bad > 0) {
			row.status = NON_FINITE;
			row.phase = DONE;
		} else if (row.h != 0) {
			tryStep(row.h);
		} else {
			row.factor = rms(m.second);
			row.step = copysign(startProbe(rms(m.first), row.factor, row), row.t1 - row.t0);
			row.stage = 1;
		}
	}

	// firstStep chooses the step after the probe.
	__device__ void firstStep(const Measure &m) {
		row.nfe++;
		tryStep(copysign(startStep(fabs(row.step), row.factor, rms(m.first)), row.t1 - row.t0));
	}

	__device__ void tryStep(double h) {
		row.h = h;
		row.phase = ACTIVE;
		row.stage = 1;
		clip(row);
	}

	// judge decides whether the step is accepted and how long the next one is.
	__device__ void judge(Pass &pass, const Measure &m) {
		if (controls()) {
			// An infinite result has an infinite scale, which hides any error.
			control(row, m.bad > 0 ? INFINITY : rms(m.first));
			row.tried++;
			row.nfe += LAST;
			row.accepted += row.accept;
			row.rejected += !row.accept;
			row.status = row.accept ? OK : m.bad > 0 ? NON_FINITE : STEP_UNDERFLOW; // should the step get too small
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

	// settle ends the row's span or tries its next step.
	__device__ void settle(Pass &pass) {
		row.phase = DONE;
		if (row.accept) {
			row.t = row.last ? row.t1 : row.t + row.step;
			pass.settled(*this);
			if (row.last) return;
		}
		const double h = nextStep(row);
		if (!row.accept && fabs(h) < smallestStep(row)) return; // with the status that judge has chosen
		row.status = isCancelled(call) ? CANCELLED : row.tried >= MAX_STEPS_TRIED ? MAX_STEPS : OK;
		if (row.status == OK) tryStep(h);
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

	// nextSample gives the row its next sample that has something to solve.
	__device__ void nextSample(Pass &pass) {
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
		row.accepted = row.rejected = row.nfe = row.left = 0;
		row.h = row.limit = 0;
		if (pass.begin(*this)) enter();
	}

	// argue writes the argument of the evaluation that the row waits for: z + h·Σ a·k at t + c·h.
	__device__ void argue(Pass &pass) {
		if (row.phase == IDLE) return;
		const int stage = row.stage;
		const bool probe = row.phase == FRESH;
		const double time = stageTime(row, probe ? 1.0 : C[stage]);
		columns(WIDTH, [&](int c) {
			real sum = 0;
			for (int j = 0; j < stage; j++) sum = mad(probe ? real(1) : real(A[stage][j]), slope(j, c), sum);
			argument(c) = mad(real(row.step), sum, state(c));
		});
		if constexpr (ALONE)
			columns(DIM, [&](int c) { P::z(frame, r % TILE)[c] = pass.along(*this, time, c); });
		if constexpr (P::READS_TIME)
			if (controls()) *P::time(frame, r % TILE) = real(time);
	}
};

// beginRow is the first turn of the block's row.
template <class Pass> __device__ void beginRow(const Call &call) {
	__shared__ WideRow row;
	__shared__ double shared[ROW_THREADS];
	if (hasFailed(call)) return;
	Pass pass;
	Turn<Pass> turn(call, row, shared);
	turn.begin(pass);
	__syncthreads();
	if (threadIdx.x == 0) *controlOf(call, blockIdx.x) = row;
}

// takeTurn is every other.
template <class Pass> __device__ void takeTurn(const Call &call) {
	__shared__ WideRow row;
	__shared__ double shared[ROW_THREADS];
	if (hasFailed(call) || controlOf(call, blockIdx.x)->phase == IDLE) return;
	if (threadIdx.x == 0) row = *controlOf(call, blockIdx.x);
	__syncthreads();
	Pass pass;
	Turn<Pass> turn(call, row, shared);
	turn.advance(pass, turn.absorb());
	__syncthreads();
	if (threadIdx.x == 0) *controlOf(call, blockIdx.x) = row;
}
