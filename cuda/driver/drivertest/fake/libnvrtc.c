// An NVRTC for tests: the code it makes is the source itself. Sources with the word "mistake" do not compile.
// FAKE_NVRTC_VERSION=12 is its version, FAKE_NVRTC_FAIL=n:code lets the n-th call fail.
//
// FAKE_NVRTC_EMULATION=folder makes code for the fake driver: a library that g++ makes of the source, behind the header
// emulation.h in that folder. The code is then the word EMULATION and the library's path.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct program {
	char *source, *log, *image;
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
	(*p)->image = strdup(source);
	return 0;
}

static char *formatted(const char *format, const char *folder, uint64_t hash, const char *more) {
	char *s = malloc(4096);
	snprintf(s, 4096, format, folder, (unsigned long long)hash, more);
	return s;
}

// emulate makes a library of the source, named after its hash.
static int emulate(struct program *p, const char *folder) {
	uint64_t hash = 14695981039346656037u; // FNV-1a
	for (const char *c = p->source; *c; c++) hash = (hash ^ (unsigned char)*c) * 1099511628211u;
	char *path = formatted("%s/%016llx.cpp%s", folder, hash, ""), *library = formatted("EMULATION %s/%016llx.so%s\n", folder, hash, "");
	FILE *f = fopen(path, "w");
	if (!f) return 1;
	fprintf(f, "#include \"emulation.h\"\n#line 1 \"kernels.cu\"\n%s\n", p->source);
	fprintf(f, "extern \"C\" void launchEmulated(void (*k)(const void *), unsigned g, unsigned b, size_t s, const void *p) {\n"
			   "\temulation::launch(k, g, b, s, p);\n}\n");
	fclose(f);
	char *command = formatted("cd '%s' && g++ -std=c++17 -O1 -ffp-contract=off -w -shared -fPIC -Wl,-Bsymbolic -o %016llx.so %s 1>&2", folder, hash, path);
	if (system(command)) return 6;
	free(p->image);
	p->image = library;
	free(path);
	free(command);
	return 0;
}
int nvrtcCompileProgram(struct program *p, int n, const char *const *options) {
	ENTER;
	const char *folder = getenv("FAKE_NVRTC_EMULATION");
	if (folder) return emulate(p, folder);
	if (!strstr(p->source, "mistake")) return 0;
	free(p->log);
	p->log = strdup("kernels.cu(1): warning: odd\nkernels.cu(2): error: a mistake\n1 error detected\n");
	return 6;
}
int nvrtcDestroyProgram(struct program **p) {
	free((*p)->source);
	free((*p)->log);
	free((*p)->image);
	free(*p);
	return 0;
}
int nvrtcGetCUBINSize(struct program *p, size_t *n) { ENTER; *n = strlen(p->image); return 0; }
int nvrtcGetCUBIN(struct program *p, char *to) { ENTER; memcpy(to, p->image, strlen(p->image)); return 0; }
int nvrtcGetPTXSize(struct program *p, size_t *n) { return nvrtcGetCUBINSize(p, n); }
int nvrtcGetPTX(struct program *p, char *to) { return nvrtcGetCUBIN(p, to); }
int nvrtcGetProgramLogSize(struct program *p, size_t *n) { *n = strlen(p->log) + 1; return 0; }
int nvrtcGetProgramLog(struct program *p, char *to) { strcpy(to, p->log); return 0; }
