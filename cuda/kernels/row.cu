// A row: the place of one sample, with its own time, step size and acceptance.

enum Form { SOLUTION, STATE_ADJOINT, ADJOINT_ALONE }; // what is integrated: z; [z, a]; a along a trajectory
enum Phase { IDLE, FRESH, ACTIVE, DONE };

// Row is a row's control, and which part of its sample's work it is at.
struct Row : Control {
	real unit; // in which the adjoint is, backward
	int sample, phase;
	int saves, left;      // save times of the sample; those passed (forward) or not yet passed (backward)
	long long save, data; // the row of the first (solver.Batch.Rows); the sample's place in the data
	int from;             // the recorded step to take back, or that holds t
	bool toStop;          // the span ends at a stop, and there is more of it behind
};

// mad is a·b + c, written out wherever it is meant: compile with --fmad=false.
__device__ inline real mad(real a, real b, real c) {
#ifdef CUDA_EMULATION
	return a * b + c;
#else
	return fma(a, b, c);
#endif
}
