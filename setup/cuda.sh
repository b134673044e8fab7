#!/usr/bin/env bash
# What is missing here of ptxas, libdevice and nvdisasm, for the tests of generated PTX and for `roux inspect
# --emit=sass`, and of cuDNN, whose attention a GPU may run instead of ours: its front end's headers (Apache 2.0),
# its own and CUDA's, and libcudnn, with which plans are tested without a GPU. From PyPI into build/cuda: nvidia-cuda-nvcc,
# nvidia-nvvm 13.0, nvidia-cuda-nvdisasm 13.2 (the first there is), nvidia-cudnn-frontend (12 MB),
# nvidia-cudnn-cu13 (366 MB, where no toolkit has it). Returns at once where nothing is.
set -euo pipefail
cd "$(dirname "$0")/.."

is_here() { [ -e "/usr/local/cuda/$1" ] || [ -e "build/cuda/$1" ]; }
packages=() files=() folders=()
needs() { # FILE PACKAGE [all]: of the package this file, or all that is beside and below it
  is_here "$1" && return
  files+=("$1")
  packages+=("$2")
  folders+=("${3:-}")
}
needs bin/ptxas 'nvidia-cuda-nvcc==13.0.*'
needs nvvm/libdevice/libdevice.10.bc 'nvidia-nvvm==13.0.*'
needs bin/nvdisasm 'nvidia-cuda-nvdisasm==13.2.*'
needs include/cudnn_frontend.h 'nvidia-cudnn-frontend==1.32.0' all
needs include/cudnn.h 'nvidia-cudnn-cu13==9.19.0.56' all
needs lib/libcudnn.so.9 'nvidia-cudnn-cu13==9.19.0.56' all
needs include/cuda_runtime.h 'nvidia-cuda-runtime==13.0.*' all
needs include/crt/host_defines.h 'nvidia-cuda-crt==13.0.*' all
[ ${#files[@]} = 0 ] && exit 0

echo "fetching ${packages[*]} from PyPI"
python3 -m venv build/cuda-packages
build/cuda-packages/bin/pip install -q --disable-pip-version-check --no-deps "${packages[@]}"
for i in "${!files[@]}"; do
  file=${files[$i]}
  found=$(find build/cuda-packages -path "*/$file" -type f | head -n 1)
  [ -n "$found" ] || found=$(find build/cuda-packages -name "$(basename "$file")" -type f | head -n 1)
  [ -n "$found" ] || { echo "error: the packages hold no $(basename "$file")" >&2; exit 1; }
  mkdir -p "build/cuda/$(dirname "$file")"
  if [ -n "${folders[$i]}" ]; then
    cp -r "$(dirname "$found")/." "build/cuda/$(dirname "$file")"
  else
    cp "$found" "build/cuda/$file"
  fi
  case $file in bin/*) chmod +x "build/cuda/$file" ;; esac
done
rm -rf build/cuda-packages
