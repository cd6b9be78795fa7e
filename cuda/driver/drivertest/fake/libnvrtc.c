// An NVRTC for tests: the code it makes is the source itself. Sources with the word "mistake" do not compile.
// FAKE_NVRTC_VERSION=12 is its version, FAKE_NVRTC_FAIL=n:code lets the n-th call fail.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct program {
	char *source, *log;
};
static long calls;

static int counted(void) {
	long n = 0;
	int code = 0;
	const char *fail = getenv("FAKE_NVRTC_FAIL");
	calls++;
	return fail && sscanf(fail, "%ld:%d", &n, &code) == 2 && n == calls ? code : 0;
}
#define ENTER             \
	int code_ = counted(); \
	if (code_) return code_

int nvrtcVersion(int *major, int *minor) {
	ENTER;
	const char *v = getenv("FAKE_NVRTC_VERSION");
	*major = v ? atoi(v) : 12;
	*minor = 9;
	return 0;
}
int nvrtcGetNumSupportedArchs(int *n) { ENTER; *n = 3; return 0; }
int nvrtcGetSupportedArchs(int *list) {
	ENTER;
	list[0] = 75, list[1] = 80, list[2] = 90;
	return 0;
}
int nvrtcCreateProgram(struct program **p, const char *source, const char *name, int n, const char *const *h, const char *const *i) {
	ENTER;
	*p = calloc(1, sizeof **p);
	(*p)->source = strdup(source);
	(*p)->log = strdup("");
	return 0;
}
int nvrtcCompileProgram(struct program *p, int n, const char *const *options) {
	ENTER;
	if (!strstr(p->source, "mistake")) return 0;
	free(p->log);
	p->log = strdup("kernels.cu(1): warning: odd\nkernels.cu(2): error: a mistake\n1 error detected\n");
	return 6;
}
int nvrtcDestroyProgram(struct program **p) {
	free((*p)->source);
	free((*p)->log);
	free(*p);
	return 0;
}
int nvrtcGetCUBINSize(struct program *p, size_t *n) { ENTER; *n = strlen(p->source); return 0; }
int nvrtcGetCUBIN(struct program *p, char *to) { ENTER; memcpy(to, p->source, strlen(p->source)); return 0; }
int nvrtcGetPTXSize(struct program *p, size_t *n) { return nvrtcGetCUBINSize(p, n); }
int nvrtcGetPTX(struct program *p, char *to) { return nvrtcGetCUBIN(p, to); }
int nvrtcGetProgramLogSize(struct program *p, size_t *n) { *n = strlen(p->log) + 1; return 0; }
int nvrtcGetProgramLog(struct program *p, char *to) { strcpy(to, p->log); return 0; }
