// The step size controller: solver.Controller, solver.StartStep, solver.ClipStep, solver.StageTime and solver.SmallestStep,
// in double. What is long and called once a step is no inline code, for the compiler's sake.

__device__ inline double clamp(double x, double low, double high) { return fmin(high, fmax(low, x)); }

// power is xʸ for positive x. Unlike pow it is no call, for which registers would have to be saved.
__device__ inline double power(double x, double y) { return exp(y * log(x)); }

// stepFactor is the factor for the next step after one with error norm err.
__device__ __noinline__ double stepFactor(double err, const Row &row) {
	if (err == 0) return MAX_FACTOR;
	double factor = SAFETY * power(err, -(GAIN_P + GAIN_I + GAIN_D) / ORDER);
	if (GAIN_P + 2 * GAIN_D != 0 && row.previous > 0) factor *= power(row.previous, (GAIN_P + 2 * GAIN_D) / ORDER);
	if (GAIN_D != 0 && row.previous2 > 0) factor *= power(row.previous2, -GAIN_D / ORDER);
	return clamp(factor, MIN_FACTOR, MAX_FACTOR);
}

// control judges a step with error norm err: NaN and infinity reject.
__device__ __noinline__ void control(Row &row, double err) {
	row.accept = 0;
	row.factor = MIN_FACTOR;
	if (!isFinite(err)) return;
	row.factor = stepFactor(err, row);
	if (err > 1) {
		row.factor = fmin(row.factor, SAFETY);
		return;
	}
	row.accept = 1;
	row.factor = fmax(row.factor, 1.0);
	row.previous2 = row.previous;
	row.previous = err;
}

constexpr double SPACING = 2.220446049250313e-16; // 2⁻⁵²: times abs(t) it is the spacing of double at t, or twice that
constexpr double TINY = sizeof(real) == 8 ? 4.9406564584124654e-324 : 1.401298464324817e-45; // the smallest real

// smallestStep is the step below which neither time nor the state moves reliably.
__device__ inline double smallestStep(const Row &row) { return 4 * fmax(SPACING * fabs(row.t), TINY); }

// clip makes of the next step one that is not beyond the limit, at least the smallest, and does not pass the end of the span.
__device__ inline void clip(Row &row) {
	const double longest = row.limit > 0 ? row.limit : INFINITY;
	const double size = fmax(fmin(fabs(row.h), longest), smallestStep(row));
	const double h = copysign(size, row.h), rest = row.t1 - row.t;
	row.last = fabs(h) >= fabs(rest) * (1 - 1e-12) || row.t + h == row.t1;
	row.step = row.last ? rest : h;
}

// nextStep is the step after this one; at least what an accepted one was cut from.
__device__ inline double nextStep(const Row &row) {
	const double h = row.step * row.factor;
	return row.accept && fabs(row.h) > fabs(h) ? row.h : h;
}

// longestBack is the longest step back from a time that lies rest after the beginning of a forward step: solver.LongestBack.
__device__ inline double longestBack(double rest, double step, double before) {
	if (before == 0 || rest >= step) return step;
	if (rest <= 1e-12 * step) return before;
	return fmin(step, fmax(rest, before));
}

// stageTime is the time at fraction c of the step, but not beyond the end of the span, where rounding may put it.
__device__ inline double stageTime(const Row &row, double c) {
	const double at = row.t + c * row.step;
	const bool beyond = row.step > 0 ? at > row.t1 : row.step < 0 && at < row.t1;
	return beyond ? row.t1 : at;
}

// startProbe and startStep are the starting step of Hairer, Nørsett and Wanner, Solving ODEs I, II.4; positive and finite
// also for norms that overflowed or have no scale. The probe stays within the span.
__device__ inline double startProbe(double d0, double d1, const Row &row) {
	const double h0 = 0.01 * d0 / d1;
	return fmin(d0 < 1e-5 || d1 < 1e-5 || !(h0 > 0 && h0 < INFINITY) ? 1e-6 : h0, fabs(row.t1 - row.t0));
}

__device__ __noinline__ double startStep(double h0, double d1, double d2) {
	d2 /= h0;
	const bool known = d1 == d1 && d2 == d2;
	double largest = fmax(d1, d2), h1 = fmax(1e-6, h0 * 1e-3);
	if (known && largest > 1e-15 && largest < INFINITY) h1 = power(0.01 / largest, 1.0 / ORDER);
	return fmin(100 * h0, h1);
}

// polynomial is the weight of a stage in the dense output, p[0]·x + p[1]·x² + ….
__device__ inline double polynomial(const double *p, double x) {
	double y = 0;
	for (int i = DEGREE - 1; i >= 0; i--) y = (y + p[i]) * x;
	return y;
}

// isDue reports whether time s lies at or before t in the direction of integration.
__device__ inline bool isDue(const Row &row, double s, double t) { return row.t1 >= row.t0 ? s <= t : s >= t; }
