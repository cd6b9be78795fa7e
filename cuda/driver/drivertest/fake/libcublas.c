// A cuBLAS for tests, on a device whose memory is the host's. FAKE_CUBLAS_FAIL=n:code lets the n-th call fail.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static long calls;
static int counted(void) {
	long n = 0;
	int code = 0;
	const char *fail = getenv("FAKE_CUBLAS_FAIL");
	calls++;
	return fail && sscanf(fail, "%ld:%d", &n, &code) == 2 && n == calls ? code : 0;
}
#define ENTER             \
	int code_ = counted(); \
	if (code_) return code_

int cublasGetProperty(int which, int *value) { ENTER; *value = which == 0 ? 12 : 9; return 0; }
int cublasCreate_v2(void **h) { ENTER; *h = malloc(8); return 0; }
int cublasDestroy_v2(void *h) { free(h); ENTER; return 0; }
int cublasSetStream_v2(void *h, void *s) { ENTER; return s ? 0 : 7; }
static int mathMode;
int cublasSetMathMode(void *h, int mode) { ENTER; mathMode = mode; return mode == 0 || mode == 3 ? 0 : 7; }
int cublasSetWorkspace_v2(void *h, void *p, size_t n) { ENTER; return 0; }

static double asIs(double x) { return x; }
// factor is x as TF32 has it under that mode: with 10 bits of mantissa.
static float factor(float x) {
	union { float f; uint32_t bits; } u = {x};
	if (mathMode == 3) u.bits = (u.bits + 0x1000) & ~0x1fffu;
	return u.f;
}

#define GEMM(name, real, round)                                                                                             \
	int name(void *h, int ta, int tb, int m, int n, int k, const real *alpha, const real *a, int lda, const real *b, \
			 int ldb, const real *beta, real *c, int ldc) {                                                          \
		ENTER;                                                                                                       \
		if (lda < (ta ? k : m) || ldb < (tb ? n : k) || ldc < m) return 7;                                           \
		for (int j = 0; j < n; j++)                                                                                  \
			for (int i = 0; i < m; i++) {                                                                            \
				real sum = 0;                                                                                        \
				for (int l = 0; l < k; l++) sum += round(ta ? a[i * lda + l] : a[l * lda + i]) * round(tb ? b[l * ldb + j] : b[j * ldb + l]); \
				c[j * ldc + i] = *alpha * sum + (*beta == 0 ? 0 : *beta * c[j * ldc + i]);                           \
			}                                                                                                        \
		return 0;                                                                                                    \
	}
GEMM(cublasSgemm_v2, float, factor)
GEMM(cublasDgemm_v2, double, asIs)
