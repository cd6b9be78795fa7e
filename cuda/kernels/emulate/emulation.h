// Runs CUDA C on the host: one thread block at a time, one fiber per thread, a switch at every barrier and shuffle.
// Included before the kernels. Static shared memory becomes a static variable, dynamic shared memory a block of exactly
// the size of the launch, so that a sanitizer sees accesses beyond it; both hold NaN when a block starts.
//
// Under the thread sanitizer every thread of the block is a fiber of the sanitizer's and barriers are the only
// synchronisation: it then reports the races in shared memory that a missing barrier leaves.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#ifndef __x86_64__
#include <ucontext.h>
#endif

#define CUDA_EMULATION 1
#define __global__
#define __device__
#define __constant__ static const
#define __shared__ static
#define __launch_bounds__(...)
#define __noinline__ __attribute__((noinline, unused))
#define DYNAMIC_SHARED(name) unsigned char *name = emulation::dynamicShared

struct Dim3 {
	unsigned x;
};

#ifdef __SANITIZE_THREAD__
extern "C" {
void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned);
void __tsan_destroy_fiber(void *);
void __tsan_switch_to_fiber(void *, unsigned);
void __tsan_acquire(void *);
void __tsan_release(void *);
}
#define EMULATION_TSAN(x) x
#define EMULATION_HIDDEN __attribute__((no_sanitize("thread"), noinline))
#else
#define EMULATION_TSAN(x)
#define EMULATION_HIDDEN
#endif

// checkAligned stands for what the hardware does with a wide access that is not aligned.
static inline void checkAligned(const void *p, size_t bytes) {
	if (reinterpret_cast<uintptr_t>(p) % bytes == 0) return;
	std::fprintf(stderr, "emulation: an access of %zu bytes at %p is misaligned\n", bytes, p);
	std::abort();
}

