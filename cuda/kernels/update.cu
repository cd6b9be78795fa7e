// The update of θ.

// update is one step of Adam (see solver.Optimizer), unless the iteration has failed. Any number of blocks of WIDE_THREADS.
extern "C" __global__ void __launch_bounds__(WIDE_THREADS, 1) update(const Call *p) {
	const Call &call = *p;
	if (hasFailed(call)) return;
	const double *o = call.optimizer;
	const real scale = real(call.decision[CLIP_SCALE]), correctM = real(call.decision[CORRECT_M]),
			   correctV = real(call.decision[CORRECT_V]);
	const real rate = real(o[RATE]), beta1 = real(o[BETA1]), beta2 = real(o[BETA2]), epsilon = real(o[EPSILON]);
	for (int i = blockIdx.x * WIDE_THREADS + threadIdx.x; i < THETA; i += gridDim.x * WIDE_THREADS) {
		real g = call.gradient[i] * scale;
		real m = mad(beta1, call.m[i], (1 - beta1) * g);
		real v = mad(beta2, call.v[i], (1 - beta2) * g * g);
		call.m[i] = m;
		call.v[i] = v;
		call.theta[i] -= rate * (m * correctM) / (MATH(sqrt)(v * correctV) + epsilon);
	}
}
