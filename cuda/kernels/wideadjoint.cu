// The continuous adjoint by rows in device memory: as BackwardPass, for the row of a block. Of each evaluation that counts
// in ∂L/∂θ the row keeps what the sums read; once the step is accepted it adds them to the terms of the next sums, with their weights.

struct WideBackward {
	typedef Field Program;
	static constexpr bool ALONE = GRADIENT == ADJOINT, CHECKS = !ALONE;
	static constexpr Form FORM = ALONE ? ADJOINT_ALONE : STATE_ADJOINT;
	typedef WideIntegration<WideBackward> Now;

	__device__ bool begin(Now &now) {
		const Call &call = now.call;
		WideRow &row = now.row;
		if (ALONE && call.recordUsed[0] > call.recordCapacity) return false; // the caller makes room and repeats
		if (call.status[row.sample] != OK) return skipBackward(call, row.sample);
		findData(call, now.batch, row);
		row.left = call.savedBar ? row.saves : 0;
		if (ALONE) row.from = call.recordLast[row.sample];
		nextSpan(now, spanOf(call, row.data)[1]);
		if (ALONE) {
			if (FIRST_STEP == 0) row.h = path(now).firstStepBack(row.from);
		} else {
			call.drift[row.sample] = 0;
		}
		return true;
	}

	__device__ Trajectory path(Now &now) const { return Trajectory{now.call, 0}; }
	__device__ real along(Now &now, double t, int c) const { return path(now).state(now.row.from, t, c); }

	// target is the next save time, or t0.
	__device__ double target(Now &now) const {
		return now.row.left > 0 ? saveTime(now.call, now.row, now.row.left - 1) : spanOf(now.call, now.row.data)[0];
	}

	// nextSpan runs from t back to the next stop, or to the target.
	__device__ void nextSpan(Now &now, double t) {
		enterSegment(now.call, now.row, t, target(now));
		if (ALONE) move(now, t);
	}

	// rest ends all up to the target at once where a is zero, which stays so and has no size to measure errors by.
	__device__ void rest(Now &now) {
		int moves = now.row.phase != FRESH;
		columns(Now::WIDTH, [&](int c) { moves |= c >= Now::ADJOINT_AT && now.state(c) != 0; });
		moves = __syncthreads_or(moves);
		if (moves || !now.controls()) return;
		now.row.t0 = now.row.t = now.row.t1 = target(now);
		now.row.toStop = false;
		now.row.phase = DONE;
		if (ALONE) move(now, now.row.t);
	}

	__device__ real load(Now &now, int c) {
		const long long at = placeOf(now.row.sample, DIM);
		return c < Now::ADJOINT_AT ? now.call.z1[at + c] : now.call.cotangent[at + c - Now::ADJOINT_AT];
	}

	// begun loads the inputs and measures a in the sample's unit.
	__device__ void begun(Now &now) {
		loadInputs<Field>(now.call, now.row.data, now.frame, now.r % TILE);
		clearInputsBar(now.call, now.row.sample);
		real largest = 0;
		columns(Now::WIDTH, [&](int c) {
			if (c >= Now::ADJOINT_AT) largest = MATH(fmax)(largest, MATH(fabs)(now.state(c)));
		});
		const real *saved = now.call.savedBar + now.row.save * DIM;
		columns(now.row.left * DIM, [&](int i) { largest = MATH(fmax)(largest, MATH(fabs)(saved[i])); });
		const real unit = unitOf(rowMax(now.shared, largest));
		if (now.controls()) now.row.unit = unit;
		columns(Now::WIDTH, [&](int c) {
			if (c >= Now::ADJOINT_AT) now.state(c) /= unit;
		});
		rest(now);
	}

	__device__ void settled(Now &now) {
		if (ALONE) move(now, now.row.t);
	}

	// move goes back along the trajectory to time t.
	__device__ void move(Now &now, double t) {
		WideRow &row = now.row;
		if (row.from >= 0) row.from = path(now).find(row.from, t);
		row.limit = path(now).longestBack(row.from, now.call.recordLast[row.sample], t);
	}

