// The control of one row: solver.Row, function by function.

// Measure is what is measured for a decision: whether what was computed is finite, and scaled norms of it.
struct Measure {
	bool finite;
	double first, second;
};

// Control is where a row is, what it tries and how it goes on. It knows no states.
struct Control {
	double t0, t1;               // the span of integration, or what of it lies between two stops
	double within0, within1;     // where the field may be asked: there, but not at stops, at which it may jump
	double t, h, step;           // now; the next step, and the same cut at the limits and at the end of the span
	double limit;                // 0, or the longest step
	double end;                  // of the step under way
	double factor, slope;        // from this step to the next; the norm of the first slope
	Errors history;
	int status, accept;          // accept: of the step under way, as last and finite
	int tried;                   // steps of this span
	int accepted, rejected, nfe; // of this sample
	int jacobians;               // of this sample
	bool last, finite;           // it ends the span; it could be computed
	bool knows;                  // the derivatives of the slope are those where the step begins

	static constexpr double GIVEN_STEP = FIRST_STEP > CONSTANT_STEP ? FIRST_STEP : CONSTANT_STEP; // the first; 0: to be found

	__device__ double towards(double size) const { return copysign(size, t1 - t0); }

	// enter begins the span. It returns whether there is anything to integrate.
	__device__ bool enter() {
		t = t0;
		h = towards(h);
		step = 0;
		history = Errors{};
		tried = accept = 0;
		last = false;
		status = OK;
		return t0 != t1;
	}

	// needsNorms reports whether firstSlope looks at norms.
	__device__ bool needsNorms() const { return h == 0 && GIVEN_STEP == 0; }

	// firstSlope takes in the norms of the start and of its slope. It returns whether to probe: the field at the end of an
	// Euler step.
	__device__ bool firstSlope(const Measure &m) {
		if (!m.finite) {
			status = NON_FINITE;
		} else if (needsNorms()) {
			slope = m.second;
			step = towards(startProbe(m.first, m.second, fabs(t1 - t0)));
			return true;
		} else if (h == 0) {
			h = towards(GIVEN_STEP);
		}
		return false;
	}

	// probe sets the first step from the norm of the slope's change.
	__device__ void probe(const Measure &m) { h = towards(startStep(fabs(step), slope, m.first)); }

	// tryStep makes of h the next step, or takes the next of a constant size, which no limit cuts.
	__device__ void tryStep() {
		if (CONSTANT_STEP > 0) {
			tryConstantStep();
			return;
		}
		double size = fmax(fabs(h), MIN_STEP);
		if (MAX_STEP > 0) size = fmin(size, MAX_STEP);
		if (limit > 0) size = fmin(size, limit);
		step = clipStep(t, copysign(size, h), t1, last);
		end = last ? t1 : t + step;
	}

	// tryConstantStep ends the step at a multiple of its size from the start: sums would drift.
	__device__ void tryConstantStep() {
		const double n = tried + 1;
		h = towards(CONSTANT_STEP);
		last = n >= constantSteps(t0, t1, CONSTANT_STEP);
		step = last ? t1 - t : h;
		end = last ? t1 : t0 + n * h;
	}

	// at is the time at fraction c of the step.
	__device__ double at(double c) const { return stageTime(t + c * step, within0, within1); }

	// judge decides whether the step is accepted, from the norm of its error. An infinite result has an infinite scale, which
	// hides any error.
	__device__ __noinline__ void judge(const Measure &m) {
		finite = m.finite;
		factor = 1;
		accept = CONSTANT_STEP > 0 ? finite : nextFactor(finite ? m.first : NAN, history, factor);
		tried++;
		accepted += accept;
		rejected += !accept;
	}

	// settle moves on after the step was judged. An accepted step that was cut does not make the next one smaller than what
	// it was cut from.
	__device__ void settle() {
		if (accept) {
			t = end;
			if (last) return;
		}
		const double next = step * factor;
		if (!accept || fabs(next) > fabs(h)) h = next;
		if (!accept && fabs(h) < smallest()) status = finite ? STEP_UNDERFLOW : NON_FINITE;
		else if (tried >= MAX_STEPS_TRIED) status = MAX_STEPS;
	}

	// smallest is the size below which a rejected step is not tried again: any, where it is constant.
	__device__ double smallest() const { return CONSTANT_STEP > 0 ? INFINITY : fmax(MIN_STEP, smallestStep(t)); }

	// isDone reports whether the span is over, or the row has failed.
	__device__ bool isDone() const { return status != OK || t == t1; }
};

// isDue reports whether time s lies at or before t in the direction of integration.
__device__ inline bool isDue(const Control &row, double s, double t) { return row.t1 >= row.t0 ? s <= t : s >= t; }
