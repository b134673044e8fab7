#!/usr/bin/env bash
# What is missing here of ptxas, libdevice and nvdisasm, for the tests of generated PTX and for `roux inspect
# --emit=sass`: from PyPI (nvidia-cuda-nvcc, nvidia-nvvm 13.0; nvidia-cuda-nvdisasm 13.2, the first there is) into
# build/cuda. Returns at once where nothing is.
set -euo pipefail
cd "$(dirname "$0")/.."

is_here() { [ -e "/usr/local/cuda/$1" ] || [ -e "build/cuda/$1" ]; }
packages=() files=()
needs() { # FILE PACKAGE
  is_here "$1" && return
  files+=("$1")
  packages+=("$2")
}
needs bin/ptxas 'nvidia-cuda-nvcc==13.0.*'
needs nvvm/libdevice/libdevice.10.bc 'nvidia-nvvm==13.0.*'
needs bin/nvdisasm 'nvidia-cuda-nvdisasm==13.2.*'
[ ${#files[@]} = 0 ] && exit 0

echo "fetching ${packages[*]} from PyPI"
python3 -m venv build/cuda-packages
build/cuda-packages/bin/pip install -q --disable-pip-version-check --no-deps "${packages[@]}"
for file in "${files[@]}"; do
  found=$(find build/cuda-packages -name "$(basename "$file")" -type f | head -n 1)
  [ -n "$found" ] || { echo "error: the packages hold no $(basename "$file")" >&2; exit 1; }
  mkdir -p "build/cuda/$(dirname "$file")"
  cp "$found" "build/cuda/$file"
  case $file in bin/*) chmod +x "build/cuda/$file" ;; esac
done
rm -rf build/cuda-packages
