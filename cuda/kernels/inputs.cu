// Inputs of a field: constants of each sample and signals, which are neither integrated nor in the error norm. A field
// that has none gets none of this.

// loadInputs gives the rows the constants of their samples, at every stage's place: nothing else is written there.
template <class P>
__device__ void loadInputs(const Call &call, const Row *row, const Rows &rows, const Frames<P> &frames) {
	if constexpr (P::READS_INPUTS)
		each<INPUTS>(rows, [&](int r, int c) {
			if (c >= call.constants) return;
			const real x = call.inputs[row[r].data * call.constants + c];
			for (int slot = 0; slot < P::SLOTS; slot++) P::inputs(frames.l(r), frames.at(slot).s(r))[c] = x;
		});
}

// loadSignals gives the rows the signals of their samples at the time of a stage.
template <class P, class Time>
__device__ void loadSignals(const Call &call, const Row *row, const Rows &rows, const Frames<P> &f, Time time) {
	if constexpr (P::READS_INPUTS)
		if (call.signals > 0)
			each<INPUTS>(rows, [&](int r, int c) {
				if (c < call.constants) return;
				P::inputs(f.l(r), f.s(r))[c] = signalAt(call, row[r].data, c - call.constants, time(row[r]));
			});
}

// clearInputsBar begins the sums of ∂L/∂inputs of the rows' samples, and of what these are of signals.
template <int WIDTH = INPUTS> __device__ void clearInputsBar(const Call &call, const Row *row, const Rows &rows) {
	if constexpr (WIDTH > 0)
		each<WIDTH>(rows, [&](int r, int c) {
			const int sample = row[r].sample;
			call.inputsBar[placeOf(sample, WIDTH) + c] = 0;
			if (!call.signalsBar || c > 0) return;
			for (long long k = call.signalsBarAt[sample]; k < call.signalsBarAt[sample + 1]; k++) call.signalsBar[k] = 0;
		});
}

// sumInputsBar adds Σ weight·∂L/∂inputs over the terms of each of the rows to that of its sample; time(row, q) is that of
// term q.
template <class P, int WIDTH = INPUTS, class Time>
__device__ void sumInputsBar(const Call &call, const Row *row, const Rows &rows, const Frames<P> &frames,
	const Terms &terms, Time time) {
	if constexpr (P::HAS_INPUTS_GRADIENT)
		for (int e = threadIdx.x; e < rows.n * WIDTH; e += THREADS) {
			const int p = e / WIDTH, c = e % WIDTH, r = rows.list[p];
			real &sum = call.inputsBar[placeOf(row[r].sample, WIDTH) + c];
			for (int q = 0; q < terms.n; q++) {
				const Frames<P> f = frames.at(terms.slots[q]);
				sum = mad(weightOf(terms, p, q), P::inputsGradient(f.l(r), f.s(r))[c], sum);
				if (!call.signalsBar || c < call.constants || c >= call.constants + call.signals) continue;
				addSignals(call, row[r].data, row[r].sample, c, time(row[r], q), [&](int c) {
					return double(weightOf(terms, p, q) * P::inputsGradient(f.l(r), f.s(r))[c]);
				});
			}
		}
}
