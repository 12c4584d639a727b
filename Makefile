# Few verbs; each is what its recipe says.
# Base images, where targets/base/build.sh made them.
-include .env
export NODE_IMAGE PYTHON_IMAGE

.PHONY: build demo test test-go test-node test-python race

build:
	go build ./cmd/bench

demo:
	go run ./cmd/bench demo

test: test-go test-node test-python

test-go:
	test -z "$$(gofmt -l cmd internal)"
	go vet ./...
	go test -timeout 20m ./...

race:
	go test -race ./internal/load ./internal/run ./internal/live

test-node:
	cd targets/node && npm ci && npm run lint && npm test

venv = $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/claimbench/venv-dev

test-python:
	python3 -m venv $(venv)
	$(venv)/bin/pip install --quiet --require-hashes -r targets/python/requirements-dev.txt
	cd targets/python && $(venv)/bin/ruff check . && $(venv)/bin/ruff format --check . && $(venv)/bin/mypy && $(venv)/bin/pytest -q
