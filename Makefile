# One visible go command for each target; `make help` lists them.

TOOL = go tool -modfile=internal/tools/go.mod

.DEFAULT_GOAL := help
.PHONY: help build test short race lint fmt vet staticcheck fuzz bench ci

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## compile everything, the examples included
	go build ./...

test: ## all tests, under two minutes
	go test ./...

short: ## all tests, the long ones shortened
	go test -short ./...

race: ## the concurrent packages under the race detector
	go test -race -short ./workflow/... ./store/...

lint: ## the architecture as tests: imports, purity, comments, sizes
	go test ./internal/lint

fmt: ## format in place
	$(TOOL) gofumpt -w .

vet: ## the compiler's own suspicions
	go vet ./...

staticcheck: ## bugs and simplifications
	$(TOOL) staticcheck ./...

fuzz: ## fuzz one target: make fuzz FUZZ=FuzzRead PKG=./internal/xes
	go test -run '^$$' -fuzz '^$(FUZZ)$$' -fuzztime 60s $(PKG)

bench: ## all benchmarks six times, ready for benchstat: make bench > new.txt
	go test -run '^$$' -bench . -benchmem -count 6 ./...

ci: ## what continuous integration runs
	.ci/run
