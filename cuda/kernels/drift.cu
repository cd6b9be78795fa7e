// How far the z that backsolve integrates backward comes from the forward solve's: see solver.Derivative.Drift.

// TrueStates are the forward solve's states at the two ends of the span that a row has just passed backward.
struct TrueStates {
	const Call &call;
	const Row &row;

	__device__ TrueStates(const Call &call, const Row &row) : call(call), row(row) {}

	__device__ real here(int c) const { return at(row.left - 1, c); }
	__device__ real before(int c) const { return at(row.left, c); }

	// at is component c at save time j; before the first it is z0, behind the last z1.
	__device__ real at(int j, int c) const {
		if (j < 0) return call.z0[row.data * DIM + c];
		if (!call.savedBar || j == row.saves) return call.z1[placeOf(row.sample, DIM) + c];
		return call.saved[(row.save + j) * DIM + c];
	}
};

// Drift gathers the components of solver.Controller.Drift: how far z is from the true state, and the state's size.
struct Drift {
	double far = 0, size = 0;

	__device__ void add(double z, double want, double from) {
		const double off = fabs(z - want);
		far = fmax(far, off == off ? off : INFINITY);
		size = fmax(size, fmax(fabs(want), fabs(from)));
	}

	__device__ double fraction() const {
		const double unresolved = RTOL > 0 ? ATOL / RTOL : 0;
		return far == 0 ? 0 : far / (size + unresolved);
	}
};

// judgeDrift fails a row that has drifted too far.
__device__ inline void judgeDrift(const Call &call, Row &row, const Drift &drift) {
	double &most = call.drift[row.sample];
	most = fmax(most, drift.fraction());
	if (most > DRIFT_LIMIT) row.status = ADJOINT_DRIFTED;
}
