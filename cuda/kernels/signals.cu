// Signals are known functions of time that a field reads behind the constants of a sample: solver.Courses. A field without
// inputs gets none of this.

// Course is a signal of a sample as a function of time: its knots.
struct Course {
	const double *at;
	const real *value;
	long long n;

	__device__ Course(const Call &call, long long data, long long signal) {
		const long long recording = call.recordingOf ? call.recordingOf[data] : 0;
		const long long *knots = call.knots + (recording * call.signals + signal) * KNOTS_LEN;
		at = call.knotAt + knots[KNOTS_TIME];
		value = call.knotValue + knots[KNOTS_VALUE];
		n = knots[KNOTS_COUNT];
	}

	// find is the knot k with at[k] ≤ t < at[k+1], and at the last that before it, of times that are not held.
	__device__ long long find(double t) const {
		long long low = 0, high = n - 1;
		while (high - low > 1) {
			const long long middle = (low + high) / 2;
			if (at[middle] <= t) low = middle;
			else high = middle;
		}
		return low;
	}
};

// KnotWeights are those of n values, from one on, in a signal at a time, or in its derivative.
struct KnotWeights {
	long long from;
	int n;
	double weight[3];

	__device__ KnotWeights(const Course &c, bool hermite, bool derivative, double t) {
		n = 1;
		from = t < c.at[0] ? 0 : c.n - 1;
		weight[0] = !derivative;
		if (c.n == 1 || t < c.at[0] || t > c.at[c.n - 1]) return; // held
		n = 2;
		from = c.find(t);
		const double h = c.at[from + 1] - c.at[from], x = (t - c.at[from]) / h;
		weight[0] = derivative ? -1 / h : 1 - x;
		weight[1] = derivative ? 1 / h : x;
		if (!hermite || from == 0) return;
		n = 3;
		const double before = h / (c.at[from] - c.at[from - 1]);
		from--;
		const double q = derivative ? (4 - 3 * x) * x : (2 - x) * x * x;
		const double d0 = derivative ? (1 - q) * before / h : (x - q) * before, d1 = derivative ? q / h : q;
		weight[0] = -d0;
		weight[1] = derivative ? d0 - d1 : 1 - d1 + d0;
		weight[2] = d1;
	}
};

// signalAt is number c of what the field reads of the signals at time t, of the sample that lies there in the data: the
// signals of its recording, and then their derivatives.
__device__ __noinline__ real signalAt(const Call &call, long long data, long long c, double t) {
	const Course course(call, data, c % call.signals);
	const KnotWeights w(course, call.hermite, c >= call.signals, t);
	double sum = 0;
	for (int i = 0; i < w.n; i++) sum += w.weight[i] * double(course.value[w.from + i]);
	return real(sum);
}

// addSignal adds to the derivatives for the values of a sample's signal what bar, that for number c of what the field
// reads of signals at time t, makes of them.
__device__ inline void addSignal(const Call &call, long long data, int sample, long long c, double t, double bar) {
	const long long signal = c % call.signals;
	double *sums = call.signalsBar + call.signalsBarAt[sample];
	for (long long j = 0; j < signal; j++) sums += Course(call, data, j).n;
	const Course course(call, data, signal);
	const KnotWeights w(course, call.hermite, c >= call.signals, t);
	for (int i = 0; i < w.n; i++) sums[w.from + i] += w.weight[i] * bar;
}

// addSignals is addSignal for one signal, c its place among the field's inputs, and its derivative where that is read; bar(c)
// is that for input c.
template <class Bar>
__device__ void addSignals(const Call &call, long long data, int sample, int c, double t, Bar bar) {
	for (long long at = c - call.constants; at < INPUTS - call.constants; at += call.signals)
		addSignal(call, data, sample, at, t, bar(int(at + call.constants)));
}