	// arrived compares z with the true one, where it was integrated and that is known.
	__device__ void arrived(Now &now) {
		if (now.row.t0 == now.row.t1 || now.row.toStop) return;
		const TrueStates truth(now.call, now.row);
		Drift drift;
		columns(DIM, [&](int c) { drift.add(now.state(c), truth.here(c), truth.before(c)); });
		drift = Drift{rowMax(now.shared, drift.far), rowMax(now.shared, drift.size)};
		if (now.controls()) judgeDrift(now.call, now.row, drift);
		__syncthreads();
	}

	__device__ real *kept(Now &now, int stage) {
		return now.call.keep + ((long long)(now.r) * KEEP_SLOTS + SUM_SLOT[stage]) * Field::KEEP;
	}

	// keep stores the evaluation just made as that of a stage.
	__device__ void keep(Now &now, int stage) {
		if (B[stage] == 0) return;
		for (int v = 0; v < Field::KEPT; v++) {
			const Kept value = Field::kept()[v];
			const real *x = now.frame + value.at + now.r % TILE * value.stride;
			real *to = kept(now, stage) + value.keep;
			columns(value.width, [&](int c) { to[c] = x[c]; });
		}
	}

	__device__ void evaluated(Now &now) {
		if (now.row.phase == ACTIVE ? now.row.stage < LAST : now.row.stage == 0) keep(now, now.row.stage);
	}

	// weightOf is what multiplies what comes out of the row's adjoint.
	__device__ real weightOf(Now &now) const { return sampleWeight(now.call, now.batch, now.row.sample) * now.row.unit; }

	// accepted adds the terms −h·b_i·aᵀ ∂f/∂θ, weighted, at the stages with a weight b_i, and adds the same for the inputs. The last
	// evaluation is the next step's first.
	__device__ void accepted(Now &now) {
		for (int i = 0; i < USED; i++) {
			const int stage = USED_STAGE[i];
			const real weight = real(-now.row.step * B[stage]) * weightOf(now);
			const real *x = kept(now, stage);
			addTerm<Field>(now.call, now.r, i, true, weight, [=](const Kept &value) { return x + value.keep; });
			if (Field::INPUTS_GRADIENT >= 0)
				addInputsBar(now.call, now.row, weight, x + Field::kept()[Field::INPUTS_GRADIENT].keep, now.row.at(C[stage]));
		}
		keep(now, 0);
		if (now.controls()) now.row.ready = 1;
	}

	// store passes a stop or a save time, or takes the result.
	__device__ void store(Now &now, int c) {
		const Call &call = now.call;
		const WideRow &row = now.row;
		if (row.status == OK && row.toStop) return;
		if (row.status == OK && row.left > 0) {
			long long at = (row.save + row.left - 1) * DIM;
			if (c < Now::ADJOINT_AT) now.state(c) = call.saved[at + c];
			else now.state(c) += call.savedBar[at + c - Now::ADJOINT_AT] / row.unit;
		} else if (c >= Now::ADJOINT_AT) {
			call.z0Bar[placeOf(row.sample, DIM) + c - Now::ADJOINT_AT] =
				row.status == OK ? weightOf(now) * now.state(c) : real(0);
		}
	}

	__device__ bool finish(Now &now) {
		WideRow &row = now.row;
		if (row.status == OK && (row.toStop || row.left > 0)) {
			if (!row.toStop) row.left--;
			nextSpan(now, row.t1);
			return true;
		}
		reportBackward(now.call, row);
		return false;
	}
};

extern "C" __global__ void __launch_bounds__(ROW_THREADS) beginBackward(const Call *p) { beginRow<WideBackward>(*p); }
extern "C" __global__ void __launch_bounds__(ROW_THREADS) advanceBackward(const Call *p) { advanceRow<WideBackward>(*p); }
