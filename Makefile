# The README's commands. Not the build system: CMakePresets.json is.
.PHONY: run test build install format bench bench-peer

install:
	@setup/install.sh
	@setup/cuda.sh
	@setup/python.sh

build: install
	@test -e build/dev/build.ninja || cmake --preset dev
	@cmake --build --preset dev

run: build
	@recipes/first/gather.py
	@build/dev/bin/roux run recipes/first.recipe

test: build
	@ctest --preset dev

# ROW=C3: one row of what speed is judged by (bench/README.md).
bench: build
	@cmake --build --preset dev --target step-bench matmul-bench compile-time-bench
	@bench/row.py $(ROW)

# PyTorch, which the rows are compared with; hundreds of megabytes, and nothing else needs it.
bench-peer:
	@python3 -m venv build/torch
	@build/torch/bin/pip install torch==2.15.0 numpy safetensors

format:
	@git ls-files '*.h' '*.cpp' | xargs clang-format-22 -i
