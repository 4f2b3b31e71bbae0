# Two commands: `make sweep` and `make test`. Each installs what is missing, builds what changed and does its job.
#
#   make sweep    train the tutorial's network once per activation, at a size that fits this machine (runs/quick)
#   make test     build and run all tests
#   make docs     write the reference of the library into build/docs/html
#   make bench    measure a training step against Keras and PyTorch (docs/benchmarks)
#   make lint     clang-format and clang-tidy over our own code
.PHONY: sweep test docs bench lint build configure dependencies
.DEFAULT_GOAL := build

BUILD := build/release

# Without a GPU nothing of CUDA is compiled for a sweep.
sweep: configure
	@if nvidia-smi -L 2>/dev/null | grep -q '^GPU'; then target=saltus_program; folder=saltus; \
	else echo "No GPU: building the sweep's program without CUDA (make builds all)"; \
	  target=saltus_program_cpu; folder=saltus/cpu; fi; \
	cmake --build --preset release --target $$target && \
	$(BUILD)/apps/$$folder/saltus sweep --quick --resume --out runs/quick

test: build
	ctest --preset release -j "$$(nproc)"
	@grep -E '^([0-9]+ kernels, |skipped )' $(BUILD)/Testing/Temporary/LastTest.log

docs: dependencies
	@mkdir -p build
	doxygen docs/Doxyfile

bench: build
	python3 apps/bench/run_cpu.py --build $(BUILD)

build: configure
	cmake --build --preset release

configure: dependencies
	@test -f $(BUILD)/build.ninja || cmake --preset release

dependencies:
	@third_party/install.sh

lint: dependencies
	cmake --preset release -B build/lint -DSALTUS_UNITY_BUILD=OFF -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON
	scripts/lint build/lint
