#!/usr/bin/env python3
"""Checks and times the row kernels of generate_row_kernels.py against the speed of a plain copy.

  row_kernels.py FOLDER [--only rms_norm] [--output FILE]

Each kernel is checked in full against float64 on a few million elements with poisoned outputs, then
timed on 512 MiB an operand (ten times the L2), and its bytes (every operand once) are set against a
device-to-device copy of the same size, which is measured first and last. One JSON line per kernel.
"""

import argparse
import json
import pathlib

import numpy as np

import bfloat16
from cuda_driver import Buffer, CudaError, Driver

ELEMENTS = 1 << 28
PARAMETERS = 1 << 27
CHECKED = 1 << 21
DRAWN = 1 << 26
EPSILON = 1e-5


class Norm:
    """Inputs and references shared by rms_norm and its gradient."""

    def __init__(self, driver, generator):
        self.driver = driver
        self.x, self.dy = (bfloat16.random(generator, DRAWN) for _ in range(2))
        self.w = bfloat16.from_float(1 + 0.1 * generator.standard_normal(8192, dtype=np.float32))
        self.device_x, self.device_dy, self.output = (
            Buffer(driver, 2 * ELEMENTS) for _ in range(3)
        )
        for buffer, values in ((self.device_x, self.x), (self.device_dy, self.dy)):
            for start in range(0, ELEMENTS, DRAWN):
                buffer.upload(values, 2 * start)
        self.device_w = Buffer(driver, self.w.nbytes)
        self.device_w.upload(self.w)
        self.partials = Buffer(driver, 256 << 20)
        self.references = {}

    def reference(self, channels):
        if channels not in self.references:
            x, dy = (
                bfloat16.to_float(values[:CHECKED]).reshape(-1, channels)
                for values in (self.x, self.dy)
            )
            w = bfloat16.to_float(self.w[:channels])
            scale = 1 / np.sqrt((x**2).mean(axis=1, keepdims=True) + EPSILON)
            g = dy * w
            dx = scale * (g - x * scale**2 * (g * x).mean(axis=1, keepdims=True))
            self.references = {channels: (x * scale * w, dx, (dy * x * scale).sum(axis=0))}
        return self.references[channels]

    def bind(self, kernel, entry, rows):
        grid = entry["grid"] or rows // entry["rows"]
        if entry["kernel"] == "rms_norm":
            arguments = (self.device_x, self.device_w, self.output, rows)
        else:
            arguments = (
                self.device_x,
                self.device_w,
                self.device_dy,
                self.output,
                self.partials,
                rows,
            )
        return kernel.bind((grid,), entry["threads"], arguments)

    def check(self, kernel, entry):
        channels = entry["channels"]
        y, dx, dw = self.reference(channels)
        self.output.poison()
        self.partials.poison()
        self.bind(kernel, entry, CHECKED // channels)()
        self.driver.synchronize()
        result = self.output.download(CHECKED, np.uint16)
        backward = entry["kernel"] != "rms_norm"
        error = bfloat16.relative_error(
            bfloat16.to_float(result).reshape(-1, channels), dx if backward else y
        )
        report = {
            "relative_l2": float(f"{error:.3e}"),
            "unwritten": bfloat16.count_unwritten(result),
        }
        if backward:
            slots = entry["grid"] * entry["rows"]
            sums = self.partials.download((slots, channels), np.float32).sum(
                axis=0, dtype=np.float64
            )
            report["weight_relative_l2"] = float(f"{bfloat16.relative_error(sums, dw):.3e}")
        return report

    def launch(self, kernel, entry):
        return self.bind(kernel, entry, ELEMENTS // entry["channels"])

    def bytes_moved(self, entry):
        if entry["kernel"] == "rms_norm":
            return 4 * ELEMENTS
        return 6 * ELEMENTS + 4 * entry["grid"] * entry["rows"] * entry["channels"]


class AdamW:
    """State of one large parameter; the update is in place, so what is checked is uploaded anew."""

    SCALARS = (1e-3, 1 / (1 - 0.9**7), 1 / (1 - 0.95**7), 1 - 1e-4)

    def __init__(self, driver, generator):
        self.driver = driver
        values = generator.standard_normal((4, CHECKED), dtype=np.float32)
        values[3] = np.square(values[3])
        self.values = values
        self.buffers = [Buffer(driver, 4 * PARAMETERS) for _ in range(4)]
        for buffer, part in zip(self.buffers, values):
            for start in range(0, PARAMETERS, CHECKED):
                buffer.upload(part, 4 * start)
        self.reference = self._reference()

    def _reference(self):
        rate, correct1, correct2, decay = (float(np.float32(value)) for value in self.SCALARS)
        p, g, m, v = self.values.astype(np.float64)
        m = 0.9 * m + 0.1 * g
        v = 0.95 * v + 0.05 * g * g
        return p * decay - rate * m * correct1 / (np.sqrt(v * correct2) + 1e-8), m, v

    def bind(self, kernel, entry, count):
        grid = entry["grid"] or count // (entry["threads"] * entry["unroll"] * 4)
        arguments = (*self.buffers, *self.SCALARS, count)
        return kernel.bind((grid,), entry["threads"], arguments)

    def check(self, kernel, entry):
        for buffer, part in zip(self.buffers, self.values):
            buffer.upload(part)
        self.bind(kernel, entry, CHECKED)()
        self.driver.synchronize()
        results = [self.buffers[index].download(CHECKED, np.float32) for index in (0, 2, 3)]
        errors = [
            bfloat16.relative_error(result, reference)
            for result, reference in zip(results, self.reference)
        ]
        # p moves by about the rate, so doing nothing would come near: compare the steps.
        step_error = bfloat16.relative_error(
            results[0] - self.values[0].astype(np.float64), self.reference[0] - self.values[0]
        )
        return {
            "relative_l2": float(f"{max(errors):.3e}"),
            "step_relative_l2": float(f"{step_error:.3e}"),
        }

    def launch(self, kernel, entry):
        return self.bind(kernel, entry, PARAMETERS)

    def bytes_moved(self, entry):
        return 28 * PARAMETERS


class SoftmaxLoss:
    """Logits in place: they are restored, untimed, before every launch."""

    def __init__(self, driver, generator):
        self.driver = driver
        self.logits = bfloat16.random(generator, DRAWN, 2.0)
        self.pristine, self.device_logits = (Buffer(driver, 2 * ELEMENTS) for _ in range(2))
        for start in range(0, ELEMENTS, DRAWN):
            self.pristine.upload(self.logits, 2 * start)
        self.targets = generator.integers(0, 4096, 1 << 16, dtype=np.int32)
        self.weights = generator.random(1 << 16, dtype=np.float32) + np.float32(0.5)
        self.per_row = [Buffer(driver, 4 << 16) for _ in range(3)]
        for buffer, values in zip(self.per_row, (self.targets, self.weights)):
            buffer.upload(values)

    def restore(self):
        self.device_logits.copy_from(self.pristine)

    def bind(self, kernel, entry, rows):
        arguments = (self.device_logits, self.device_logits, *self.per_row)
        return kernel.bind((rows,), entry["threads"], arguments)

    def check(self, kernel, entry):
        length = entry["channels"]
        rows = CHECKED // length
        self.restore()
        self.per_row[2].poison()
        self.bind(kernel, entry, rows)()
        self.driver.synchronize()
        z = bfloat16.to_float(self.logits[: rows * length]).reshape(rows, length)
        largest = z.max(axis=1, keepdims=True)
        shares = np.exp(z - largest)
        sums = shares.sum(axis=1, keepdims=True)
        at_target = np.arange(rows), self.targets[:rows]
        losses = (largest + np.log(sums))[:, 0] - z[at_target]
        shares /= sums
        shares[at_target] -= 1
        shares *= self.weights[:rows, None]
        result = bfloat16.to_float(self.device_logits.download((rows, length), np.uint16))
        # The target's own element dominates the norm, so the rest is compared by itself as well.
        rest = np.ones_like(shares, bool)
        rest[at_target] = False
        return {
            "relative_l2": float(f"{bfloat16.relative_error(result, shares):.3e}"),
            "rest_relative_l2": float(f"{bfloat16.relative_error(result[rest], shares[rest]):.3e}"),
            "loss_relative_l2": float(f"""{bfloat16.relative_error(
                    self.per_row[2].download(rows, np.float32), losses):.3e}"""),
        }

    def launch(self, kernel, entry):
        return self.bind(kernel, entry, ELEMENTS // entry["channels"])

    def bytes_moved(self, entry):
        return 4 * (ELEMENTS // entry["channels"]) * entry["channels"]


def measure_copy(driver, repeats):
    source, target = (Buffer(driver, 2 * ELEMENTS) for _ in range(2))
    source.upload(np.random.default_rng(3).integers(0, 2**32, ELEMENTS // 2, dtype=np.uint32))
    row = driver.time([lambda: target.copy_from(source)], repeats)
    return 4e-9 * ELEMENTS / row["median_ms"], row


def run(driver, problem, entry, folder, copy_rate, repeats):
    row = dict(entry)
    try:
        name = entry["kernel"]
        kernel = driver.load((folder / entry["file"]).read_bytes(), name)
        row.update(
            jit_ms=round(kernel.jit_ms, 1),
            registers=kernel.registers,
            local_bytes=kernel.local_bytes,
            blocks_per_multiprocessor=kernel.blocks_per_multiprocessor(entry["threads"], 0),
        )
        row.update(problem.check(kernel, entry))
        row.update(
            driver.time(
                [problem.launch(kernel, entry)], repeats, prepare=getattr(problem, "restore", None)
            )
        )
        rate = 1e-9 * problem.bytes_moved(entry) / row["median_ms"]
        row.update(tbps=round(rate, 4), of_copy=round(rate / copy_rate, 4))
    except CudaError as error:
        row["error"] = str(error)
    return row


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", help="run just this kernel")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--output", type=argparse.FileType("w"), default="-")
    options = parser.parse_args()
    driver = Driver()
    generator = np.random.default_rng(2)
    problems = {}

    def emit(row):
        print(json.dumps(row), file=options.output, flush=True)

    rate, timing = measure_copy(driver, options.repeats)
    emit(
        {
            "kernel": "copy",
            "tbps": round(rate, 4),
            "device": driver.name,
            "driver": driver.version,
            **timing,
        }
    )
    for entry in json.loads((options.folder / "kernels.json").read_text()):
        if options.only and entry["kernel"] != options.only:
            continue
        kind = {"adamw": AdamW, "softmax_loss": SoftmaxLoss}.get(entry["kernel"], Norm)
        if kind not in problems:
            problems.clear()
            problems[kind] = kind(driver, generator)
        emit(run(driver, problems[kind], entry, options.folder, rate, options.repeats))
    again, timing = measure_copy(driver, options.repeats)
    emit({"kernel": "copy", "tbps": round(again, 4), **timing})


if __name__ == "__main__":
    main()
