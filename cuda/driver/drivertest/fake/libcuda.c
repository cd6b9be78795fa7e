// A CUDA driver for tests. Memory of the device is memory of the host, poisoned; work is done when it is asked for. Every
// object is remembered, so that a test sees what was leaked, and every use of a dead one is an error.
//
// The environment tells it what to do:
//   FAKE_CUDA_INIT=code         cuInit fails
//   FAKE_CUDA_VERSION=12090     the version of CUDA it knows
//   FAKE_CUDA_DEVICES=n         the number of GPUs
//   FAKE_CUDA_MEMORY=bytes      the memory of each
//   FAKE_CUDA_FAIL=n:code       the n-th call (cuInit not counted) fails without effect, but for the release of a context
//   FAKE_CUDA_REPORT=path       a file with how many calls there were and how many objects are left
//
// A module is any image; it has the kernels "scale" (float *x, int n, float by), "wide" (double *x, long long n, double by)
// and "boom" (no parameters), whose illegal address shows at the next call. An image of the fake NVRTC under
// FAKE_NVRTC_EMULATION has the kernels of its source, which run on the host when they are launched.

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int CUresult;
typedef uint64_t CUdeviceptr;
enum { OK, INVALID_VALUE, OUT_OF_MEMORY, NO_DEVICE = 100, INVALID_DEVICE, INVALID_CONTEXT = 201, INVALID_HANDLE = 400,
	   NOT_FOUND = 500, NOT_READY = 600, ILLEGAL_ADDRESS = 700, CAPTURE_UNSUPPORTED = 900 };
enum kind { CONTEXT, MEMORY, HOST, MODULE, STREAM, EVENT, GRAPH, EXECUTABLE };

// An object is a header in front of what the caller sees.
struct object {
	struct object *next;
	enum kind kind;
	size_t bytes;
	struct graph *recording; // of a stream
	double time;             // of an event
	struct graph *graph;     // of a graph or an executable
	void *library;           // of a module that is emulated
};

// A kernel of an emulated module: how to launch it, and what.
typedef void launcher(void (*kernel)(const void *), unsigned grid, unsigned block, size_t shared, const void *parameter);
struct emulated {
	launcher *launch;
	void (*kernel)(const void *);
};

struct work { // what a stream does
	int what; // a kernel, or EMULATED, COPY or FILL
	struct emulated emulated;
	unsigned grid, block, shared;
	CUdeviceptr to, from;
	size_t bytes;
	uint64_t arguments[3];
	int value;
};
enum { MOST_WORK = 1024 };
struct graph {
	int n;
	struct work work[MOST_WORK];
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct object *objects;
static long calls, live, contexts;
static size_t used;
static int lost; // the error after which nothing works
static double clock_;
static __thread void *current;

static long setting(const char *name, long otherwise) {
	const char *s = getenv(name);
	return s && *s ? atol(s) : otherwise;
}

static int isFatal(int code) { return code == 214 || code == 702 || (code >= 700 && code <= 719 && code != 701); }

// counted is the error that this call has to return, or 0.
static int counted(void) {
	long n = 0;
	int code = 0;
	const char *fail = getenv("FAKE_CUDA_FAIL");
	calls++;
	if (fail && sscanf(fail, "%ld:%d", &n, &code) == 2 && n == calls) {
		if (isFatal(code)) lost = code;
		return code;
	}
	return lost;
}
// report is renewed at every call: a Go program ends without running destructors.
static void report(void) {
	static int file = -1;
	const char *path = getenv("FAKE_CUDA_REPORT");
	char line[64];
	if (!path || (file < 0 && (file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644)) < 0)) return;
	int n = snprintf(line, sizeof line, "calls %6ld live %6ld\n", calls, live);
	if (pwrite(file, line, n, 0) != n) abort();
}
#define ENTER                    \
	pthread_mutex_lock(&mutex);  \
	int code_ = counted();       \
	if (code_) return leave(code_)
static CUresult leave(int code) {
	report();
	pthread_mutex_unlock(&mutex);
	return code;
}

