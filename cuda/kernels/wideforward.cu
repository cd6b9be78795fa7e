// The forward solve by rows in device memory: as ForwardPass, for the row of a block.

struct WideForward {
	typedef Field Program;
	static constexpr Form FORM = SOLUTION;
	static constexpr bool CHECKS = false;
	typedef WideIntegration<WideForward> Now;

	__device__ bool begin(Now &now) {
		WideRow &row = now.row;
		if (isLeftOut(now.call, row.sample)) return false;
		findData(now.call, now.batch, row);
		const double *span = spanOf(now.call, row.data);
		enterSegment(now.call, row, span[0], span[1]);
		if (RECORDS) now.call.recordLast[row.sample] = -1;
		return true;
	}

	__device__ real load(Now &now, int c) {
		return now.call.z0[now.row.data * DIM + c];
	}

	__device__ real *saved(Now &now, int j) { return now.call.saved + (now.row.save + j) * DIM; }

	// begun loads the inputs, saves what is due at t0 and marks the rest as not reached.
	__device__ void begun(Now &now) {
		const Call &call = now.call;
		loadInputs<Field>(call, now.row.data, now.frame, now.r % TILE);
		columns(DIM, [&](int c) {
			for (int j = 0; j < now.row.saves; j++)
				saved(now, j)[c] = isDue(now.row, saveTime(call, now.row, j), now.row.t0) ? now.state(c) : real(NAN);
		});
		__syncthreads();
		if (now.controls()) settled(now);
	}

	__device__ void evaluated(Now &) {}

	// settled counts the save times up to now.
	__device__ void settled(Now &now) {
		WideRow &row = now.row;
		while (row.left < row.saves && isDue(row, saveTime(now.call, row, row.left), row.t)) row.left++;
	}

	__device__ void accepted(Now &now) {
		if (RECORDS) record(now);
		const Call &call = now.call;
		const WideRow &row = now.row;
		const double end = row.end;
		for (int j = row.left; j < row.saves; j++) {
			const double t = saveTime(call, row, j);
			if (!isDue(row, t, end)) break;
			if (t == end) columns(DIM, [&](int c) { saved(now, j)[c] = now.argument(c); });
			else dense(now, (t - row.t) / row.step, saved(now, j));
		}
	}

	// dense is the state at x in [0, 1] of the step just accepted.
	__device__ void dense(Now &now, double x, real *to) {
		columns(DIM, [&](int c) { to[c] = now.state(c); });
		for (int i = 0; i < STAGES; i++) {
			const real weight = real(now.row.step * polynomial(DENSE[i], x));
			columns(DIM, [&](int c) { to[c] = mad(weight, now.slope(i, c), to[c]); });
		}
	}

	// record keeps the step: for the discrete gradient its state and the slopes that arguments are made of, for the adjoint
	// its dense output. Steps that do not fit are counted only. Where a step lies depends on timing, what is made of it does
	// not.
	__device__ void record(Now &now) {
		const Call &call = now.call;
		WideRow &row = now.row;
		if (now.controls()) {
			row.from = int(atomicAdd(reinterpret_cast<unsigned long long *>(call.recordUsed), 1ull));
			if (row.from < call.recordCapacity) {
				call.recordT[row.from] = row.t;
				call.recordH[row.from] = row.step;
				call.recordPrevious[row.from] = call.recordLast[row.sample];
				call.recordLast[row.sample] = row.from;
			}
		}
		__syncthreads();
		const long long at = row.from;
		if (at >= call.recordCapacity) return;
		columns(DIM, [&](int c) {
			real *to = call.recordZ + at * RECORD_Z + c;
			to[0] = now.state(c);
			for (int p = 0; GRADIENT == ADJOINT && p < DEGREE; p++)
				to[(p + 1) * DIM] = coefficient(p, real(row.step), [&](int i) { return now.slope(i, c); });
			for (int i = 0; GRADIENT == DISCRETE && i < LAST; i++) call.recordK[(at * LAST + i) * DIM + c] = now.slope(i, c);
		});
	}

	__device__ void store(Now &now, int c) { now.call.z1[placeOf(now.row.sample, DIM) + c] = now.state(c); }

	__device__ bool finish(Now &now) {
		WideRow &row = now.row;
		if (row.status == OK && row.toStop) {
			enterSegment(now.call, row, row.t, spanOf(now.call, row.data)[1]);
			return true;
		}
		reportForward(now.call, row);
		return false;
	}
};

extern "C" __global__ void __launch_bounds__(ROW_THREADS) beginForward(const Call *p) { beginRow<WideForward>(*p); }
extern "C" __global__ void __launch_bounds__(ROW_THREADS) advanceForward(const Call *p) { advanceRow<WideForward>(*p); }
