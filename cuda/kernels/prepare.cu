// The kernels that come before a solve.

__device__ inline bool hasFailed(const Call &call) { return call.progress && call.progress[FAILURE] != 0; }

// prepare packs parameters, constants and what the plans' Shared sections made of them. Any number of blocks.
extern "C" __global__ void __launch_bounds__(THREADS, 1) prepare(const Call *p) {
	const Call &call = *p;
	const int stride = gridDim.x * THREADS;
	for (int i = blockIdx.x * THREADS + threadIdx.x; i < FieldWeights::LENGTH; i += stride)
		call.fieldWeights[i] = FieldWeights::element(call.theta, call.fieldShared, i);
#if HAS_HEAD
	for (int i = blockIdx.x * THREADS + threadIdx.x; i < HeadWeights::LENGTH; i += stride)
		call.headWeights[i] = HeadWeights::element(call.theta + FIELD_THETA, call.headShared, i);
#endif
}

// share runs the plans' Shared sections. One block.
extern "C" __global__ void __launch_bounds__(THREADS, 1) share(const Call *p) {
	const Call &call = *p;
	FieldWeights::share(call.theta, call.fieldShared);
#if HAS_HEAD
	HeadWeights::share(call.theta + FIELD_THETA, call.headShared);
#endif
}
