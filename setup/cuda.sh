#!/usr/bin/env bash
# ptxas and libdevice for the tests of generated PTX, where no CUDA toolkit is installed: from PyPI
# (nvidia-cuda-nvcc, nvidia-nvvm 13.0) into build/cuda. Returns at once when they are there.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x /usr/local/cuda/bin/ptxas ] && exit 0
[ -x build/cuda/bin/ptxas ] && exit 0

echo "fetching ptxas and libdevice 13.0 from PyPI"
python3 -m venv build/cuda-packages
build/cuda-packages/bin/pip install -q --disable-pip-version-check --no-deps \
  'nvidia-cuda-nvcc==13.0.*' 'nvidia-nvvm==13.0.*'
ptxas=$(find build/cuda-packages -name ptxas -type f | head -n 1)
libdevice=$(find build/cuda-packages -name libdevice.10.bc | head -n 1)
[ -n "$ptxas" ] && [ -n "$libdevice" ] || { echo "error: the packages hold no ptxas or libdevice" >&2; exit 1; }
mkdir -p build/cuda/bin build/cuda/nvvm/libdevice
cp "$libdevice" build/cuda/nvvm/libdevice/
cp "$ptxas" build/cuda/bin/
chmod +x build/cuda/bin/ptxas
rm -rf build/cuda-packages
