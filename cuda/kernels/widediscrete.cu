// The exact derivative of the accepted steps by rows in device memory: as Reverse, for the row of a block. Between two
// launches one stage is evaluated, with its VJP; then advance writes the argument and the cotangent of the stage before, from
// the slopes that the forward solve has recorded.

struct WideReverse {
	const Call &call;
	const Batch batch;
	WideRow &row;
	const int r;
	real *const frame;
	const int top; // the stage that a step begins with: the last one only where save times need it

	__device__ WideReverse(const Call &call, WideRow &row)
		: call(call), batch(batchOf(call)), row(row), r(blockIdx.x), frame(frameOf(call, r)),
		  top(call.savedBar ? LAST : LAST - 1) {}

	__device__ bool controls() const { return threadIdx.x == 0; }
	__device__ real &product(int stage, int c) const { return call.slopes[((long long)(r) * STAGES + stage) * 2 * DIM + c]; }
	__device__ real &extra(int stage, int c) const { return product(stage, DIM + c); }
	__device__ real &lambda(int c) const { return product(LAST, c); }
	__device__ real slope(int stage, int c) const { return call.recordK[((long long)(row.from) * LAST + stage) * DIM + c]; }
	__device__ real savedBar(int j, int c) const { return call.savedBar[(row.save + j) * DIM + c]; }

	__device__ void begin() {
		if (controls()) {
			row = WideRow{};
			row.sample = r - int(call.rows);
		}
		nextSample();
		stageArgument();
	}

	// advance takes the evaluation of a stage.
	__device__ void advance() {
		addTerm<Field>(call, r, row.tick % WINDOW, true, 1,
			[&](const Kept &value) { return frame + value.at + r % TILE * value.stride; });
		columns(DIM, [&](int c) {
			const real g = Field::gradientOf(frame, r % TILE, c);
			// The last stage's argument is the step's result, so its product goes to λ.
			product(row.stage, c) = row.stage == LAST ? lambda(c) + g : g;
		});
		if (Field::INPUTS_GRADIENT >= 0) {
			const Kept value = Field::kept()[Field::INPUTS_GRADIENT];
			addInputsBar(call, row, 1, frame + value.at + r % TILE * value.stride, row.at(C[row.stage]));
		}
		const bool over = row.stage == 0;
		__syncthreads();
		if (controls()) {
			row.tick++;
			row.stage--;
			row.ready = 1;
		}
		__syncthreads();
		if (over) endStep();
		stageArgument();
	}

	// endStep takes λ to the start of the step and goes on to the step before, or to the next sample, also where λ is not
	// finite.
	__device__ void endStep() {
		bool finite = true;
		columns(DIM, [&](int c) {
			real sum = 0;
			for (int j = 0; j < LAST; j++) sum += product(j, c);
			lambda(c) += sum;
			finite = finite && isFinite(lambda(c));
		});
		finite = !__syncthreads_or(!finite);
		if (controls()) {
			row.accepted++;
			row.nfe += top + 1;
			while (row.left > 0 && !isDue(row, saveTime(call, row, row.left - 1), row.t)) row.left--;
			row.from = call.recordPrevious[row.from];
		}
		__syncthreads();
		if (finite && row.from >= 0) {
			beginStep();
			return;
		}
		if (controls()) {
			row.t = finite ? row.t0 : row.at(1);
			row.step = -row.step;
		}
		finish();
		nextSample();
	}

	// finish hands over ∂L/∂z0.
	__device__ void finish() {
		bool finite = true;
		columns(DIM, [&](int c) { finite = finite && isFinite(result(c)); });
		finite = !__syncthreads_or(!finite);
		columns(DIM, [&](int c) { call.z0Bar[placeOf(row.sample, DIM) + c] = finite ? result(c) : real(0); });
		if (!controls()) return;
		row.status = !finite ? NON_FINITE : isCancelled(call) ? CANCELLED : OK;
		reportBackward(call, row);
	}

	// result is ∂L/∂z0: λ with the cotangents of the save times at t0 itself.
	__device__ real result(int c) const {
		real a = lambda(c);
		for (int j = 0; j < row.left; j++) a += savedBar(j, c);
		return a;
	}

