"""The CUDA driver API through ctypes: just what it takes to load PTX, launch it and time it.

The benchmarks measure generated kernels as the runtime will launch them, so they use the same
driver calls and nothing else: no toolkit, no PyTorch, only NumPy and the installed driver's
libcuda.so.1. The primary context is used, so a peer library in the same process shares the device
memory.
"""

import ctypes
import os
import statistics
import time

import numpy as np

# Kernels must be compiled from PTX each time, or the second run measures the driver's disk cache.
os.environ.setdefault("CUDA_CACHE_DISABLE", "1")

FUNCTION_MAX_DYNAMIC_SHARED = 8
FUNCTION_REGISTERS = 4
FUNCTION_LOCAL_BYTES = 3
FUNCTION_STATIC_SHARED = 1
JIT_ERROR_LOG_BUFFER = 5
JIT_ERROR_LOG_BYTES = 6
TENSOR_MAP_BFLOAT16 = 9
TENSOR_MAP_SWIZZLE_128 = 3
TENSOR_MAP_PROMOTE_L2_256 = 3

#: NaN both as one f32 and as two bf16: an output still holding it was never written.
POISON = 0x7FC07FC0


class CudaError(RuntimeError):
    """A driver call failed; the text names the call and the driver's own error name."""


class TensorMap:
    """A CUtensorMap: 128 bytes, 64-byte aligned, passed to a kernel by value."""

    def __init__(self):
        self._storage = ctypes.create_string_buffer(192)
        start = ctypes.addressof(self._storage)
        self.address = (start + 63) // 64 * 64


class Kernel:
    """One function of a loaded module, with the resources the driver reports for it."""

    def __init__(self, driver, module, name, jit_ms):
        self.driver = driver
        self.jit_ms = jit_ms
        self.handle = ctypes.c_void_p()
        driver.call("cuModuleGetFunction", ctypes.byref(self.handle), module, name.encode())
        self.registers = self._attribute(FUNCTION_REGISTERS)
        self.local_bytes = self._attribute(FUNCTION_LOCAL_BYTES)
        self.static_shared = self._attribute(FUNCTION_STATIC_SHARED)

    def _attribute(self, attribute):
        value = ctypes.c_int()
        self.driver.call("cuFuncGetAttribute", ctypes.byref(value), attribute, self.handle)
        return value.value

    def allow_dynamic_shared(self, size):
        """A block gets more than 48 KiB of shared memory only after this."""
        self.driver.call("cuFuncSetAttribute", self.handle, FUNCTION_MAX_DYNAMIC_SHARED, size)

    def blocks_per_multiprocessor(self, threads, shared):
        blocks = ctypes.c_int()
        self.driver.call(
            "cuOccupancyMaxActiveBlocksPerMultiprocessor",
            ctypes.byref(blocks),
            self.handle,
            threads,
            ctypes.c_size_t(shared),
        )
        return blocks.value

    def bind(self, grid, threads, arguments, shared=0):
        """Returns a function that launches the kernel; arguments are packed once, here."""
        storage = [_pack(argument) for argument in arguments]
        pointers = (ctypes.c_void_p * len(storage))(*[address for _, address in storage])
        grid = tuple(grid) + (1,) * (3 - len(grid))
        launch = self.driver.library.cuLaunchKernel

        def run():
            status = launch(self.handle, *grid, threads, 1, 1, shared, None, pointers, None)
            self.driver.check("cuLaunchKernel", status)

        run.keep_alive = (storage, pointers)
        return run


def _pack(argument):
    if isinstance(argument, TensorMap):
        return argument, argument.address
    if isinstance(argument, Buffer):
        value = ctypes.c_uint64(argument.address)
    elif isinstance(argument, float):
        value = ctypes.c_float(argument)
    else:
        value = ctypes.c_int64(argument)
    return value, ctypes.addressof(value)