static void *make(enum kind kind, size_t bytes) {
	struct object *o = NULL;
	if (posix_memalign((void **)&o, 256, 256 + bytes)) abort();
	memset(o, 0, sizeof *o);
	memset((char *)o + 256, 0xff, bytes);
	o->kind = kind;
	o->bytes = bytes;
	o->next = objects;
	objects = o;
	live++;
	return (char *)o + 256;
}
static struct object **place(const void *p, enum kind kind) {
	for (struct object **o = &objects; *o; o = &(*o)->next)
		if ((char *)*o + 256 == p && (*o)->kind == kind) return o;
	return NULL;
}
static struct object *find(const void *p, enum kind kind) {
	struct object **o = place(p, kind);
	return o ? *o : NULL;
}
static int drop(const void *p, enum kind kind) {
	struct object **at = place(p, kind), *o;
	if (!at) return kind == MEMORY || kind == HOST ? INVALID_VALUE : INVALID_HANDLE;
	o = *at;
	*at = o->next;
	if (kind == MEMORY) used -= o->bytes;
	if (o->library) dlclose(o->library);
	free(o->recording);
	free(o->graph);
	free(o);
	live--;
	return OK;
}
static int isInside(const void *p, size_t bytes) {
	for (struct object *o = objects; o; o = o->next) {
		char *from = (char *)o + 256;
		if ((o->kind == MEMORY) && (char *)p >= from && (char *)p + bytes <= from + o->bytes) return 1;
	}
	return 0;
}

CUresult cuInit(unsigned flags) { return (int)setting("FAKE_CUDA_INIT", 0); }
CUresult cuDriverGetVersion(int *v) { ENTER; *v = (int)setting("FAKE_CUDA_VERSION", 12090); return leave(OK); }
CUresult cuDeviceGetCount(int *n) { ENTER; *n = (int)setting("FAKE_CUDA_DEVICES", 1); return leave(OK); }
CUresult cuDeviceGetName(char *s, int n, int d) { ENTER; snprintf(s, n, "Fake GPU %d", d); return leave(OK); }
CUresult cuDeviceTotalMem_v2(size_t *n, int d) { ENTER; *n = setting("FAKE_CUDA_MEMORY", 1 << 20); return leave(OK); }
CUresult cuDeviceGetAttribute(int *v, int a, int d) {
	ENTER;
	switch (a) {
	case 75: *v = 9; break;
	case 76: *v = 0; break;
	case 16: *v = 2; break;
	case 8: *v = 48 << 10; break;
	case 97: *v = 227 << 10; break;
	case 115: *v = 1; break;
	default: *v = 0;
	}
	return leave(OK);
}

CUresult cuDevicePrimaryCtxRetain(void **c, int d) {
	ENTER;
	if (contexts++ == 0) make(CONTEXT, 8);
	*c = (void *)0x1000;
	return leave(OK);
}
CUresult cuDevicePrimaryCtxRelease_v2(int d) { // works also when it says that it fails: nobody can free more
	pthread_mutex_lock(&mutex);
	int code = counted();
	if (--contexts == 0)
		while (objects) drop((char *)objects + 256, objects->kind);
	return leave(code);
}
CUresult cuCtxSetCurrent(void *c) { ENTER; current = c; return leave(c == (void *)0x1000 && contexts ? OK : INVALID_CONTEXT); }
CUresult cuCtxSynchronize(void) { ENTER; return leave(current ? OK : INVALID_CONTEXT); }
CUresult cuMemGetInfo_v2(size_t *f, size_t *t) {
	ENTER;
	*t = setting("FAKE_CUDA_MEMORY", 1 << 20);
	*f = *t - used;
	return leave(OK);
}

static int allocate(CUdeviceptr *p, size_t n) {
	if (!current) return INVALID_CONTEXT;
	if (used + n > (size_t)setting("FAKE_CUDA_MEMORY", 1 << 20)) return OUT_OF_MEMORY;
	used += n;
	*p = (CUdeviceptr)make(MEMORY, n);
	return OK;
}
CUresult cuMemAlloc_v2(CUdeviceptr *p, size_t n) { ENTER; return leave(allocate(p, n)); }
CUresult cuMemFree_v2(CUdeviceptr p) { ENTER; return leave(drop((void *)p, MEMORY)); }
CUresult cuMemAllocAsync(CUdeviceptr *p, size_t n, void *s) { ENTER; return leave(find(s, STREAM) ? allocate(p, n) : INVALID_HANDLE); }
CUresult cuMemFreeAsync(CUdeviceptr p, void *s) { ENTER; return leave(find(s, STREAM) ? drop((void *)p, MEMORY) : INVALID_HANDLE); }
CUresult cuMemHostAlloc(void **p, size_t n, unsigned f) { ENTER; *p = make(HOST, n); return leave(OK); }
CUresult cuMemFreeHost(void *p) { ENTER; return leave(drop(p, HOST)); }

