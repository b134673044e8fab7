#!/usr/bin/env python3
"""Checks and times generated bf16 matrix products from PTX, beside PyTorch's if installed.

  matmul.py --shape 8192 8192 8192 KERNEL.ptx,tile=128x256,threads=384,shared=196608,form=tma ...

The kernel is named `gemm`, has its sizes compiled in, and computes C[M,N] = A[M,K] B with f32 sums:
  form=pointers  arguments A, B, C; B is [K,N]
  form=tma       arguments tensor map of A, tensor map of B, C; B is [N,K]; boxes of 64 columns
A kernel has one block a tile, or `blocks` of them that stride over the tiles.
Prints one JSON line per kernel and per peer. FLOPs are 2 M N K.
"""

import argparse
import json

import numpy as np

import bfloat16
from cuda_driver import Buffer, CudaError, Driver

BOX_COLUMNS = 64  # 128 bytes of bf16: the width of the swizzle
CHECKED_ROWS = 192


def parse_kernel(text):
    path, *pairs = text.split(",")
    fields = dict(pair.split("=", 1) for pair in pairs)
    rows, columns = (int(size) for size in fields["tile"].split("x"))
    return {
        "path": path,
        "tile": (rows, columns),
        "threads": int(fields["threads"]),
        "shared": int(fields.get("shared", 0)),
        "form": fields.get("form", "pointers"),
        "blocks": int(fields.get("blocks", 0)),
    }


class Problem:
    """Inputs of one shape on the device: B in both layouts, and two output sets to rotate."""

    def __init__(self, driver, shape, generator):
        self.driver, (self.m, self.n, self.k) = driver, shape
        self.a = bfloat16.random(generator, (self.m, self.k))
        self.b = bfloat16.random(generator, (self.k, self.n), self.k**-0.5)
        self.device_a = self._place(self.a)
        self.device_b = self._place(self.b)
        self.device_bt = self._place(self.b.T)
        self.outputs = [Buffer(driver, 2 * self.m * self.n) for _ in range(2)]
        rows = generator.choice(self.m, min(self.m, CHECKED_ROWS), replace=False)
        self.rows = np.unique(np.append(rows, [0, self.m - 1]))
        self.reference = bfloat16.to_float(self.a[self.rows]) @ bfloat16.to_float(self.b)

    def _place(self, array):
        buffer = Buffer(self.driver, array.nbytes)
        buffer.upload(array)
        return buffer

    def bind(self, kernel, spec):
        rows, columns = spec["tile"]
        if spec["form"] == "tma":
            a = self.driver.tensor_map(self.device_a, self.m, self.k, rows, BOX_COLUMNS)
            b = self.driver.tensor_map(self.device_bt, self.n, self.k, columns, BOX_COLUMNS)
        else:
            a, b = self.device_a, self.device_b
        grid = (spec["blocks"],) if spec["blocks"] else (self.n // columns, self.m // rows)
        return [
            kernel.bind(grid, spec["threads"], (a, b, output), spec["shared"])
            for output in self.outputs
        ]

    def check(self, launch):
        self.outputs[0].poison()
        launch()
        self.driver.synchronize()
        result = self.outputs[0].download((self.m, self.n), np.uint16)
        error = bfloat16.relative_error(bfloat16.to_float(result[self.rows]), self.reference)
        return {"relative_l2": float(f"{error:.3e}"), "unwritten": bfloat16.count_unwritten(result)}

    def tflops(self, milliseconds):
        return round(2e-9 * self.m * self.n * self.k / milliseconds, 1)


def run_kernel(driver, problem, spec, repeats):
    row = {
        "kernel": spec["path"].rsplit("/", 1)[-1],
        "shape": [problem.m, problem.n, problem.k],
        "tile": spec["tile"],
        "threads": spec["threads"],
        "shared": spec["shared"],
        "blocks": spec["blocks"],
    }
    try:
        with open(spec["path"], "rb") as file:
            kernel = driver.load(file.read(), "gemm")
        row.update(
            jit_ms=round(kernel.jit_ms, 1),
            registers=kernel.registers,
            local_bytes=kernel.local_bytes,
        )
        if spec["shared"] > 48 * 1024:
            kernel.allow_dynamic_shared(spec["shared"])
        row["blocks_per_multiprocessor"] = kernel.blocks_per_multiprocessor(
            spec["threads"], spec["shared"]
        )
        launches = problem.bind(kernel, spec)
        row.update(problem.check(launches[0]))
        row.update(driver.time(launches, repeats))
        row["tflops"] = problem.tflops(row["median_ms"])
    except CudaError as error:
        row["error"] = str(error)
    return row


def run_peer(driver, problem, repeats):
    import torch

    def tensor(array):
        return (
            torch.from_numpy(np.ascontiguousarray(array).view(np.int16)).cuda().view(torch.bfloat16)
        )

    a, b = tensor(problem.a), tensor(problem.b)
    bt = b.t().contiguous()
    outputs = [
        torch.empty(problem.m, problem.n, dtype=torch.bfloat16, device="cuda") for _ in range(2)
    ]
    for layout, right in (("B[K,N]", b), ("B[N,K]", bt.t())):
        launches = [lambda output=output: torch.matmul(a, right, out=output) for output in outputs]
        row = {
            "peer": f"torch {torch.__version__} matmul",
            "layout": layout,
            "shape": [problem.m, problem.n, problem.k],
        }
        row.update(driver.time(launches, repeats))
        row["tflops"] = problem.tflops(row["median_ms"])
        print(json.dumps(row), flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", type=int, nargs=3, required=True, metavar=("M", "N", "K"))
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("kernels", nargs="+")
    options = parser.parse_args()
    driver = Driver()
    problem = Problem(driver, options.shape, np.random.default_rng(options.seed))
    for text in options.kernels:
        print(
            json.dumps(run_kernel(driver, problem, parse_kernel(text), options.repeats)), flush=True
        )
    if not options.no_peer:
        run_peer(driver, problem, options.repeats)


if __name__ == "__main__":
    main()
