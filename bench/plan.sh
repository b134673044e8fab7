#!/usr/bin/env bash
# Planning, measured: packing, whole plans, layouts, loading. Builds the release preset's benchmark and
# prints one table. bench/plan.cpp says what each line is.
set -euo pipefail
cd "$(dirname "$0")/.."
test -e build/release/build.ninja || cmake --preset release > /dev/null
cmake --build --preset release --target plan_benchmark > /dev/null
build/release/bin/plan_benchmark "$@"
