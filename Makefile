# Builds, tests and checks claimbench. "make help" lists the targets.
# Base images that targets/base/build.sh made.
-include .env
export NODE_IMAGE PYTHON_IMAGE POSTGRES_IMAGE PROXY_IMAGE

.PHONY: build demo test test-go test-node test-python test-services race fuzz lint prose peers help

build: ## build the program bench
	go build ./cmd/bench

demo: ## run the two-minute demo, without Docker
	go run ./cmd/bench demo

test: test-go test-node test-python test-services ## run all tests

test-go: ## test the Go code
	test -z "$$(gofmt -l cmd internal)"
	go vet ./...
	go test -timeout 20m ./...

race: ## test the concurrent packages with the race detector
	go test -race ./internal/wire ./internal/timer ./internal/load/... ./internal/runner ./internal/live

fuzz: ## fuzz the HTTP parser for one minute
	go test -run '^$$' -fuzz FuzzAnswer -fuzztime 1m ./internal/wire

golangci = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

lint: ## check the Go code, and search all text for forbidden phrases
	test -z "$$(gofmt -l cmd internal)"
	go run $(golangci) run
	go run ./cmd/prose --patterns

prose: ## count the sentences of the documents; fail if they are too long
	go run ./cmd/prose

# Needs about six minutes and two idle CPUs.
peers: ## measure bench and other load generators on this machine
	@command -v wrk >/dev/null || { echo "make peers needs wrk: install it, on Debian with apt-get install wrk" >&2; exit 1; }
	go run ./cmd/peers

test-node: ## lint and test the Node.js servers
	cd targets/node && npm ci && npm run lint && npm test

venv = $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/claimbench/venv-dev

test-python: ## lint and test the Python servers
	python3 -m venv $(venv)
	$(venv)/bin/pip install --quiet --require-hashes -r targets/python/requirements-dev.txt
	cd targets/python && $(venv)/bin/ruff check . && $(venv)/bin/ruff format --check . && $(venv)/bin/mypy && $(venv)/bin/pytest -q

# Exit status 3 means that the program is not installed.
test-services: ## test the PostgreSQL and proxy services
	for s in postgres proxy; do sh targets/$$s/test.sh; code=$$?; \
	  if [ $$code = 3 ] && [ -z "$$CLAIMBENCH_REQUIRE_DOCKER" ]; then echo "SKIPPED: targets/$$s goes untested here"; \
	  elif [ $$code != 0 ]; then exit 1; fi; done

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
