// The forward solves as functions of time, for the adjoint: of each accepted step the record holds the polynomial of its
// dense output, z(t + x·h) = c0 + c1·x + c2·x² + … for x from 0 to 1, as [DEGREE + 1][DIM] of Call.recordZ.

// coefficient is that of x^(p+1) in a component of which slope(i) are the stages' slopes.
template <class Slope> __device__ real coefficient(int p, real h, Slope slope) {
	real sum = 0;
	for (int i = 0; i < STAGES; i++) sum = mad(real(DENSE[i][p]), slope(i), sum);
	return h * sum;
}

// Trajectory reads a part of the record, which begins with step first.
struct Trajectory {
	const Call &call;
	long long first;

	// firstStepBack is the larger of the last two steps, since the last may have been cut at t1; 0 for no step at all.
	__device__ double firstStepBack(int last) const {
		if (last < 0) return 0;
		const double h = fabs(call.recordH[first + last]);
		const int before = call.recordPrevious[first + last];
		return before < 0 ? h : fmax(h, fabs(call.recordH[first + before]));
	}

	// find is the step that holds time t, the given one or one before it; before the first step it is the first.
	__device__ int find(int step, double t) const {
		for (;;) {
			const int before = call.recordPrevious[first + step];
			if (before < 0 || (t - call.recordT[first + step]) * call.recordH[first + step] >= 0) return step;
			step = before;
		}
	}

	// longestBack is the longest step back from time t, which the given step holds, of a sample whose last step that is, or
	// another; 0, no limit, for no step at all.
	__device__ double longestBack(int step, int last, double t) const {
		if (last < 0) return 0;
		const int previous = call.recordPrevious[first + step];
		const double before = previous < 0 ? 0 : fabs(call.recordH[first + previous]);
		const double size = fabs(call.recordH[first + step]);
		return ::longestBack(fabs(t - call.recordT[first + step]), step == last ? fmax(size, before) : size, before);
	}

	// state is component c at time t, in the given step or one before it.
	__device__ real state(int step, double t, int c) const {
		const long long at = first + find(step, t);
		const real x = real((t - call.recordT[at]) / call.recordH[at]);
		const real *p = call.recordZ + at * (DEGREE + 1) * DIM + c;
		real z = 0;
		for (int i = DEGREE; i > 0; i--) z = (z + p[i * DIM]) * x;
		return p[0] + z;
	}
};
