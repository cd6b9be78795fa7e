# neuralode: make help lists the targets.

GO ?= go
# Packages whose tests race-check quickly; the whole module is built and vetted.
RACE ?= ./...

.DEFAULT_GOAL := help
.PHONY: help build train test check fmt vet lint edges generate race cross bench profile clean

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

edges: ## the packages import each other one way only
	$(GO) test -run TestImportEdges .

generate: ## regenerate the assembly and fail if it differs from what is committed
	cd solver/cpu/internal/simd/gen && $(GO) generate ./...
	@git diff --exit-code -- solver/cpu/internal/simd

race: ## the fast tests under the race detector
	$(GO) test -race -short $(RACE)

cross: ## build for other systems
	GOOS=linux GOARCH=arm64 $(GO) build ./...
	GOOS=windows GOARCH=amd64 $(GO) build ./...
	GOOS=darwin GOARCH=arm64 $(GO) build ./...

clean: ## remove what was built
	rm -rf bin .cache