	// nextSample gives the row its next sample with a step to take back.
	__device__ void nextSample() {
		for (;;) {
			__syncthreads();
			if (controls()) takeSample();
			__syncthreads();
			if (row.sample >= batch.n) return;
			if (row.phase == IDLE) continue;
			loadInputs<Field>(call, row.data, frame, r % TILE);
			clearInputsBar(call, row.sample);
			const real weight = sampleWeight(call, batch, row.sample);
			columns(DIM, [&](int c) { lambda(c) = weight * call.cotangent[placeOf(row.sample, DIM) + c]; });
			if (row.from >= 0) break;
			finish();
		}
		beginStep();
	}

	__device__ void takeSample() {
		row.phase = IDLE;
		row.sample += int(call.rows);
		if (call.recordUsed[0] > call.recordCapacity) row.sample = int(batch.n); // the caller makes room and repeats
		if (row.sample >= batch.n) {
			atomicAdd(reinterpret_cast<unsigned long long *>(call.counters + IDLE_ROWS), 1ull);
			return;
		}
		if (call.status[row.sample] != OK) {
			skipBackward(call, row.sample);
			return;
		}
		row.phase = ACTIVE;
		row.from = isCancelled(call) ? -1 : call.recordLast[row.sample];
		findData(call, batch, row);
		row.left = call.savedBar ? row.saves : 0;
		row.accepted = row.rejected = row.nfe = row.jacobians = 0;
		row.t = row.t0 = spanOf(call, row.data)[0];
		row.t1 = spanOf(call, row.data)[1];
		row.step = 0;
	}

	// beginStep fetches the step and what the save times within it contribute.
	__device__ void beginStep() {
		if (controls()) {
			row.t = call.recordT[row.from];
			row.step = call.recordH[row.from];
			setWithin(call, row, row.t, row.t1);
			row.stage = top;
		}
		__syncthreads();
		if (top == LAST) loadSaved();
	}

	// loadSaved spreads the cotangents of the save times within a step, as Reverse does.
	__device__ void loadSaved() {
		columns(STAGES * DIM, [&](int e) { extra(e / DIM, e % DIM) = 0; });
		__syncthreads();
		for (int j = row.left; j > 0 && !isDue(row, saveTime(call, row, j - 1), row.t); j--) {
			const double x = (saveTime(call, row, j - 1) - row.t) / row.step;
			columns(DIM, [&](int c) { lambda(c) += savedBar(j - 1, c); });
			for (int i = 0; x < 1 && i < STAGES; i++) {
				const real weight = real(row.step * (polynomial(DENSE[i], x) - B[i]));
				columns(DIM, [&](int c) { extra(i, c) = mad(weight, savedBar(j - 1, c), extra(i, c)); });
			}
		}
	}

	// stageArgument writes argument and cotangent of the row's stage.
	__device__ void stageArgument() {
		if (row.phase == IDLE) return;
		const int stage = row.stage, i = r % TILE;
		columns(DIM, [&](int c) {
			real sum = 0, back = 0;
			for (int j = 0; j < stage; j++) sum = mad(real(A[stage][j]), slope(j, c), sum);
			for (int j = stage + 1; j < STAGES; j++) back = mad(real(A[j][stage]), product(j, c), back);
			Field::z(frame, i)[c] = mad(real(row.step), sum, call.recordZ[(long long)(row.from) * RECORD_Z + c]);
			Field::cotangent(frame, i)[c] = mad(real(row.step), back, top == LAST ? extra(stage, c) : real(0));
		});
		if constexpr (Field::READS_TIME)
			if (controls()) *Field::time(frame, i) = real(row.at(C[stage]));
		loadSignals<Field>(call, row.data, frame, i, row.at(C[stage]));
	}
};

extern "C" __global__ void __launch_bounds__(ROW_THREADS) beginBackward(const Call *p) {
	__shared__ WideRow row;
	if (hasFailed(*p)) return;
	WideReverse(*p, row).begin();
	__syncthreads();
	if (threadIdx.x == 0) *controlOf(*p, blockIdx.x) = row;
}

extern "C" __global__ void __launch_bounds__(ROW_THREADS) advanceBackward(const Call *p) {
	__shared__ WideRow row;
	if (hasFailed(*p) || controlOf(*p, blockIdx.x)->phase == IDLE) return;
	if (threadIdx.x == 0) row = *controlOf(*p, blockIdx.x);
	__syncthreads();
	WideReverse(*p, row).advance();
	__syncthreads();
	if (threadIdx.x == 0) *controlOf(*p, blockIdx.x) = row;
}
