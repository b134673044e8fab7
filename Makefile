# The README's commands. Not the build system: CMakePresets.json is.
.PHONY: run test build install format

install:
	@setup/install.sh
	@setup/cuda.sh

build: install
	@test -e build/dev/build.ninja || cmake --preset dev
	@cmake --build --preset dev

run: build
	@recipes/first/gather.py
	@build/dev/bin/roux run recipes/first.recipe

test: build
	@ctest --preset dev

format:
	@git ls-files '*.h' '*.cpp' | xargs clang-format-22 -i