namespace emulation {

enum { MAX_THREADS = 1024, STACK = 256 << 10 };

struct Fiber {
	void *stackPointer, *tsan;
	unsigned id, parity;
	bool done;
};

// Barrier has a sanitizer's object per generation: with one alone an early fiber would hide races.
struct Barrier {
	unsigned arrived, generation, any, result;
	uint64_t sync[2];
};

static Fiber fibers[MAX_THREADS], mainFiber, *current;
static Barrier barriers[1 + MAX_THREADS / 32]; // 0 of the block, 1 + w of warp w
static uint64_t lanes[2][MAX_THREADS];
static unsigned count, alive;
static int order = 1; // 1 and −1: direction of the round robin; 0: random
static Dim3 threadIndex, blockIndex, blockSize, gridSize;
static unsigned char *dynamicShared;
static char *stacks;
static void (*kernel)(const void *);
static const void *parameter;

#ifdef __x86_64__
extern "C" void emulation_switch(void **from, void *to);
asm(".text\n.globl emulation_switch\n.type emulation_switch,@function\nemulation_switch:\n"
	"pushq %rbp\npushq %rbx\npushq %r12\npushq %r13\npushq %r14\npushq %r15\n"
	"movq %rsp,(%rdi)\nmovq %rsi,%rsp\n"
	"popq %r15\npopq %r14\npopq %r13\npopq %r12\npopq %rbx\npopq %rbp\nret\n");
EMULATION_HIDDEN static void change(Fiber *from, Fiber *to) {
	EMULATION_TSAN(__tsan_switch_to_fiber(to->tsan, 1);)
	emulation_switch(&from->stackPointer, to->stackPointer);
}
#else
static ucontext_t contexts[MAX_THREADS + 1];
EMULATION_HIDDEN static void change(Fiber *from, Fiber *to) {
	EMULATION_TSAN(__tsan_switch_to_fiber(to->tsan, 1);)
	swapcontext(&contexts[from->id], &contexts[to->id]);
}
#endif

EMULATION_HIDDEN static void deadlock() {
	fprintf(stderr, "emulation: thread %u of block %u waits for ever\n", current->id, blockIndex.x);
	abort();
}

// next switches to the next live fiber.
EMULATION_HIDDEN static void next() {
	Fiber *me = current;
	unsigned i = order ? me->id : rand() % count;
	for (unsigned k = 0; k < count; k++) {
		i = (i + count + (order < 0 ? -1 : 1)) % count;
		if (!fibers[i].done && i != me->id) break;
	}
	if (i == me->id || fibers[i].done) deadlock();
	current = &fibers[i];
	threadIndex.x = i;
	change(me, current);
}

EMULATION_HIDDEN static void entry() {
	kernel(parameter);
	current->done = true;
	EMULATION_TSAN(__tsan_release(&alive);)
	if (--alive == 0) change(current, &mainFiber);
	next();
	abort();
}

EMULATION_HIDDEN static unsigned wait(unsigned id, unsigned n, unsigned any) {
	Barrier &b = barriers[id];
	unsigned generation = b.generation;
	b.any |= any;
	EMULATION_TSAN(__tsan_release(&b.sync[generation & 1]);)
	if (++b.arrived == n) {
		b.arrived = 0;
		b.result = b.any;
		b.any = 0;
		b.generation++;
	}
	for (unsigned spins = 0; b.generation == generation; next())
		if (++spins > 1000000) deadlock();
	EMULATION_TSAN(__tsan_acquire(&b.sync[generation & 1]);)
	return b.result;
}

EMULATION_HIDDEN static void prepareFiber(unsigned i) {
	Fiber &f = fibers[i];
	f.id = i;
	f.done = false;
	f.parity = 0;
	EMULATION_TSAN(f.tsan = __tsan_create_fiber(0);)
#ifdef __x86_64__
	void **top = (void **)(stacks + (size_t)STACK * (i + 1)) - 3; // entry starts with rsp = 8 mod 16, as after a call
	*--top = (void *)entry;
	for (int r = 0; r < 6; r++) *--top = 0;
	f.stackPointer = top;
#else
	getcontext(&contexts[i]);
	contexts[i].uc_stack.ss_sp = stacks + (size_t)STACK * i;
	contexts[i].uc_stack.ss_size = STACK;
	makecontext(&contexts[i], entry, 0);
#endif
}

EMULATION_HIDDEN static void runBlock(size_t shared) {
	dynamicShared = shared ? (unsigned char *)malloc(shared) : nullptr;
	if (shared) memset(dynamicShared, 0xff, shared);
	memset(barriers, 0, sizeof barriers);
	for (unsigned i = 0; i < count; i++) prepareFiber(i);
	alive = count;
	unsigned first = order < 0 ? count - 1 : 0;
	current = &fibers[first];
	threadIndex.x = first;
	change(&mainFiber, current);
	EMULATION_TSAN(__tsan_acquire(&alive); for (unsigned i = 0; i < count; i++) __tsan_destroy_fiber(fibers[i].tsan);)
	free(dynamicShared);
}

EMULATION_HIDDEN static void launch(void (*k)(const void *), unsigned grid, unsigned block, size_t shared, const void *p) {
	if (getenv("EMULATION_ORDER")) order = atoi(getenv("EMULATION_ORDER"));
	kernel = k;
	parameter = p;
	count = block;
	gridSize.x = grid;
	blockSize.x = block;
	mainFiber.id = MAX_THREADS;
	EMULATION_TSAN(mainFiber.tsan = __tsan_get_current_fiber();)
	if (!stacks) stacks = (char *)aligned_alloc(64, (size_t)STACK * MAX_THREADS);
	for (blockIndex.x = 0; blockIndex.x < grid; blockIndex.x++) runBlock(shared);
}

// exchange gives every lane of a warp the value of another; two slots in turn, so that one barrier is enough.
template <class T> EMULATION_HIDDEN T exchange(T v, unsigned lane) {
	unsigned t = current->id, warp = t >> 5, left = count - 32 * warp;
	uint64_t *slot = lanes[current->parity ^= 1], bits = 0;
	memcpy(&bits, &v, sizeof v);
	slot[t] = bits;
	wait(1 + warp, left < 32 ? left : 32, 0);
	memcpy(&v, &slot[32 * warp + lane], sizeof v);
	return v;
}

// block is the barrier of the block at a line of the kernels; EMULATION_SKIP leaves one out, to see that it is missed.
EMULATION_HIDDEN static void block(int line) {
	static const char *skip = getenv("EMULATION_SKIP");
	if (!skip || atoi(skip) != line) wait(0, count, 0);
}

// approximateTanh has as many right bits as the GPU's.
static inline float approximateTanh(float x) {
	int exponent;
	float mantissa = frexpf(tanhf(x), &exponent);
	return std::isfinite(mantissa) ? ldexpf(roundf(ldexpf(mantissa, 11)), exponent - 11) : mantissa;
}

} // namespace emulation

#define threadIdx emulation::threadIndex
#define blockIdx emulation::blockIndex
#define blockDim emulation::blockSize
#define gridDim emulation::gridSize

#define __syncthreads() emulation::block(__LINE__)
static inline int __syncthreads_or(int p) { return emulation::wait(0, emulation::count, p != 0) != 0; }
template <class T> static T __shfl_xor_sync(unsigned, T v, int mask) {
	return emulation::exchange(v, (emulation::current->id & 31) ^ mask);
}
template <class T> static T __shfl_sync(unsigned, T v, int lane) { return emulation::exchange(v, (unsigned)lane); }
// Blocks and threads run one at a time.
static inline unsigned long long atomicAdd(unsigned long long *p, unsigned long long x) {
	unsigned long long old = *p;
	*p = old + x;
	return old;
}
static inline int min(int a, int b) { return a < b ? a : b; }
static inline long long min(long long a, long long b) { return a < b ? a : b; }
