// The scalar functions of package plan. MATH(f) is f for the type of the state.

#if APPROXIMATE
// fnTanh is the GPU's own, with a relative error near 2^-11 (PTX ISA, tanh.approx.f32).
__device__ inline float fnTanh(float x) {
#ifdef CUDA_EMULATION
	return emulation::approximateTanh(x);
#else
	float y;
	asm("tanh.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
	return y;
#endif
}
#else
__device__ inline real fnTanh(real x) { return MATH(tanh)(x); }
#endif

__device__ inline real fnSigmoid(real x) {
	if (x >= 0) return 1 / (1 + MATH(exp)(-x));
	real e = MATH(exp)(x);
	return e / (1 + e);
}

// fnSoftplus is log(1 + eˣ) without overflow.
__device__ inline real fnSoftplus(real x) { return MATH(fmax)(x, 0) + MATH(log1p)(MATH(exp)(-MATH(fabs)(x))); }

// fnRelu passes NaN on.
__device__ inline real fnRelu(real x) { return x < 0 ? real(0) : x; }
__device__ inline real fnSign(real x) { return x > 0 ? real(1) : x < 0 ? real(-1) : x; }

// fnMax and fnMin pass NaN on.
__device__ inline real fnMax(real x, real y) { return x > y || x != x ? x : y; }
__device__ inline real fnMin(real x, real y) { return x < y || x != x ? x : y; }

// The derivatives that fusion makes: of the cotangent g and the result y or the argument x.
__device__ inline real fnTanhVJP(real g, real y) { return g * (1 - y * y); }
__device__ inline real fnSigmoidVJP(real g, real y) { return g * y * (1 - y); }
__device__ inline real fnSoftplusVJP(real g, real x) { return g * fnSigmoid(x); }
__device__ inline real fnReluVJP(real g, real x) { return x > 0 ? g : g * 0; }

template <class F> __device__ inline bool isFinite(F x) { return x - x == 0; }