CUresult cuModuleLoadData(void **m, const void *image) {
	ENTER;
	static const char mark[] = "EMULATION ";
	void *library = NULL;
	if (!strncmp(image, mark, sizeof mark - 1)) {
		char path[4096];
		snprintf(path, sizeof path, "%s", (const char *)image + sizeof mark - 1);
		path[strcspn(path, "\n")] = 0;
		if (!(library = dlopen(path, RTLD_NOW | RTLD_LOCAL))) return fprintf(stderr, "%s\n", dlerror()), leave(INVALID_VALUE);
	}
	*m = make(MODULE, 8);
	find(*m, MODULE)->library = library;
	return leave(OK);
}
CUresult cuModuleUnload(void *m) { ENTER; return leave(drop(m, MODULE)); }
enum { NONE, SCALE, WIDE, BOOM, EMULATED, COPY, FILL };
CUresult cuModuleGetFunction(void **f, void *m, const char *name) {
	ENTER;
	static const char *const names[] = {"", "scale", "wide", "boom"};
	struct object *module = find(m, MODULE);
	if (!module) return leave(INVALID_HANDLE);
	if (module->library) {
		struct emulated e = {dlsym(module->library, "launchEmulated"), dlsym(module->library, name)};
		if (!e.launch || !e.kernel) return leave(NOT_FOUND);
		struct emulated *kept = malloc(sizeof e); // as long as the process: functions are never freed
		*kept = e;
		return *f = kept, leave(OK);
	}
	for (intptr_t i = SCALE; i <= BOOM; i++)
		if (!strcmp(names[i], name)) return *f = (void *)i, leave(OK);
	return leave(NOT_FOUND);
}
CUresult cuModuleGetGlobal_v2(CUdeviceptr *p, size_t *n, void *m, const char *name) {
	ENTER;
	if (!find(m, MODULE)) return leave(INVALID_HANDLE);
	if (strcmp(name, "table")) return leave(NOT_FOUND);
	*p = (CUdeviceptr)m;
	*n = 8;
	return leave(OK);
}
CUresult cuFuncGetAttribute(int *v, int a, void *f) { ENTER; *v = 10 * a; return leave(OK); }
CUresult cuFuncSetAttribute(void *f, int a, int v) { ENTER; return leave(a == 8 && v <= 227 << 10 ? OK : INVALID_VALUE); }
CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *n, void *f, int threads, size_t shared) { ENTER; *n = 2048 / threads; return leave(OK); }

static int perform(const struct work *w) {
	float by;
	double wide;
	switch (w->what) {
	case SCALE:
		memcpy(&by, &w->arguments[2], 4);
		if (!isInside((void *)w->arguments[0], 4 * (size_t)(int)w->arguments[1])) return lost = ILLEGAL_ADDRESS, OK;
		for (int i = 0; i < (int)w->arguments[1]; i++) ((float *)w->arguments[0])[i] *= by;
		return OK;
	case WIDE:
		memcpy(&wide, &w->arguments[2], 8);
		for (uint64_t i = 0; i < w->arguments[1]; i++) ((double *)w->arguments[0])[i] *= wide;
		return OK;
	case BOOM: return lost = ILLEGAL_ADDRESS, OK;
	case EMULATED:
		w->emulated.launch(w->emulated.kernel, w->grid, w->block, w->shared, (const void *)w->arguments[0]);
		return OK;
	case COPY: return memcpy((void *)w->to, (void *)w->from, w->bytes), OK;
	case FILL: return memset((void *)w->to, w->value, w->bytes), OK;
	}
	return INVALID_VALUE;
}
static int submit(void *stream, struct work w) {
	struct object *s = find(stream, STREAM);
	if (!s) return INVALID_HANDLE;
	if (!s->recording) return perform(&w);
	if (s->recording->n == MOST_WORK) return OUT_OF_MEMORY;
	s->recording->work[s->recording->n++] = w;
	return OK;
}
CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t n, void *s) {
	ENTER;
	if (!isInside((void *)to, n)) return leave(INVALID_VALUE);
	return leave(submit(s, (struct work){.what = COPY, .to = to, .from = (CUdeviceptr)from, .bytes = n}));
}
CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t n, void *s) {
	ENTER;
	if (!isInside((void *)from, n)) return leave(INVALID_VALUE);
	return leave(submit(s, (struct work){.what = COPY, .to = (CUdeviceptr)to, .from = from, .bytes = n}));
}
CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t n, void *s) {
	ENTER;
	if (!isInside((void *)from, n) || !isInside((void *)to, n)) return leave(INVALID_VALUE);
	return leave(submit(s, (struct work){.what = COPY, .to = to, .from = from, .bytes = n}));
}
CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char v, size_t n, void *s) {
	ENTER;
	if (!isInside((void *)to, n)) return leave(INVALID_VALUE);
	return leave(submit(s, (struct work){.what = FILL, .to = to, .value = v, .bytes = n}));
}
CUresult cuLaunchKernel(void *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared,
						void *s, void **p, void **extra) {
	ENTER;
	if ((uintptr_t)f > BOOM) {
		if (bx > 1024 || !gx || !bx) return leave(INVALID_VALUE);
		struct work w = {.what = EMULATED, .emulated = *(struct emulated *)f, .grid = gx, .block = bx, .shared = shared};
		memcpy(&w.arguments[0], p[0], 8);
		return leave(submit(s, w));
	}
	struct work w = {.what = (int)(intptr_t)f};
	static const int sizes[][3] = {[SCALE] = {8, 4, 4}, [WIDE] = {8, 8, 8}, [BOOM] = {0}};
	if (w.what < SCALE || w.what > BOOM || bx * by * bz > 1024) return leave(INVALID_VALUE);
	for (int i = 0; i < 3 && sizes[w.what][i]; i++) memcpy(&w.arguments[i], p[i], sizes[w.what][i]);
	return leave(submit(s, w));
}

