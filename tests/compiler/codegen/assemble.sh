#!/usr/bin/env bash
# assemble.sh ARCHITECTURE KERNELS FOLDER: PTX of all kernels, one module, through ptxas; fails on a spill, an
# undefined function, a note of lost speed, or when there is no ptxas (setup/cuda.sh gets one).
set -euo pipefail
ptxas=$(command -v ptxas || ls /usr/local/cuda/bin/ptxas "$(dirname "$0")"/../../../build/cuda/bin/ptxas 2> /dev/null | head -n 1)
[ -n "$ptxas" ] || { echo "no ptxas: neither in PATH nor in /usr/local/cuda nor from setup/cuda.sh"; exit 1; }
roux-translate --kernel-to-ptx --arch="$1" "$2" > "$3/$1.ptx"
"$ptxas" -v -arch="$1" "$3/$1.ptx" -o "$3/cubin" 2> "$3/log" || { cat "$3/log"; exit 1; }
if grep -B 1 -E '[1-9][0-9]* bytes spill|Performance Loss' "$3/log"; then
  exit 1
fi
