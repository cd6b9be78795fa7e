// The exact derivative of the accepted steps with their sizes held fixed: each row walks the recorded steps of one sample
// from the last to the first and takes λ = ∂L/∂z back through their stages (see solver.Reference). The stages are
// evaluated again. The cotangent of stage i is h·(b_i λ + Σ_{j>i} a_ji g_j), g_j its product with ∂f/∂z; A's last row is b,
// so λ stands in the place of the last stage's product.

struct BackwardMemory {
	real local[ROWS * FieldVJP::LOCAL], keep[ROWS * FieldVJP::SLOTS * FieldVJP::KEEP];
	real z[ROWS * DIM], k[ROWS * STAGES * DIM], g[ROWS * STAGES * DIM];
	real extra[ROWS * STAGES * DIM]; // what the dense output adds to the stages' cotangents
	Row row[ROWS];
	Rows active, fresh, done;
	int stop;
};

struct Reverse {
	const Call &call;
	const Batch &batch;
	BackwardMemory &m;
	const real *w;
	const FieldVJP::Registers &registers;
	real *sums;
	int next, end; // of the samples; known to the threads that own rows
	int stages;    // that are evaluated: the last one only where save times need it

	__device__ bool ownsRow() const { return threadIdx.x < ROWS; }
	__device__ Row &mine() { return m.row[threadIdx.x]; }
	__device__ Frames<FieldVJP> frames(int stage) { return Frames<FieldVJP>{m.local, m.keep, FieldVJP::slot(stage)}; }
	__device__ real &slope(int r, int stage, int c) { return m.k[(r * STAGES + stage) * DIM + c]; }
	__device__ real &product(int r, int stage, int c) { return m.g[(r * STAGES + stage) * DIM + c]; }
	__device__ real &lambda(int r, int c) { return product(r, STAGES - 1, c); }
	__device__ real &extra(int r, int stage, int c) { return m.extra[(r * STAGES + stage) * DIM + c]; }
	__device__ long long step(int i) const { return blockIdx.x * call.recordCapacity + i; }

	// run takes all samples back to t0.
	__device__ void run() {
		if (ownsRow()) mine() = Row{};
		__syncthreads();
		while (fill()) {
			load();
			forward();
			for (int stage = stages - 1; stage >= 0; stage--) reverse(stage);
			each<DIM>(m.active, [&](int r, int c) {
				real sum = 0;
				for (int j = 0; j < STAGES - 1; j++) sum += product(r, j, c);
				lambda(r, c) += sum;
			});
			FieldVJP::accumulate(m.active, frames(0), Terms{EVERY_SLOT, stages, nullptr}, sums);
			retire();
		}
	}

	// fill gives the next samples to the idle rows. It returns false when there is nothing left to do.
	__device__ bool fill() {
		int sample = -1;
		if (ownsRow()) {
			int before = 0, idle = 0;
			for (int q = 0; q < ROWS; q++) {
				if (q == threadIdx.x) before = idle;
				idle += m.row[q].phase == IDLE;
			}
			if (mine().phase == IDLE && next + before < end) sample = next + before;
			next = min(end, next + idle);
		}
		if (threadIdx.x == 0) m.stop = isCancelled(call);
		__syncthreads();
		if (m.stop) return false;
		if (sample >= 0) begin(mine(), sample);
		if (!__syncthreads_or(ownsRow() && (mine().phase != IDLE || next < end))) return false;
		select(m.fresh, m.row, [](const Row &r) { return r.phase == FRESH; });
		select(m.active, m.row, [](const Row &r) { return r.phase != IDLE && r.from >= 0; });
		__syncthreads();
		each<DIM>(m.fresh, [&](int r, int c) {
			const int sample = m.row[r].sample;
			lambda(r, c) = sampleWeight(call, batch, sample) * call.cotangent[placeOf(sample, DIM) + c];
		});
		loadInputs(call, m.row, m.fresh, frames(0));
		clearInputsBar(call, m.row, m.fresh);
		if (ownsRow() && mine().phase == FRESH) mine().phase = mine().from >= 0 ? ACTIVE : DONE;
		return true;
	}

	__device__ void begin(Row &row, int sample) {
		if (call.status[sample] != OK) {
			skipBackward(call, sample);
			return;
		}
		row.sample = sample;
		row.from = call.recordLast[sample];
		findData(call, batch, row);
		row.left = call.savedBar ? row.saves : 0;
		row.accepted = row.rejected = row.nfe = row.jacobians = 0;
		row.status = OK;
		const double *span = spanOf(call, row.data);
		row.t = row.t0 = span[0];
		row.t1 = span[1];
		row.step = 0;
		row.phase = FRESH;
	}

	// load fetches the steps and what the save times within them contribute.
	__device__ void load() {
		if (ownsRow() && mine().phase == ACTIVE) {
			mine().t = call.recordT[step(mine().from)];
			mine().step = call.recordH[step(mine().from)];
			setWithin(call, mine(), mine().t, mine().t1);
		}
		__syncthreads();
		each<DIM>(m.active, [&](int r, int c) {
			m.z[r * DIM + c] = call.recordZ[step(m.row[r].from) * RECORD_Z + c];
			if (stages == STAGES) loadSaved(r, c);
		});
	}