CUresult cuStreamCreate(void **s, unsigned f) { ENTER; *s = make(STREAM, 8); return leave(OK); }
CUresult cuStreamDestroy_v2(void *s) { ENTER; return leave(drop(s, STREAM)); }
CUresult cuStreamSynchronize(void *s) {
	ENTER;
	struct object *o = find(s, STREAM);
	return leave(!o ? INVALID_HANDLE : o->recording ? CAPTURE_UNSUPPORTED : OK);
}
CUresult cuStreamQuery(void *s) { ENTER; return leave(find(s, STREAM) ? (int)setting("FAKE_CUDA_BUSY", 0) ? NOT_READY : OK : INVALID_HANDLE); }
CUresult cuStreamWaitEvent(void *s, void *e, unsigned f) { ENTER; return leave(find(s, STREAM) && find(e, EVENT) ? OK : INVALID_HANDLE); }
CUresult cuEventCreate(void **e, unsigned f) { ENTER; *e = make(EVENT, 8); return leave(OK); }
CUresult cuEventDestroy_v2(void *e) { ENTER; return leave(drop(e, EVENT)); }
CUresult cuEventRecord(void *e, void *s) {
	ENTER;
	struct object *o = find(e, EVENT);
	if (!o || !find(s, STREAM)) return leave(INVALID_HANDLE);
	o->time = clock_ += 1.5;
	return leave(OK);
}
CUresult cuEventSynchronize(void *e) { ENTER; return leave(find(e, EVENT) ? OK : INVALID_HANDLE); }
CUresult cuEventElapsedTime(float *ms, void *a, void *b) {
	ENTER;
	struct object *from = find(a, EVENT), *to = find(b, EVENT);
	if (!from || !to || !from->time || !to->time) return leave(INVALID_HANDLE);
	*ms = (float)(to->time - from->time);
	return leave(OK);
}

CUresult cuStreamBeginCapture_v2(void *s, int mode) {
	ENTER;
	struct object *o = find(s, STREAM);
	if (!o || o->recording) return leave(INVALID_HANDLE);
	o->recording = calloc(1, sizeof *o->recording);
	return leave(OK);
}
CUresult cuStreamEndCapture(void *s, void **g) {
	ENTER;
	struct object *o = find(s, STREAM);
	if (!o || !o->recording) return leave(INVALID_HANDLE);
	*g = make(GRAPH, 8);
	find(*g, GRAPH)->graph = o->recording;
	o->recording = NULL;
	return leave(OK);
}
CUresult cuGraphInstantiateWithFlags(void **e, void *g, unsigned long long f) {
	ENTER;
	struct object *from = find(g, GRAPH);
	if (!from) return leave(INVALID_HANDLE);
	*e = make(EXECUTABLE, 8);
	struct object *to = find(*e, EXECUTABLE);
	to->graph = malloc(sizeof *to->graph);
	*to->graph = *from->graph;
	return leave(OK);
}
CUresult cuGraphDestroy(void *g) { ENTER; return leave(drop(g, GRAPH)); }
CUresult cuGraphExecDestroy(void *e) { ENTER; return leave(drop(e, EXECUTABLE)); }
CUresult cuGraphLaunch(void *e, void *s) {
	ENTER;
	struct object *o = find(e, EXECUTABLE);
	if (!o || !find(s, STREAM)) return leave(INVALID_HANDLE);
	for (int i = 0; i < o->graph->n; i++) perform(&o->graph->work[i]);
	return leave(OK);
}
