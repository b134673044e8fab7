#!/usr/bin/env bash
# assemble.sh ARCHITECTURE KERNELS FOLDER: PTX of every kernel through ptxas; fails on a spill, an
# undefined function, or when there is no ptxas (setup/cuda.sh gets one).
set -euo pipefail
ptxas=$(command -v ptxas || ls /usr/local/cuda/bin/ptxas "$(dirname "$0")"/../../../build/cuda/bin/ptxas 2> /dev/null | head -n 1)
[ -n "$ptxas" ] || { echo "no ptxas: neither in PATH nor in /usr/local/cuda nor from setup/cuda.sh"; exit 1; }
roux-translate --kernel-to-ptx --arch="$1" "$2" > "$3/all.ptx"
# One file a kernel: each has its own header.
csplit -s -f "$3/$1-" "$3/all.ptx" '/^\/\/ [0-9]* threads a block/' '{*}'
for file in "$3/$1"-[0-9]*; do
  grep -q '\.entry' "$file" || continue
  "$ptxas" -v -arch="$1" "$file" -o "$3/cubin" 2> "$3/log"
  if grep -E '[1-9][0-9]* bytes spill' "$3/log"; then
    grep entry "$file"
    exit 1
  fi
done
