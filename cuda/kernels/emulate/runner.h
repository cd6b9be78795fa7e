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
			return writeWord(0);
		}
	writeWord(1);
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
		case 'l':
			launchNamed();
			break;
		default:
			fprintf(stderr, "unknown command %d\n", command);
			return 1;
		}
	}
}
