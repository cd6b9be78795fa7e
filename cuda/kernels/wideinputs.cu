// Inputs of a field by rows in device memory: as for a block's rows, for the row of a block.

// loadInputs gives a row the constants of the sample that lies there in the data.
template <class P> __device__ void loadInputs(const Call &call, long long data, real *frame, int i) {
	if constexpr (P::READS_INPUTS)
		columns(INPUTS, [&](int c) {
			if (c < call.constants) P::inputs(frame, i)[c] = call.inputs[data * call.constants + c];
		});
}

// loadSignals gives it the signals at a time.
template <class P> __device__ void loadSignals(const Call &call, long long data, real *frame, int i, double time) {
	if constexpr (P::READS_INPUTS)
		if (call.signals > 0)
			columns(INPUTS, [&](int c) {
				if (c >= call.constants) P::inputs(frame, i)[c] = signalAt(call, data, c - call.constants, time);
			});
}

// clearInputsBar begins the sum of ∂L/∂inputs of a sample, and of what that is of signals.
__device__ inline void clearInputsBar(const Call &call, int sample) {
	columns(INPUTS, [&](int c) { call.inputsBar[placeOf(sample, INPUTS) + c] = 0; });
	if (!call.signalsBar) return;
	double *sums = call.signalsBar + call.signalsBarAt[sample];
	columns(int(call.signalsBarAt[sample + 1] - call.signalsBarAt[sample]), [&](int k) { sums[k] = 0; });
	__syncthreads();
}

// addInputsBar adds weight·x, of a stage at that time, to it.
__device__ inline void addInputsBar(const Call &call, const WideRow &row, real weight, const real *x, double time) {
	columns(INPUTS, [&](int c) {
		real &sum = call.inputsBar[placeOf(row.sample, INPUTS) + c];
		sum = mad(weight, x[c], sum);
		if (!call.signalsBar || c < call.constants || c >= call.constants + call.signals) return;
		addSignals(call, row.data, row.sample, c, time, [&](int c) { return double(weight * x[c]); });
	});
}
