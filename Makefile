# make demo, make test: everything else is found from here. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BIN := .venv/bin
RUN_GO = source packaging/lib.sh && go=$$(ensure_go)
# Which staticcheck: a version, so that a new one cannot turn yesterday's commit red.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
# How long `make fuzz` stays at each target.
SECS ?= 5
# How many courses `make simulation` plays; nightly 20000.
SEEDS ?= 300
# And how many closes by hand that meet a stop.
HANDS ?= 0
# How many stations `make soak` kills.
KILLS ?= 500
# What `make bench` scans.
BARS ?= $(or $(VST_TEST_DATA),../shared/data)/sp500_daily.parquet
LOCK = $$uv pip compile --quiet --universal --python-version 3.12 --generate-hashes \
	--no-emit-index-url --no-header

.PHONY: help setup demo test contract-async conformance check fuzz simulation soak bench faults operations mutation walk screenshots lock stubs docs package smoke sbom licenses reproducible clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## */\1\t/' | expand -t 16

setup: ## install everything into this folder; one line when there is nothing to do
	@packaging/setup.sh

demo: setup ## the whole job on the built-in simulator: a window, or a story in the terminal without a display
	@if [[ -n "$${DISPLAY:-}$${WAYLAND_DISPLAY:-}" || $$(uname -s) == Darwin ]]; then \
		$(BIN)/vst demo; \
	else \
		mkdir -p out; \
		$(BIN)/vst demo --headless --screenshot out/demo.png --json out/demo.json; \
	fi

test: setup ## all tests, Go and Python
	@$(RUN_GO); cd scanner_go; race=; \
	if [[ $$("$$go" env CGO_ENABLED) == 1 ]] && command -v gcc >/dev/null; then race=-race; fi; \
	"$$go" test $$race ./...
	@$(BIN)/python -m pytest -n 2 --dist worksteal tests

contract-async: setup ## the adapter's tests on ib_async, in an environment of its own
	@packaging/contract_async.sh

conformance: setup ## TWS API clients of others (ib_insync, ib_async, ibapi, @stoqey/ib) against vst sim
	@packaging/conformance.sh

check: setup ## style, types, import rules, the tree's own rules, stubs
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/architecture
	$(BIN)/python packaging/gen_stubs.py --check
	$(BIN)/python packaging/docs_pages.py --check
	@$(RUN_GO); cd scanner_go; \
	unformatted=$$("$$("$$go" env GOROOT)/bin/gofmt" -l .); \
	[[ -z $$unformatted ]] || { echo "gofmt would change: $$unformatted"; exit 1; }; \
	echo "go vet"; "$$go" vet ./...; \
	echo "staticcheck"; "$$go" run $(STATICCHECK) ./...

# go test may end a search whose time is up with "context deadline exceeded" and no failing input: no failure.
fuzz: ## every fuzz target of the scanner for SECS seconds each (5)
	@$(RUN_GO); cd scanner_go; \
	targets=$$("$$go" test -list '^Fuzz' ./... | \
		awk '/^Fuzz/ { names[++n] = $$1 } /^ok/ { while (n) print $$2, names[n--] }'); \
	[[ -n $$targets ]] || { echo "no fuzz targets were found"; exit 1; }; \
	out=$$(mktemp); trap 'rm -f "$$out"' EXIT; \
	while read -r package name; do \
		echo "$$name ($$package)"; \
		"$$go" test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(SECS)s -fuzzminimizetime 100x "$$package" 2>&1 | tee "$$out" || \
		{ grep -q 'context deadline exceeded' "$$out" && ! grep -q 'Failing input' "$$out"; }; \
	done <<<"$$targets"

simulation: setup ## SEEDS courses of the money path under seeded faults on virtual time (300)
	@$(BIN)/python packaging/simulation.py --seeds $(SEEDS) --hands $(HANDS)

soak: setup ## KILLS stations killed at random while they trade (500, with 20,000 orders or so)
	@$(BIN)/python packaging/simulation.py --seeds 0 --kills 0 --soak $(KILLS)

operations: setup ## a demo with faults: each counted, told by the right channels, recovered or given up
	@$(BIN)/python packaging/operations.py

