#!/usr/bin/env python3
"""Times the row kernels that roux-translate generates, beside a copy of the same size.

    generated_rows.py --compile FOLDER      needs no GPU
    generated_rows.py FOLDER [--label NAME] on the device

Rows come to about 256 MiB an operand, of which two sets are used in turn, so that nothing is found
in the L2. Bytes are the fewest possible: each operand once each way. One JSON line a kernel.
"""

import argparse
import json
import pathlib
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parents[1] / "tests" / "gpu"
sys.path[:0] = [str(HERE), str(TESTS)]

import cuda_driver
import templates

BYTES = {"bf16": 2, "f32": 4}
OPERAND = 256 << 20
SETS = 2
HEADS = 32
NORM_WIDTHS = (64, 128, 256, 512, 1024, 2048, 4096, 8192)
FEW_WIDTHS = (64, 1024, 4096, 8192)


class Operands:
    """One set of arguments: buffers of random numbers in [0.5, 2), ids and plain numbers."""

    def __init__(self, driver, element, rows, columns, random):
        self.driver, self.element = driver, element
        self.rows, self.columns, self.random = rows, columns, random

    def matrix(self, element=None, rows=None, columns=None):
        element = element or self.element
        size = (rows or self.rows) * (columns or self.columns) * BYTES[element]
        buffer = cuda_driver.Buffer(self.driver, size)
        values = (self.random.random(1 << 20, dtype=np.float32) * 1.5 + 0.5).view(np.uint32)
        block = (values >> 16).astype(np.uint16) if element == "bf16" else values
        for start in range(0, size, block.nbytes):
            part = block[: min(block.nbytes, size - start) // block.itemsize]
            buffer.upload(part, offset=start)
        return buffer

    def row(self):
        return self.matrix(rows=1)

    def column(self):
        return self.matrix("f32", columns=1)

    def numbers(self, values):
        buffer = cuda_driver.Buffer(self.driver, 4 * len(values))
        buffer.upload(np.asarray(values, np.int32))
        return buffer

    def ids(self, below):
        return self.numbers(self.random.integers(0, below, self.rows))


def rope(o):
    tables = [o.matrix("f32", rows=4096, columns=o.columns // 2) for _ in range(2)]
    return [o.matrix(), o.numbers(np.arange(-(-o.rows // HEADS)) % 4096), *tables, HEADS]


def gather_gradient(o):
    table = o.matrix("f32", rows=o.rows // 8)
    begins = o.numbers(np.arange(o.rows // 8 + 1) * 8)
    return [o.matrix(), begins, o.numbers(o.random.permutation(o.rows)), table]


#: Kernel: operands, bytes a row per column (of the element's size; a function), types, columns.
KERNELS = {
    "rms_norm": (lambda o: [o.matrix(), o.row(), o.matrix()], 2, ("bf16", "f32"), NORM_WIDTHS),
    "rms_norm_gradient": (
        lambda o: [o.matrix(), o.matrix(), o.row(), o.matrix(), o.column()], 3, ("bf16",), NORM_WIDTHS),
    "rms_norm_weight_gradient": (
        lambda o: [o.matrix(), o.matrix(), o.column(), o.rows, o.matrix("f32", rows=1)],
        2, ("bf16",), (1024, 4096)),
    "gated_silu": (lambda o: [o.matrix() for _ in range(3)], 3, ("bf16",), FEW_WIDTHS + (14336,)),
    "gated_silu_gradient": (lambda o: [o.matrix() for _ in range(3)], 5, ("bf16",), FEW_WIDTHS + (14336,)),
    "rope": (rope, 2, ("bf16",), (64, 128)),
    "adamw": (lambda o: [*(o.matrix() for _ in range(4)), 1e-3, 0.5, 0.5, o.matrix(rows=1, columns=1)],
              7, ("f32",), FEW_WIDTHS),
    "cross_entropy": (lambda o: [o.matrix(), o.ids(o.columns), o.column(), o.column()],
                      2, ("bf16",), (4096, 32000, 128256)),
    "gather": (lambda o: [o.ids(o.rows), o.matrix(), o.matrix()], 2, ("bf16",), FEW_WIDTHS),
    "gather_gradient": (gather_gradient, 1.5, ("bf16",), FEW_WIDTHS),
}


def all_kernels():
    for kernel, (_, _, elements, widths) in KERNELS.items():
        for element in elements:
            for columns in widths:
                yield kernel, element, columns


def copy_speed(driver):
    """Terabytes a second of a copy, both ways counted."""
    buffers = [cuda_driver.Buffer(driver, 2 * OPERAND) for _ in range(2)]
    timed = driver.time([lambda: buffers[0].copy_from(buffers[1])])
    return 4 * OPERAND / timed["median_ms"] / 1e9, timed


def measure(driver, folder, kernel, element, columns):
    operands, per_column, _, _ = KERNELS[kernel]
    compiled = templates.Compiled(driver, folder, kernel, element, columns)
    size = OPERAND // 8 if "weight" in kernel else OPERAND
    rows = size // (columns * BYTES[element])
    rows -= rows % HEADS if kernel == "rope" else rows % 8
    launches = []
    extent = {"rms_norm_weight_gradient": 1, "gather_gradient": rows // 8}.get(kernel, rows)
    count = cuda_driver.Buffer(driver, 8)
    count.upload(np.array([extent], np.int64))
    for index in range(SETS):
        arguments = operands(Operands(driver, element, rows, columns, np.random.default_rng(index)))
        launches.append(compiled.bind(extent, arguments, count))
        launches[-1].arguments = arguments
    timed = driver.time(launches, repeats=5 if "weight" in kernel else 20)
    moved = rows * columns * BYTES[element] * per_column
    return {
        "kernel": kernel, "element": element, "columns": columns, "rows": rows,
        "threads": compiled.threads, "rows_of_blocks": compiled.rows, "blocks": compiled.blocks,
        "registers": compiled.function.registers, "local_bytes": compiled.function.local_bytes,
        "terabytes_per_second": round(moved / timed["median_ms"] / 1e9, 3), **timed,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--compile", action="store_true", help="write the PTX to FOLDER, run nothing")
    parser.add_argument("--label", default="", help="goes into every line")
    parser.add_argument("--only", help="kernels whose names contain this")
    parser.add_argument("--arch", default="sm_90a")
    parser.add_argument("--translate", default=str(HERE.parents[1] / "build/dev/bin/roux-translate"))
    options = parser.parse_args()
    kernels = [k for k in all_kernels() if not options.only or options.only in k[0]]
    if options.compile:
        options.folder.mkdir(parents=True, exist_ok=True)
        for kernel in kernels:
            templates.compile_to(options.folder, options.translate, options.arch, *kernel)
        return
    driver = cuda_driver.Driver()
    speed, timed = copy_speed(driver)
    print(json.dumps({"label": options.label, "kernel": "copy", "device": driver.name,
                      "terabytes_per_second": round(speed, 3), **timed}), flush=True)
    for kernel in kernels:
        line = {"label": options.label, **measure(driver, options.folder, *kernel)}
        line["of_copy"] = round(line["terabytes_per_second"] / speed, 3)
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
