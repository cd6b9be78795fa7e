// The rules of step sizes: solver.Controller.Next, solver.StartProbe, solver.StartStep, solver.ClipStep,
// solver.SmallestStep, solver.LongestBack and solver.StageTime, in double. What is long and called once a step is no inline
// code, for the compiler's sake.

__device__ inline double clamp(double x, double low, double high) { return fmin(high, fmax(low, x)); }

// power is xʸ for positive x. Unlike pow it is no call, for which registers would have to be saved.
__device__ inline double power(double x, double y) { return exp(y * log(x)); }

// Errors is the history of error norms that PI and PID control look back on: solver.Errors.
struct Errors {
	double previous, previous2;
};

// stepFactor is the factor for the next step after one with error norm err.
__device__ __noinline__ double stepFactor(double err, const Errors &history) {
	if (err == 0) return MAX_FACTOR;
	double factor = SAFETY * power(err, -(GAIN_P + GAIN_I + GAIN_D) / ORDER);
	if (GAIN_P + 2 * GAIN_D != 0 && history.previous > 0) factor *= power(history.previous, (GAIN_P + 2 * GAIN_D) / ORDER);
	if (GAIN_D != 0 && history.previous2 > 0) factor *= power(history.previous2, -GAIN_D / ORDER);
	return clamp(factor, MIN_FACTOR, MAX_FACTOR);
}

// nextFactor judges a step with error norm err, of which NaN and infinity reject, and gives the factor for the next step.
__device__ inline bool nextFactor(double err, Errors &history, double &factor) {
	factor = MIN_FACTOR;
	if (!isFinite(err)) return false;
	factor = stepFactor(err, history);
	if (err > 1) {
		factor = fmin(factor, SAFETY);
		return false;
	}
	factor = fmax(factor, 1.0);
	history.previous2 = history.previous;
	history.previous = err;
	return true;
}

constexpr double SPACING = 2.220446049250313e-16; // 2⁻⁵²: times abs(t) it is the spacing of double at t, or twice that
constexpr double TINY = sizeof(real) == 8 ? 4.9406564584124654e-324 : 1.401298464324817e-45; // the smallest real

// smallestStep is the step from t below which neither time nor the state moves reliably.
__device__ inline double smallestStep(double t) { return 4 * fmax(SPACING * fabs(t), TINY); }

// clipStep makes of a size h the step from t: at least the smallest, and not beyond t1. last: it ends there.
__device__ inline double clipStep(double t, double h, double t1, bool &last) {
	h = copysign(fmax(fabs(h), smallestStep(t)), h);
	const double rest = t1 - t;
	last = fabs(h) >= fabs(rest) * (1 - 1e-12) || t + h == t1;
	return last ? rest : h;
}

// constantSteps is the number of steps of that size from t0 to t1, of which the last may be shorter; a rest that rounding
// leaves is none.
__device__ inline double constantSteps(double t0, double t1, double step) {
	const double rounding = 8 * SPACING * fmax(fabs(t0), fabs(t1));
	return fmax(1.0, ceil((fabs(t1 - t0) - rounding) / step));
}

// longestBack is the longest step back from a time that lies rest after the beginning of a forward step.
__device__ inline double longestBack(double rest, double step, double before) {
	if (before == 0 || rest >= step) return step;
	if (rest <= 1e-12 * step) return before;
	return fmin(step, fmax(rest, before));
}

// stageTime is t, or the end of the interval beyond which a stop or rounding has put it.
__device__ inline double stageTime(double t, double from, double to) {
	const bool up = to >= from;
	if (up ? t < from : t > from) return from;
	return (up ? t > to : t < to) ? to : t;
}

// startProbe and startStep are the starting step of Hairer, Nørsett and Wanner, Solving ODEs I, II.4; positive and finite
// also for norms that overflowed or have no scale. The probe stays within a span of that length.
__device__ inline double startProbe(double d0, double d1, double length) {
	const double h0 = 0.01 * d0 / d1;
	return fmin(d0 < 1e-5 || d1 < 1e-5 || !(h0 > 0 && h0 < INFINITY) ? 1e-6 : h0, length);
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
