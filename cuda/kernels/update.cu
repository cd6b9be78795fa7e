// The update of θ: solver.Update.

// Update is one update of the optimizer as numbers of type real.
struct Update {
	int rule;
	bool nesterov;
	real scale, rate, beta1, beta2, epsilon, correctM, correctV, momentum, weightDecay;

	__device__ explicit Update(const Call &call) {
		const double *o = call.optimizer, *d = call.decision;
		rule = int(o[RULE]);
		nesterov = o[NESTEROV] != 0;
		scale = real(d[CLIP_SCALE]), rate = real(d[RATE]), correctM = real(d[CORRECT_M]), correctV = real(d[CORRECT_V]);
		beta1 = real(o[BETA1]), beta2 = real(o[BETA2]), epsilon = real(o[EPSILON]);
		momentum = real(o[MOMENTUM]), weightDecay = real(o[WEIGHT_DECAY]);
	}

	__device__ void adam(real &theta, real &m, real &v, real g) const {
		m = mad(beta1, m, (1 - beta1) * g);
		v = mad(beta2, v, (1 - beta2) * g * g);
		theta -= rate * (m * correctM) / (MATH(sqrt)(v * correctV) + epsilon);
	}

	__device__ void sgd(real &theta, real &m, real g) const {
		g = mad(weightDecay, theta, g);
		m = mad(momentum, m, g);
		theta -= rate * (nesterov ? mad(momentum, m, g) : m);
	}
};

// update does one update, unless the iteration has failed. Any number of blocks of WIDE_THREADS.
extern "C" __global__ void __launch_bounds__(WIDE_THREADS, 1) update(const Call *p) {
	const Call &call = *p;
	if (hasFailed(call)) return;
	const Update u(call);
	for (int i = blockIdx.x * WIDE_THREADS + threadIdx.x; i < THETA; i += gridDim.x * WIDE_THREADS) {
		if (!isTrained(call, i)) continue;
		const real g = call.gradient[i] * u.scale;
		if (u.rule == SGD) {
			u.sgd(call.theta[i], call.m[i], g);
			continue;
		}
		if (u.rule == ADAMW) call.theta[i] -= u.rate * u.weightDecay * call.theta[i];
		u.adam(call.theta[i], call.m[i], call.v[i], g);
	}
}
