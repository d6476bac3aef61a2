# SPDX-License-Identifier: Apache-2.0
# What a user types. Every target installs what is missing first (scripts/setup.sh does nothing when
# all is there).
.PHONY: run configure build test test-long test-asan test-tsan fuzz coverage lint format bench setup clean

CMAKE ?= cmake
JOBS ?= $(shell nproc)
TSAN_TARGETS := $(addprefix kernels_,$(addsuffix _test,limits_machine_limits packing_packing panel_panel_kernels thread_pool)) \
	$(addprefix model_,$(addsuffix _test,attention_attention formats_checkpoint head_output_head transformer))
PYTEST := .venv/bin/python -m pytest -q

setup:
	@scripts/setup.sh

configure: setup
	@mkdir -p build
	@$(CMAKE) --preset release > build/configure.log 2>&1 || { cat build/configure.log; exit 1; }

build: configure
	@$(CMAKE) --build build -j $(JOBS)

# The command and the RTL of the default design; tests and benchmarks are not needed here.
run: configure
	@$(CMAKE) --build build -j $(JOBS) --target sterna sterna_rtl
	build/sterna run

test: build
	cd build && ctest -j $(JOBS) --output-on-failure -LE long
	$(PYTEST) -m "not long" tests

test-long: build
	cd build && ctest -j $(JOBS) --output-on-failure
	$(PYTEST) tests

# AddressSanitizer and UBSan in everything of ours.
test-asan: setup
	$(CMAKE) --preset asan
	$(CMAKE) --build build-asan -j $(JOBS)
	cd build-asan && ctest -j $(JOBS) --output-on-failure -LE long

# ThreadSanitizer in what shares loops between threads: kernels, transformer, loading.
test-tsan: setup
	$(CMAKE) --preset tsan
	$(CMAKE) --build build-tsan -j $(JOBS) --target $(TSAN_TARGETS)
	cd build-tsan && ctest -j $(JOBS) --output-on-failure -LE long -R '^(kernels|model)/'

# Every parser of foreign files under libFuzzer and AddressSanitizer, FUZZ_SECONDS each. Findings and the
# corpus so far lie in build-fuzz.
FUZZ_SECONDS ?= 600
fuzz: setup
	$(CMAKE) --preset fuzz
	$(CMAKE) --build build-fuzz -j $(JOBS) --target fuzzers
	.venv/bin/python tests/fuzz/make_corpus.py build-fuzz/seeds
	cd build-fuzz && for parser in seeds/*; do name=$${parser#seeds/}; mkdir -p corpus/$$name; \
	  ./fuzz_$$name -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=256 \
	    -print_final_stats=1 corpus/$$name $$parser || exit 1; done

# What the RTL tests reach, the bare unit and the one on its bus: situations (out/coverage/situations_*.txt),
# lines and toggles of rtl/ on units built to count them. Building those takes minutes.
# Commands by columns run in the cosimulation only.
COVERAGE := STERNA_RTL_COVERAGE=1 STERNA_RTL_CACHE=$(CURDIR)/build/rtl_coverage \
  STERNA_RTL_AXI_LIBRARIES=$(CURDIR)/build/rtl_axi_coverage \
  STERNA_RTL_COVERAGE_DIR=$(CURDIR)/out/coverage/raw STERNA_COVERAGE_REPORT=$(CURDIR)/out/coverage
coverage: build
	@rm -rf out/coverage && mkdir -p out/coverage/raw
	$(CMAKE) --build build -j $(JOBS) --target rtl_axi_coverage_libraries
	cd build && $(COVERAGE) ctest -L '^rtl$$' --output-on-failure
	cd build && $(COVERAGE) STERNA_CASES=10 \
	  ctest -R 'BusColumns|BusCosimulation.*/(odd|narrow)' --output-on-failure
	@tail -qn 1 out/coverage/situations_*.txt
	.venv/bin/python tests/rtl/coverage_report.py out/coverage/raw tests/rtl/coverage_exclusions.txt out/coverage

bench: build
	$(CMAKE) --build build -j $(JOBS) --target rtl_bench
	for bench in $$(find build -name "*_bench" -type f); do $$bench || exit 1; done

# Half an hour of one core. The compiler's precompiled headers are not clang's.
lint: setup
	clang-format --dry-run --Werror $$(git ls-files '*.cpp' '*.hpp')
	.venv/bin/ruff check . && .venv/bin/ruff format --check .
	$(CMAKE) --preset lint > /dev/null
	run-clang-tidy -quiet -p build-lint -j $(JOBS) '^$(CURDIR)/(kernels|model|sim|host)/(?!.*_bench).*\.cpp$$'

format:
	clang-format -i $$(git ls-files '*.cpp' '*.hpp')
	.venv/bin/ruff format .

clean:
	rm -rf build build-dev build-lint build-asan build-tsan build-fuzz build-aarch64 out
