"""Runs the row kernels of ptx.mlir on a GPU and compares them with NumPy in float64.

    roux-translate --kernel-to-ptx --arch=sm_90a --kernel=NAME ptx.mlir > FOLDER/NAME.ptx   (each)
    python3 rows_on_gpu.py FOLDER

Needs a CUDA driver and NumPy, nothing else. Prints one line a kernel; exits 1 if any is wrong.
"""
import ctypes
import pathlib
import sys

import numpy as np

cuda = ctypes.CDLL("libcuda.so.1")


def call(name, *arguments):
    status = getattr(cuda, name)(*arguments)
    if status:
        text = ctypes.c_char_p()
        cuda.cuGetErrorName(status, ctypes.byref(text))
        raise SystemExit(f"{name}: {text.value.decode()}")


class Buffer:
    def __init__(self, array):
        self.array = np.ascontiguousarray(array)
        self.pointer = ctypes.c_uint64()
        call("cuMemAlloc_v2", ctypes.byref(self.pointer), ctypes.c_size_t(self.array.nbytes))
        call("cuMemcpyHtoD_v2", self.pointer, self.array.ctypes.data_as(ctypes.c_void_p),
             ctypes.c_size_t(self.array.nbytes))

    def read(self):
        call("cuCtxSynchronize")
        out = np.empty_like(self.array)
        call("cuMemcpyDtoH_v2", out.ctypes.data_as(ctypes.c_void_p), self.pointer,
             ctypes.c_size_t(out.nbytes))
        return out


def launch(folder, name, extent, *arguments):
    """Sizes the grid as the first line of the file says."""
    text = (folder / f"{name}.ptx").read_text()
    shape = next(l for l in text.splitlines() if "threads a block" in l).split()
    threads, rows, strips = int(shape[1]), int(shape[5]), int(shape[7])
    module, function = ctypes.c_void_p(), ctypes.c_void_p()
    call("cuModuleLoadData", ctypes.byref(module), text.encode() + b"\0")
    call("cuModuleGetFunction", ctypes.byref(function), module, name.encode())
    count = Buffer(np.array([extent], np.int64))
    values = [a.pointer if isinstance(a, Buffer) else a for a in arguments] + [count.pointer]
    slots = (ctypes.c_void_p * len(values))(
        *[ctypes.cast(ctypes.pointer(v), ctypes.c_void_p) for v in values])
    # One block more than needed: the kernel must look at the count.
    blocks = (extent * strips + rows - 1) // rows + 1
    call("cuLaunchKernel", function, blocks, 1, 1, threads, 1, 1, 0, None, slots, None)


def bf16(x):
    bits = np.asarray(x, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def widen(x):
    return (x.astype(np.uint32) << 16).view(np.float32).astype(np.float64)


def error(actual, expected):
    actual = np.asarray(actual, np.float64)
    return np.inf if np.isnan(actual).any() else np.abs(actual - expected).max() / np.abs(expected).max()


def rms_norm(folder, random):
    x, w = bf16(random.standard_normal((37, 4096))), bf16(random.standard_normal(4096))
    y = Buffer(np.full_like(x, 0x7FC0))
    launch(folder, "rms_norm", 37, Buffer(x), Buffer(w), y)
    v = widen(x)
    return error(widen(y.read()), v / np.sqrt((v * v).mean(1, keepdims=True) + 1e-5) * widen(w)), 4e-3


def cross_entropy(folder, random):
    x = (random.standard_normal((5, 50257)) * 4).astype(np.float32)
    labels = np.array([0, 50256, 17, 4096, 31], np.int32)
    weights = random.random(5).astype(np.float32)
    logits, nll = Buffer(x), Buffer(np.full(5, np.nan, np.float32))
    launch(folder, "cross_entropy", 5, logits, Buffer(labels), Buffer(weights), nll)
    v = x.astype(np.float64)
    e = np.exp(v - v.max(1, keepdims=True))
    loss = np.log(e.sum(1)) + v.max(1) - v[np.arange(5), labels]
    p = e / e.sum(1, keepdims=True)
    p[np.arange(5), labels] -= 1
    return max(error(nll.read(), loss), error(logits.read(), p * weights[:, None])), 2e-6


def rope(folder, random):
    heads, tokens = 6, 41
    x = random.standard_normal((tokens * heads, 64)).astype(np.float32)
    cos, sin = random.random((2, 100, 32)).astype(np.float32)
    positions = random.integers(0, 100, tokens).astype(np.int32)
    b = Buffer(x)
    launch(folder, "rope", tokens * heads, b, Buffer(positions), Buffer(cos), Buffer(sin),
           ctypes.c_int64(heads))
    at = np.repeat(positions, heads)
    c, s, v = cos[at].astype(np.float64), sin[at].astype(np.float64), x.astype(np.float64)
    low, high = v[:, :32], v[:, 32:]
    return error(b.read(), np.hstack([low * c - high * s, high * c + low * s])), 1e-6


def weight_gradient(folder, random):
    dy = random.standard_normal((1001, 4096)).astype(np.float32)
    factors = random.random(1001).astype(np.float32)
    dw = Buffer(np.full((1, 4096), np.nan, np.float32))
    launch(folder, "weight_gradient", 1, Buffer(dy), Buffer(factors), ctypes.c_int64(1001), dw)
    return error(dw.read()[0], (dy.astype(np.float64) * factors[:, None]).sum(0)), 2e-6


def squared_norm(folder, random):
    g = random.standard_normal((9, 1000))
    norms = Buffer(np.full(9, np.nan))
    launch(folder, "squared_norm", 9, Buffer(g), norms)
    return error(norms.read(), (g * g).sum(1)), 1e-14


def main():
    folder = pathlib.Path(sys.argv[1])
    device, context = ctypes.c_int(), ctypes.c_void_p()
    call("cuInit", 0)
    call("cuDeviceGet", ctypes.byref(device), 0)
    call("cuCtxCreate_v2", ctypes.byref(context), 0, device)
    wrong = False
    for kernel in (rms_norm, cross_entropy, rope, weight_gradient, squared_norm):
        found, allowed = kernel(folder, np.random.default_rng(0))
        wrong |= not found < allowed
        print(f"{kernel.__name__}: error {found:.2e}, allowed {allowed:.0e}")
    sys.exit(wrong)


if __name__ == "__main__":
    main()
