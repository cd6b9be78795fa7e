// A row: the place of one sample, with its own time, step size and acceptance.

enum Status { OK, MAX_STEPS, STEP_UNDERFLOW, NON_FINITE, CANCELLED, ADJOINT_DRIFTED };
enum Form { SOLUTION, STATE_ADJOINT, ADJOINT_ALONE }; // what is integrated: z; [z, a]; a along a trajectory
enum Phase { IDLE, FRESH, ACTIVE, DONE };

// Row is the control state of one row.
struct Row {
	double t0, t1;               // the span of integration
	double t, h, step;           // now; the next step; that step cut to the limit and the span
	double limit;                // 0, or the longest step
	double factor;               // from this step to the next
	double previous, previous2;  // error norms of the accepted steps before
	real unit;                   // in which the adjoint is, backward
	int sample, phase, status;
	int last, accept;            // of the step under way
	int tried;                   // steps of this span
	int accepted, rejected, nfe; // of this sample
	int saves, left;             // save times of the sample; those passed (forward) or not yet passed (backward)
	long long save, data;        // the row of the first (solver.Batch.Rows); the sample's place in the data
	int from;                    // the recorded step to take back, or that holds t
};

// mad is a·b + c, written out wherever it is meant: compile with --fmad=false.
__device__ inline real mad(real a, real b, real c) {
#ifdef CUDA_EMULATION
	return a * b + c;
#else
	return fma(a, b, c);
#endif
}