mutation: setup ## changes single lines of execution, risk and exits: does a test notice? (SAMPLE=200 mutants of 8,000)
	@packaging/mutation.sh $(if $(SAMPLE),--sample $(SAMPLE))

faults: setup ## each fault of the simulator by name, the duty that answers it, pass or fail
	@$(BIN)/pytest tests/faults -q -n auto --fault-table --no-header --no-summary

bench: setup ## the benchmarks: the scanner's own, vst bench scan beside its peers (BARS=FILE), tests/benchmarks
	@$(RUN_GO); cd scanner_go; "$$go" test -run '^$$' -bench . -benchmem ./...
	@packaging/peers.sh || echo "bench: going on without vectorbt"
	@if [[ -f "$(BARS)" ]]; then $(BIN)/vst bench scan --bars "$(BARS)"; \
		else echo "bench: no bars at $(BARS) (make bench BARS=FILE names some): made ones"; $(BIN)/vst bench scan; fi
	@for file in tests/benchmarks/bench_*.py; do \
		[[ ! -f $$file ]] || { echo "$$file"; PYTHONPATH=. $(BIN)/python "$$file"; }; \
	done

walk: setup ## the main job by mouse only, then by keyboard only, in a real window (under Xvfb without a display)
	@run=; if [[ -z "$${DISPLAY:-}$${WAYLAND_DISPLAY:-}" ]]; then \
		command -v xvfb-run >/dev/null || { echo "walk needs a display or Xvfb (apt-get install xvfb)"; exit 1; }; \
		run="xvfb-run -a"; \
	fi; \
	QT_QPA_PLATFORM=xcb $$run $(BIN)/python -m pytest tests/bdd/test_window.py -v --no-header

screenshots: setup ## the README's pictures, taken of the real window
	@mkdir -p docs/images
	@$(BIN)/python packaging/screenshots.py

docs: setup ## the documentation as pages: out/site; a warning or a dead link fails it
	@packaging/docs.sh

stubs: setup ## write the gRPC stubs of proto/ and the kernel's assembly again
	@$(BIN)/python packaging/gen_stubs.py

package: ## freeze the application and pack it: dist/*.tar.xz and *.deb (Linux), build/frozen elsewhere
	@packaging/package.sh

smoke: ## install and use what `make package` made, as a user without rights, the window under Xvfb
	@packaging/smoke.sh

sbom: ## the CycloneDX bill of materials of what is shipped: dist/sbom.cdx.json
	@packaging/sbom.sh

licenses: ## the notices of what is shipped: dist/NOTICE.txt
	@source packaging/lib.sh; \
	[[ -f build/frozen/vst-desktop/NOTICE.txt ]] || VST_SKIP_ARCHIVES=1 packaging/package.sh; \
	PATH=$$(dirname "$$(ensure_go)"):$$PATH .uv/package/bin/python packaging/licenses.py dist/NOTICE.txt

reproducible: setup ## builds the scanner twice, in two places: the same file?
	@packaging/reproducible.sh

lock: ## resolve the dependencies again and write the lock files
	@source packaging/lib.sh; uv=$$(ensure_uv); \
	$(LOCK) pyproject.toml --output-file requirements.lock; \
	$(LOCK) pyproject.toml --group dev --output-file requirements-dev.lock; \
	$(LOCK) packaging/peers.in --output-file packaging/peers.lock; \
	$(LOCK) --no-deps packaging/ib_async.in --output-file packaging/ib_async.lock; \
	$(LOCK) --constraint requirements-dev.lock packaging/mutation.in --output-file packaging/mutation.lock; \
	$(LOCK) --constraint requirements.lock packaging/freeze.in --output-file packaging/freeze.lock; \
	$(LOCK) packaging/sbom.in --output-file packaging/sbom.lock; \
	$(LOCK) packaging/docs.in --output-file packaging/docs.lock

clean: ## remove what was built or installed here
	rm -rf .venv .uv .go out build dist vst_desktop/_bin scanner_go/bin .benchmarks
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find vst_desktop tests packaging -name __pycache__ -prune -exec rm -rf {} +
