// Signals are known functions of time that a field reads behind the constants of a sample: solver.Courses. A field without
// inputs gets none of this.

// knotBefore is the knot k with at[k] ≤ t < at[k+1], of times from at[0] to behind t.
__device__ inline long long knotBefore(const double *at, long long n, double t) {
	long long low = 0, high = n - 1; // at[low] ≤ t < at[high], or t is the last
	while (high - low > 1) {
		const long long middle = (low + high) / 2;
		if (at[middle] <= t) low = middle;
		else high = middle;
	}
	return low;
}

// signalAt is number c of what the field reads of the signals at time t, of the sample that lies there in the data: the
// signals of its recording, and then their derivatives.
__device__ __noinline__ real signalAt(const Call &call, long long data, long long c, double t) {
	const bool derivative = c >= call.signals;
	const long long recording = call.recordingOf ? call.recordingOf[data] : 0;
	const long long *knots = call.knots + (recording * call.signals + c % call.signals) * KNOTS_LEN;
	const double *at = call.knotAt + knots[KNOTS_TIME];
	const real *value = call.knotValue + knots[KNOTS_VALUE];
	const long long n = knots[KNOTS_COUNT];
	if (n == 1 || t < at[0] || t > at[n - 1]) // held
		return derivative ? real(0) : value[t < at[0] ? 0 : n - 1];
	const long long k = knotBefore(at, n, t);
	const double h = at[k + 1] - at[k], x = (t - at[k]) / h, v0 = value[k], v1 = value[k + 1];
	if (!call.hermite || k == 0) return real(derivative ? -1 / h * v0 + 1 / h * v1 : (1 - x) * v0 + x * v1);
	const double before = h / (at[k] - at[k - 1]), v = value[k - 1];
	if (derivative) {
		const double slope = (4 - 3 * x) * x, e0 = (1 - slope) * before / h, e1 = slope / h;
		return real(-e0 * v + (e0 - e1) * v0 + e1 * v1);
	}
	const double q = (2 - x) * x * x, d0 = (x - q) * before;
	return real(-d0 * v + (1 - q + d0) * v0 + q * v1);
}
