#!/usr/bin/env python3
"""Times PyTorch's own row kernels on the sizes of row_kernels.py, with the same clock.

  row_peers.py [--channels 256 1024 4096 8192]

Launches are queued before they are waited for, so neither side's launch latency counts. Bytes are
the least that the operation must move, as in row_kernels.py. Needs PyTorch; prints JSON lines.
"""

import argparse
import json

import torch
import torch._functorch.config

from cuda_driver import Driver

ELEMENTS = 1 << 28
PARAMETERS = 1 << 27
VOCABULARIES = (32000, 128256)


def report(driver, name, launch, size, **fields):
    row = {"peer": name, "torch": torch.__version__, **fields}
    try:
        row.update(driver.time([launch], repeats=15))
        row["tbps"] = round(1e-9 * size / row["median_ms"], 4)
    except RuntimeError as error:
        row["error"] = str(error)[:200]
    print(json.dumps(row), flush=True)
    torch.cuda.empty_cache()


def rms_norm(x, w):
    return torch.nn.functional.rms_norm(x, x.shape[-1:], w, 1e-5)


def rms_norm_by_hand(x, w):
    wide = x.float()
    scale = torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + 1e-5)
    return (wide * scale).to(x.dtype) * w


def measure_norm(driver, channels):
    x = torch.randn(ELEMENTS // channels, channels, device="cuda", dtype=torch.bfloat16)
    w = torch.randn(channels, device="cuda", dtype=torch.bfloat16)
    dy = torch.randn_like(x)
    compiled = torch.compile(rms_norm_by_hand, dynamic=False)
    for name, function in (("F.rms_norm", rms_norm), ("compiled", compiled)):
        with torch.no_grad():
            report(
                driver, f"rms_norm {name}", lambda: function(x, w), 4 * ELEMENTS, channels=channels
            )
        leaf, scale = x.detach().requires_grad_(), w.detach().requires_grad_()
        y = function(leaf, scale)
        report(
            driver,
            f"rms_norm gradient {name}",
            lambda: torch.autograd.grad(y, (leaf, scale), dy, retain_graph=True),
            6 * ELEMENTS,
            channels=channels,
        )
        del y, leaf


def measure_adamw(driver):
    parameter = torch.randn(PARAMETERS, device="cuda").requires_grad_()
    parameter.grad = torch.randn_like(parameter)
    optimizer = torch.optim.AdamW([parameter], fused=True)
    report(driver, "AdamW fused", optimizer.step, 28 * PARAMETERS)


def loss_sum(z, target):
    return torch.nn.functional.cross_entropy(z.float(), target, reduction="sum")


def measure_loss(driver, length):
    rows = ELEMENTS // length
    z = torch.randn(rows, length, device="cuda", dtype=torch.bfloat16).requires_grad_()
    target = torch.randint(0, length, (rows,), device="cuda")
    for name, function in (
        ("eager", loss_sum),
        ("compiled", torch.compile(loss_sum, dynamic=False)),
    ):
        report(
            driver,
            f"softmax loss and gradient {name}",
            lambda: torch.autograd.grad(function(z, target), z),
            4 * rows * length,
            channels=length,
        )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--channels", type=int, nargs="*", default=[256, 1024, 4096, 8192])
    options = parser.parse_args()
    torch._functorch.config.donated_buffer = False  # the gradient is timed on a kept graph
    driver = Driver()
    measure_adamw(driver)
    for channels in options.channels:
        measure_norm(driver, channels)
    for length in VOCABULARIES:
        measure_loss(driver, length)


if __name__ == "__main__":
    main()