	// loadSaved spreads the cotangents of the save times within a step. Their weight on the state the step started from is
	// 1, as is that of the step's result, so λ takes them up: the stages' share through the result, b_i, is taken off.
	__device__ void loadSaved(int r, int c) {
		const Row &row = m.row[r];
		for (int i = 0; i < STAGES; i++) extra(r, i, c) = 0;
		for (int j = row.left; j > 0 && !isDue(row, saveTime(call, row, j - 1), row.t); j--) {
			real bar = call.savedBar[(row.save + j - 1) * DIM + c];
			double x = (saveTime(call, row, j - 1) - row.t) / row.step;
			lambda(r, c) += bar;
			if (x >= 1) continue;
			for (int i = 0; i < STAGES; i++)
				extra(r, i, c) = mad(real(row.step * (polynomial(DENSE[i], x) - B[i])), bar, extra(r, i, c));
		}
	}

	// forward evaluates the stages again.
	__device__ void forward() {
		for (int stage = 0; stage < stages; stage++) {
			const Frames<FieldVJP> f = frames(stage);
			each<DIM>(m.active, [&](int r, int c) {
				if (stage > 0) slope(r, stage - 1, c) = FieldVJP::output(frames(stage - 1).l(r), frames(stage - 1).s(r))[c];
				real sum = 0;
				for (int j = 0; j < stage; j++) sum = mad(real(A[stage][j]), slope(r, j, c), sum);
				FieldVJP::z(f.l(r), f.s(r))[c] = mad(real(m.row[r].step), sum, m.z[r * DIM + c]);
			});
			if constexpr (FieldVJP::READS_TIME)
				each<1>(m.active, [&](int r, int) {
					*FieldVJP::time(f.l(r), f.s(r)) = real(m.row[r].at(C[stage]));
				});
			loadSignals(call, m.row, m.active, f, [&](const Row &row) { return row.at(C[stage]); });
			__syncthreads();
			FieldVJP::forward(m.active, f, w, registers);
			__syncthreads();
		}
	}

	// reverse takes the cotangent of a stage back through the field. The last stage, evaluated where save times need it, has
	// only the dense output's cotangent; its argument is the step's result, so its product goes to λ.
	__device__ void reverse(int stage) {
		const Frames<FieldVJP> f = frames(stage);
		const bool last = stage == STAGES - 1;
		each<DIM>(m.active, [&](int r, int c) {
			real sum = 0;
			for (int j = stage + 1; j < STAGES; j++) sum = mad(real(A[j][stage]), product(r, j, c), sum);
			real base = stages == STAGES ? extra(r, stage, c) : real(0);
			FieldVJP::cotangent(f.l(r), f.s(r))[c] = mad(real(m.row[r].step), sum, base);
		});
		__syncthreads();
		FieldVJP::backward(m.active, f, w, registers);
		__syncthreads();
		each<DIM>(m.active, [&](int r, int c) {
			product(r, stage, c) = last ? lambda(r, c) + gradientOf(f, r, c) : gradientOf(f, r, c);
		});
		sumInputsBar(call, m.row, m.active, f, Terms{EVERY_SLOT + stage, 1, nullptr},
			[&](const Row &row, int) { return row.at(C[stage]); });
	}

	// retire moves every row to the step before, or hands over ∂L/∂z0.
	__device__ void retire() {
		__syncthreads();
		if (ownsRow() && mine().phase == ACTIVE) passStep(mine(), threadIdx.x);
		if (ownsRow() && mine().phase == DONE && !allFinite([&](int c) { return result(mine(), threadIdx.x, c); }))
			mine().status = NON_FINITE;
		__syncthreads();
		select(m.done, m.row, [](const Row &r) { return r.phase == DONE; });
		__syncthreads();
		each<DIM>(m.done, [&](int r, int c) {
			const Row &row = m.row[r];
			call.z0Bar[placeOf(row.sample, DIM) + c] = row.status == OK ? result(row, r, c) : real(0);
		});
		if (ownsRow() && mine().phase == DONE) {
			reportBackward(call, mine());
			mine().phase = IDLE;
		}
		__syncthreads();
	}

	// passStep takes up the step before, or ends the sample, also where λ is not finite.
	__device__ void passStep(Row &row, int r) {
		row.accepted++;
		row.nfe += stages;
		while (row.left > 0 && !isDue(row, saveTime(call, row, row.left - 1), row.t)) row.left--;
		row.from = call.recordPrevious[step(row.from)];
		const bool finite = allFinite([&](int c) { return lambda(r, c); });
		if (finite && row.from >= 0) return;
		row.phase = DONE;
		row.t = finite ? row.t0 : row.at(1);
		row.step = -row.step;
	}

	// result is ∂L/∂z0: λ with the cotangents of the save times at t0 itself.
	__device__ real result(const Row &row, int r, int c) {
		real a = lambda(r, c);
		for (int j = 0; j < row.left; j++) a += call.savedBar[(row.save + j) * DIM + c];
		return a;
	}

	template <class X> static __device__ bool allFinite(X x) {
		bool finite = true;
		for (int c = 0; c < DIM; c++) finite = finite && isFinite(x(c));
		return finite;
	}
};

__device__ void backward(const Call &call, const Batch &batch, BackwardMemory &m, const real *w, real *sums, int from, int to) {
	const FieldVJP::Registers registers(w);
	Reverse{call, batch, m, w, registers, sums, from, to, call.savedBar ? STAGES : STAGES - 1}.run();
}
