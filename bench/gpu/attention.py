#!/usr/bin/env python3
"""Checks and times generated causal attention (forward) from PTX, beside PyTorch's if installed.

  attention.py --shape 32 4096 128 KERNEL.ptx,queries=64,threads=128,shared=81920 ...

The kernel is named `fa2`, has its sizes compiled in, takes Q, K, V, O as bf16 [heads, tokens,
channels] and the log-sum-exp of each row as f32 [heads, tokens]; a block serves `queries` rows of
one head.
Prints one JSON line per kernel and per peer. FLOPs are the useful half, 2 heads tokens^2 channels.
"""

import argparse
import json

import numpy as np

import bfloat16
from cuda_driver import Buffer, CudaError, Driver

CHECKED_HEADS = 3
CHECKED_ROWS = 64


def parse_kernel(text):
    path, *pairs = text.split(",")
    fields = dict(pair.split("=", 1) for pair in pairs)
    return {
        "path": path,
        "queries": int(fields["queries"]),
        "threads": int(fields["threads"]),
        "shared": int(fields.get("shared", 0)),
    }


class Problem:
    """Inputs on the device and the reference for a sample of heads and rows."""

    def __init__(self, driver, shape, generator):
        self.driver, (self.heads, self.tokens, self.channels) = driver, shape
        self.q, self.k, self.v = (bfloat16.random(generator, tuple(shape)) for _ in range(3))
        self.inputs = [self._place(array) for array in (self.q, self.k, self.v)]
        self.output = Buffer(driver, self.q.nbytes)
        self.log_sums = Buffer(driver, 4 * self.heads * self.tokens)
        heads = generator.choice(self.heads, min(self.heads, CHECKED_HEADS), replace=False)
        rows = generator.choice(self.tokens, min(self.tokens, CHECKED_ROWS), replace=False)
        self.checked_heads = np.unique(np.append(heads, self.heads - 1))
        self.checked_rows = np.unique(np.append(rows, [0, self.tokens - 1]))
        self.reference, self.reference_log_sums = self._compute_reference()

    def _place(self, array):
        buffer = Buffer(self.driver, array.nbytes)
        buffer.upload(array)
        return buffer

    def _compute_reference(self):
        outputs, log_sums = [], []
        allowed = np.arange(self.tokens)[None, :] <= self.checked_rows[:, None]
        for head in self.checked_heads:
            q, k, v = (bfloat16.to_float(array[head]) for array in (self.q, self.k, self.v))
            scores = q[self.checked_rows] @ k.T / np.sqrt(self.channels)
            scores = np.where(allowed, scores, -np.inf)
            largest = scores.max(axis=1, keepdims=True)
            weights = np.exp(scores - largest)
            sums = weights.sum(axis=1, keepdims=True)
            outputs.append(weights @ v / sums)
            log_sums.append((largest + np.log(sums))[:, 0])
        return np.stack(outputs), np.stack(log_sums)

    def bind(self, kernel, spec):
        grid = (self.tokens // spec["queries"], self.heads)
        arguments = (*self.inputs, self.output, self.log_sums)
        return kernel.bind(grid, spec["threads"], arguments, spec["shared"])

    def check(self, launch):
        self.output.poison()
        self.log_sums.poison()
        launch()
        self.driver.synchronize()
        result = self.output.download(self.q.shape, np.uint16)
        log_sums = self.log_sums.download((self.heads, self.tokens), np.float32)
        sample = np.ix_(self.checked_heads, self.checked_rows)
        error = bfloat16.relative_error(bfloat16.to_float(result[sample]), self.reference)
        log_sum_error = np.abs(log_sums[sample] - self.reference_log_sums).max()
        unwritten = bfloat16.count_unwritten(result) + int(np.count_nonzero(np.isnan(log_sums)))
        return {
            "relative_l2": float(f"{error:.3e}"),
            "unwritten": unwritten,
            "log_sum_max_error": float(f"{log_sum_error:.3e}"),
        }

    def tflops(self, milliseconds):
        return round(2e-9 * self.heads * self.tokens**2 * self.channels / milliseconds, 1)


def run_kernel(driver, problem, spec, repeats):
    row = {
        "kernel": spec["path"].rsplit("/", 1)[-1],
        "shape": [problem.heads, problem.tokens, problem.channels],
        "queries": spec["queries"],
        "threads": spec["threads"],
        "shared": spec["shared"],
    }
    try:
        with open(spec["path"], "rb") as file:
            kernel = driver.load(file.read(), "fa2")
        row.update(
            jit_ms=round(kernel.jit_ms, 1),
            registers=kernel.registers,
            static_shared=kernel.static_shared,
            local_bytes=kernel.local_bytes,
        )
        if spec["shared"] > 48 * 1024:
            kernel.allow_dynamic_shared(spec["shared"])
        row["blocks_per_multiprocessor"] = kernel.blocks_per_multiprocessor(
            spec["threads"], spec["shared"]
        )
        launch = problem.bind(kernel, spec)
        row.update(problem.check(launch))
        row.update(driver.time([launch], repeats))
        row["tflops"] = problem.tflops(row["median_ms"])
    except CudaError as error:
        row["error"] = str(error)
    return row


def run_peer(driver, problem, repeats):
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel

    def tensor(array):
        return torch.from_numpy(array.view(np.int16)).cuda().view(torch.bfloat16)[None]

    q, k, v = (tensor(array) for array in (problem.q, problem.k, problem.v))
    attend = torch.nn.functional.scaled_dot_product_attention
    for backend in (SDPBackend.FLASH_ATTENTION, SDPBackend.CUDNN_ATTENTION):
        row = {
            "peer": f"torch {torch.__version__} sdpa",
            "backend": backend.name,
            "shape": [problem.heads, problem.tokens, problem.channels],
        }
        try:
            with sdpa_kernel(backend):
                row.update(driver.time([lambda: attend(q, k, v, is_causal=True)], repeats))
            row["tflops"] = problem.tflops(row["median_ms"])
        except RuntimeError as error:
            row["error"] = str(error)[:200]
        print(json.dumps(row), flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--shape", type=int, nargs=3, required=True, metavar=("HEADS", "TOKENS", "CHANNELS")
    )
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
