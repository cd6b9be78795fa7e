// Stops are times at which steps end, and the field may jump: solver.Span.Segment. A span is integrated from stop to
// stop.

// StopTimes are those of a sample, in order, either way.
struct StopTimes {
	const double *at;
	long long n;
	bool falling;

	__device__ StopTimes(const Call &call, long long data) {
		const long long from = call.stopOffsets ? call.stopOffsets[data] : 0;
		at = call.stopAt + from;
		n = call.stopOffsets ? call.stopOffsets[data + 1] - from : call.stops;
		falling = n > 0 && at[n - 1] < at[0];
	}

	// rising is stop k from the earliest on.
	__device__ double rising(long long k) const { return at[falling ? n - 1 - k : k]; }

	// countUpTo is how many stops lie before t, or not behind it.
	__device__ long long count(double t, bool inclusive) const {
		long long low = 0, high = n;
		while (low < high) {
			const long long middle = (low + high) / 2;
			const double stop = rising(middle);
			if (stop < t || (inclusive && stop == t)) low = middle + 1;
			else high = middle;
		}
		return low;
	}

	__device__ bool has(double t) const { return count(t, true) > count(t, false); }

	// next is the first stop behind t on the way to t1, or t1.
	__device__ double next(double t, double t1) const {
		const bool up = t1 >= t;
		const long long k = up ? count(t, true) : count(t, false) - 1;
		if (k < 0 || k >= n) return t1;
		return up ? fmin(rising(k), t1) : fmax(rising(k), t1);
	}
};

// beside is the next time from t towards another that is not t in the precision of the state, or in a finer one.
__device__ inline double beside(double t, double towards, bool fine) {
	if (fine || sizeof(real) == 8) return nextafter(t, towards);
	return nextafterf(float(t), float(copysign(INFINITY, towards - t)));
}

// setWithin sets where the field may be asked between t and the next stop, or t1; it returns which of these it is.
__device__ __noinline__ double setWithin(const Call &call, Row &row, double t, double t1) {
	row.within0 = t;
	row.within1 = t1;
	if (call.stops == 0) return t1;
	const StopTimes stops(call, row.data);
	const double end = stops.next(t, t1);
	row.within0 = stops.has(t) ? beside(t, end, call.fineStops) : t;
	row.within1 = stops.has(end) ? beside(end, t, call.fineStops) : end;
	return end;
}

// enterSegment makes what lies from t up to the next stop, or to t1, what the row integrates next.
__device__ inline void enterSegment(const Call &call, Row &row, double t, double t1) {
	row.t0 = t;
	row.t1 = setWithin(call, row, t, t1);
	row.toStop = row.t1 != t1;
}
