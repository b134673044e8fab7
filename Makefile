# The README's commands. Not the build system: CMakePresets.json is.
.PHONY: run test build check-ptx gpu-bundle sanitize release install format bench bench-peer

install:
	@setup/install.sh
	@setup/cuda.sh
	@setup/python.sh
ifdef PREFIX
# What is shipped, where people's PATH finds it: bin/roux, its manual, what shells complete.
	@cmake --preset release -DROUX_COMMIT=+$$(git describe --always --dirty)
	@cmake --build --preset release --target roux roux-compiler
	@cmake --install build/release --prefix $(PREFIX) --component roux
endif

build: install
	@test -e build/dev/build.ninja || cmake --preset dev
	@cmake --build --preset dev

run: build
	@recipes/first/gather.py
	@build/dev/bin/roux run recipes/first.recipe

test: build
	@ctest --preset dev

# What a GPU would be given, assembled: no spill, and the registers that are on record. Needs no GPU.
check-ptx: build
	@tests/gpu/check_ptx

# What travels to a machine with a GPU and nothing else: there, tests/gpu/run tests and times all of it.
gpu-bundle: build
	@cmake --build --preset dev --target kernels-on-gpu cudnn-on-gpu
	@tests/gpu/bundle

# All that needs no MLIR, its tests and the fuzz harnesses too, under the address and undefined-behaviour sanitizers.
sanitize: install
	@test -e build/asan/build.ninja || cmake --preset asan
	@cmake --build --preset asan
	@ctest --preset asan

# What is shipped: built without assertions, and asked for what people ask of it.
release: install
	@test -e build/release/build.ninja || cmake --preset release
	@cmake --build --preset release --target roux roux-compiler
	@ctest --preset release

# ROW=C3: one row of what speed is judged by (bench/README.md).
bench: build
	@bench/row.py $(ROW)

# PyTorch, which the rows are compared with; hundreds of megabytes, and nothing else needs it.
bench-peer:
	@python3 -m venv build/torch
	@build/torch/bin/pip install torch==2.15.0 numpy safetensors

format:
	@git ls-files '*.h' '*.cpp' | xargs clang-format-22 -i
