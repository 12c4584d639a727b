# Few verbs; each is what its recipe says.
# Base images, where targets/base/build.sh made them.
-include .env
export NODE_IMAGE PYTHON_IMAGE POSTGRES_IMAGE PROXY_IMAGE

.PHONY: build demo test test-go test-node test-python test-services race fuzz peers

build:
	go build ./cmd/bench

demo:
	go run ./cmd/bench demo

test: test-go test-node test-python test-services

test-go:
	test -z "$$(gofmt -l cmd internal)"
	go vet ./...
	go test -timeout 20m ./...

race:
	go test -race ./internal/wire ./internal/timer ./internal/load ./internal/run ./internal/live

fuzz:
	go test -run '^$$' -fuzz FuzzAnswer -fuzztime 1m ./internal/wire

# bench beside vegeta, k6, hey and wrk, on this machine: some six minutes, and two CPUs that have nothing else to do.
peers:
	command -v wrk >/dev/null || apt-get install -qy wrk || sudo apt-get install -qy wrk
	go run ./cmd/peers

test-node:
	cd targets/node && npm ci && npm run lint && npm test

venv = $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/claimbench/venv-dev

test-python:
	python3 -m venv $(venv)
	$(venv)/bin/pip install --quiet --require-hashes -r targets/python/requirements-dev.txt
	cd targets/python && $(venv)/bin/ruff check . && $(venv)/bin/ruff format --check . && $(venv)/bin/mypy && $(venv)/bin/pytest -q

# 3 is the exit status where the program is not on this machine.
test-services:
	for s in postgres proxy; do sh targets/$$s/test.sh; code=$$?; \
	  if [ $$code = 3 ] && [ -z "$$CLAIMBENCH_REQUIRE_DOCKER" ]; then echo "SKIPPED: targets/$$s goes untested here"; \
	  elif [ $$code != 0 ]; then exit 1; fi; done
