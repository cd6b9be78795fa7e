// A device on standard input and output, for tests: allocates, copies and launches as the commands say. Integers are
// 64-bit, in the order of the machine.
#include <unistd.h>

struct KernelEntry {
	const char *name;
	void (*run)(const void *);
};
extern const KernelEntry kernelTable[];

static uint64_t readWord() {
	uint64_t x;
	if (fread(&x, sizeof x, 1, stdin) != 1) exit(0);
	return x;
}

static void writeWord(uint64_t x) {
	fwrite(&x, sizeof x, 1, stdout);
	fflush(stdout);
}

static void launchNamed() {
	char name[64] = {};
	uint64_t length = readWord();
	if (length >= sizeof name || fread(name, 1, length, stdin) != length) exit(1);
	uint64_t grid = readWord(), block = readWord(), shared = readWord(), parameter = readWord();
	for (const KernelEntry *k = kernelTable; k->name; k++)
		if (!strcmp(k->name, name)) {
			emulation::launch(k->run, (unsigned)grid, (unsigned)block, shared, (const void *)parameter);
			return;
		}
	fprintf(stderr, "no kernel %s\n", name);
	exit(1);
}

// Product is a matrix product C = op(A)·B + beta·C of matrices stored by rows, as emulate.Product.
struct Product {
	uint64_t realBytes, transA, m, n, k, a, strideA, b, strideB, beta, c, strideC;
};

template <class Real> static void multiply(const Product &g) {
	const Real *a = (const Real *)g.a, *b = (const Real *)g.b;
	Real *c = (Real *)g.c;
	for (uint64_t i = 0; i < g.m; i++)
		for (uint64_t j = 0; j < g.n; j++) {
			Real sum = 0;
			for (uint64_t k = 0; k < g.k; k++)
				sum += (g.transA ? a[k * g.strideA + i] : a[i * g.strideA + k]) * b[k * g.strideB + j];
			c[i * g.strideC + j] = g.beta ? c[i * g.strideC + j] + sum : sum;
		}
}

int main() {
	for (;;) {
		switch (char command = (char)readWord()) {
		case 'a': { // allocate; memory holds NaN until written
			uint64_t n = readWord();
			void *p = malloc(n);
			memset(p, 0xff, n);
			writeWord((uint64_t)p);
			break;
		}
		case 'f':
			free((void *)readWord());
			break;
		case 'w': {
			uint64_t p = readWord(), n = readWord();
			if (fread((void *)p, 1, n, stdin) != n) exit(1);
			break;
		}
		case 'r': {
			uint64_t p = readWord(), n = readWord();
			fwrite((void *)p, 1, n, stdout);
			fflush(stdout);
			break;
		}
		case 'g': {
			Product g;
			if (fread(&g, sizeof g, 1, stdin) != 1) exit(1);
			if (g.realBytes == 8) multiply<double>(g);
			else multiply<float>(g);
			break;
		}
		case 'l':
			launchNamed();
			break;
		default:
			fprintf(stderr, "unknown command %d\n", command);
			return 1;
		}
	}
}
