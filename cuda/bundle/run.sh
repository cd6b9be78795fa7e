#!/usr/bin/env bash
# Runs what only a machine with a GPU can show, and keeps the raw output: run.sh [RESULTS]
#
# Needs a driver and CUDA 12 or 13 (NVRTC, cuBLAS), a system with glibc 2.34 or newer, no network. Python with jax, diffrax, torch and torchdiffeq gives the
# peers' times, compute-sanitizer the memory and race checks; where they are missing the summary says so. A step that
# fails does not stop the others; the exit status is the number of failed steps.
set -u
here=$(cd "$(dirname "$0")" && pwd)
results=$(mkdir -p "${1:-results}" && cd "${1:-results}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0
: >"$results/summary.txt"

# step NAME COMMAND... runs a command, its output into NAME.txt, and notes how it ended.
step() {
	local name=$1 began=$SECONDS status=0
	shift
	"$@" >"$results/$name.txt" 2>&1 || status=$?
	if [ "$status" = 0 ]; then verdict=ok; else verdict="FAILED ($status)" failed=$((failed + 1)); fi
	printf '%-28s %-12s %4d s\n' "$name" "$verdict" $((SECONDS - began)) | tee -a "$results/summary.txt"
}

missing() { printf '%-28s %s\n' "$1" "missing: $2" | tee -a "$results/summary.txt"; }

machine() {
	date -u
	uname -sr
	nvidia-smi
	nvidia-smi --query-gpu=name,compute_cap,driver_version,memory.total,clocks.max.sm,clocks.max.mem --format=csv
	grep -m1 'model name' /proc/cpuinfo
	nproc
	python3 -m pip freeze 2>/dev/null | grep -E '^(jax|diffrax|torch|numpy)' || true
}

verify() {
	local status=0
	for gradient in adjoint discrete backsolve; do
		for control in sample batch; do
			"$here/neuralode" verify --device cuda --precision float32 --rtol 1e-5 --atol 1e-6 --gradient $gradient --control $control --json || status=1
			"$here/neuralode" verify --device cuda --precision float64 --rtol 1e-9 --atol 1e-10 --gradient $gradient --control $control \
				--within-z 3e-7 --within-grad 1e-6 --json || status=1
		done
	done
	return $status
}

# determinism trains twice and compares the models byte for byte, at tolerances at which backsolve does not drift.
determinism() {
	for gradient in adjoint discrete backsolve; do
		for i in 1 2; do
			"$here/neuralode" train --device cuda --gradient $gradient --rtol 1e-5 --atol 1e-6 --iterations 300 --out "$gradient-$i" ||
				return 1
		done
		cmp "$gradient-1/model.safetensors" "$gradient-2/model.safetensors" || return 1
	done
}

# cold times the first call with an empty cache of kernels, then with a full one.
cold() {
	local cache=$work/cold
	for state in empty full; do
		local began=$(date +%s%N)
		NEURALODE_CACHE=$cache "$here/neuralode" verify --device cuda "$here/cases/spiral_trained-1.safetensors" --precision float32 \
			--rtol 1e-3 --atol 1e-6 || return 1
		echo "first call with an $state cache: $((($(date +%s%N) - began) / 1000000)) ms"
	done
}

# sanitize TOOL GRADIENT FLAGS... trains for two iterations under the tool.
sanitize() {
	local tool=$1 gradient=$2
	shift 2
	compute-sanitizer --error-exitcode 9 --tool "$tool" "$here/neuralode" train --device cuda --iterations 2 --no-figures \
		--gradient "$gradient" --out "$(mktemp -d -p "$work")/run" "$@"
}

step machine machine
step devices "$here/neuralode" devices
step driver env NEURALODE_REQUIRE_CUDA_TESTS=gpu "$here/driver.test" -test.run TestGPU -test.v
step cuda env NEURALODE_TEST_DEVICE=cuda "$here/cuda.test" -test.v -test.timeout 30m
step verify verify
step determinism determinism
step cold cold
step bench env NEURALODE_BENCH_DEVICE=cuda "$here/bench.test" -test.run '^$' -test.bench . -test.timeout 30m
if command -v compute-sanitizer >/dev/null; then
	# The kernels for small batches and for large ones, the wide ones with cuBLAS, and one step for all.
	for tool in memcheck racecheck initcheck synccheck; do
		for gradient in adjoint discrete backsolve; do
			step "$tool-$gradient" sanitize $tool $gradient --samples 32 --batch 32
			step "$tool-$gradient-large" sanitize $tool $gradient --samples 2048 --batch 2048
			step "$tool-$gradient-wide" sanitize $tool $gradient --samples 32 --batch 32 --hidden 256,256
			step "$tool-$gradient-batch" sanitize $tool $gradient --samples 32 --batch 32 --control batch
		done
	done
else
	missing sanitizer compute-sanitizer
fi
if python3 -c 'import jax, diffrax' 2>/dev/null || python3 -c 'import torch, torchdiffeq' 2>/dev/null; then
	step peers env PEER_PLATFORM=cuda python3 "$here/peers/compare.py" "$here/neuralode" "$here/cases" "$results"
else
	missing peers "jax with diffrax, or torch with torchdiffeq"
fi
cat "$results/summary.txt"
exit $failed