class Buffer:
    """Device memory that lives as long as this object."""

    def __init__(self, driver, size):
        self.driver, self.size = driver, size
        pointer = ctypes.c_uint64()
        driver.call("cuMemAlloc_v2", ctypes.byref(pointer), ctypes.c_size_t(size))
        self.address = pointer.value

    def __del__(self):
        self.driver.library.cuMemFree_v2(ctypes.c_uint64(self.address))

    def poison(self):
        self.driver.call(
            "cuMemsetD32_v2", ctypes.c_uint64(self.address), POISON, ctypes.c_size_t(self.size // 4)
        )

    def upload(self, array, offset=0):
        array = np.ascontiguousarray(array)
        assert offset + array.nbytes <= self.size, "the array is larger than the buffer"
        self.driver.call(
            "cuMemcpyHtoD_v2",
            ctypes.c_uint64(self.address + offset),
            array.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_size_t(array.nbytes),
        )

    def download(self, shape, dtype, offset=0):
        array = np.empty(shape, dtype)
        assert offset + array.nbytes <= self.size, "the array is larger than the buffer"
        self.driver.call(
            "cuMemcpyDtoH_v2",
            array.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_uint64(self.address + offset),
            ctypes.c_size_t(array.nbytes),
        )
        return array

    def copy_from(self, other, size=None):
        """Queues a device-to-device copy: the bandwidth ceiling of kernels that only move bytes."""
        self.driver.call(
            "cuMemcpyDtoDAsync_v2",
            ctypes.c_uint64(self.address),
            ctypes.c_uint64(other.address),
            ctypes.c_size_t(size or self.size),
            None,
        )


class Driver:
    """The first GPU, its primary context made current."""

    def __init__(self):
        self.library = ctypes.CDLL("libcuda.so.1")
        self.call("cuInit", 0)
        version, device = ctypes.c_int(), ctypes.c_int()
        self.call("cuDriverGetVersion", ctypes.byref(version))
        self.version = version.value
        self.call("cuDeviceGet", ctypes.byref(device), 0)
        name = ctypes.create_string_buffer(128)
        self.call("cuDeviceGetName", name, 128, device)
        self.name = name.value.decode()
        processors = ctypes.c_int()
        self.call("cuDeviceGetAttribute", ctypes.byref(processors), 16, device)
        self.multiprocessors = processors.value
        context = ctypes.c_void_p()
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
        self.context = context
        self.make_current()

    def make_current(self):
        """A thread other than the one that made the Driver calls this first."""
        self.call("cuCtxSetCurrent", self.context)

    def check(self, what, status, detail=""):
        if status == 0:
            return
        name = ctypes.c_char_p()
        self.library.cuGetErrorName(status, ctypes.byref(name))
        raise CudaError(f"{what}: {(name.value or b'?').decode()} {detail}".rstrip())

    def call(self, function, *arguments):
        self.check(function, getattr(self.library, function)(*arguments))

    def load(self, image, name):
        """Loads PTX text or a cubin; `jit_ms` of the result is the time inside the driver."""
        log = ctypes.create_string_buffer(8192)
        options = (ctypes.c_int * 2)(JIT_ERROR_LOG_BUFFER, JIT_ERROR_LOG_BYTES)
        values = (ctypes.c_void_p * 2)(ctypes.addressof(log), len(log))
        module = ctypes.c_void_p()
        begin = time.perf_counter()
        status = self.library.cuModuleLoadDataEx(
            ctypes.byref(module), image + b"\0", 2, options, values
        )
        jit_ms = (time.perf_counter() - begin) * 1e3
        self.check("cuModuleLoadDataEx", status, log.value.decode(errors="replace").strip())
        return Kernel(self, module, name, jit_ms)

    def tensor_map(self, buffer, rows, columns, box_rows, box_columns):
        """Describes a row-major bf16 matrix for tile copies with the 128-byte swizzle."""
        result = TensorMap()
        sizes = (ctypes.c_uint64 * 2)(columns, rows)
        strides = (ctypes.c_uint64 * 1)(columns * 2)
        box = (ctypes.c_uint32 * 2)(box_columns, box_rows)
        steps = (ctypes.c_uint32 * 2)(1, 1)
        self.call(
            "cuTensorMapEncodeTiled",
            ctypes.c_void_p(result.address),
            TENSOR_MAP_BFLOAT16,
            2,
            ctypes.c_uint64(buffer.address),
            sizes,
            strides,
            box,
            steps,
            0,
            TENSOR_MAP_SWIZZLE_128,
            TENSOR_MAP_PROMOTE_L2_256,
            0,
        )
        return result

    def synchronize(self):
        self.call("cuCtxSynchronize")

    def _event(self):
        event = ctypes.c_void_p()
        self.call("cuEventCreate", ctypes.byref(event), 0)
        return event

    def time(self, launches, repeats=20, warmup=3, prepare=None):
        """Times work on the default stream. `launches` rotates (several buffer sets defeat the
        cache). Everything is queued before anything is waited for, so that launch latency hides
        behind the previous launch. `prepare` runs before each launch, untimed. Returns
        milliseconds: median, minimum, maximum."""
        prepare = prepare or (lambda: None)
        for index in range(warmup):
            prepare()
            launches[index % len(launches)]()
        self.synchronize()
        pairs = [(self._event(), self._event()) for _ in range(repeats)]
        for index, (begin, end) in enumerate(pairs):
            prepare()
            self.call("cuEventRecord", begin, None)
            launches[index % len(launches)]()
            self.call("cuEventRecord", end, None)
        self.synchronize()
        samples = []
        for begin, end in pairs:
            elapsed = ctypes.c_float()
            self.call("cuEventElapsedTime", ctypes.byref(elapsed), begin, end)
            samples.append(elapsed.value)
            self.call("cuEventDestroy_v2", begin)
            self.call("cuEventDestroy_v2", end)
        return {
            "median_ms": round(statistics.median(samples), 5),
            "min_ms": round(min(samples), 5),
            "max_ms": round(max(samples), 5),
            "repeats": repeats,
        }
