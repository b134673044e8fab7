#!/usr/bin/env python3
"""One row of what this project is judged by: ours and PyTorch in turn, in one run.

    make bench ROW=C3        or        bench/row.py C3 [--rounds 3] [--threads 2]

Losses are compared first: a row whose losses differ shows nothing. The machine's ceilings are measured in
the same run. PyTorch is used if build/torch is a virtual environment that has it (`make bench-peer` makes
one). The last line is JSON; `peak_fraction` is by the clock, `core_fraction` by processor time, which other
work on the machine changes less; both count every token, so a shape whose tokens without a target are
spared has none. For bf16 the peak is that of vdpbf16ps, and `blocks_fraction` the share of AMX's where there is one.
"""
import argparse
import json
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parent.parent
programs = root / "build/dev/bin"
peer = root / "build/torch/bin/python"
STEPS = {  # shape, type, steps of a round
    "C3": [("small32k", "f32", 3)],
    "C4": [("small32k", "bf16", 3)],
    "C5": [("small4k", "f32", 3), ("small4k", "bf16", 3)],  # at the sixth of one batch f32 is 1e-5 from f64, PyTorch's too
    "C6": [("gpt2-30m", "f32", 3), ("gpt2-30m", "bf16", 3), ("gpt2-124m", "f32", 1), ("gpt2-124m", "bf16", 1)],
    "C7": [("small152k", "f32", 1), ("small152k", "bf16", 1), ("chat32k", "f32", 3)],
    "C8": [("long8k", "f32", 1), ("long8k", "bf16", 1), ("long32k", "bf16", 1)],
    "C9": [("small32k", "f32", 1), ("lean32k", "f32", 1)],
}
SPARED = {"chat32k"}  # rows without a target are not computed, though operations count them: no share of a peak
ALONE = {"long32k"}  # PyTorch would need more memory than a small machine has
TOLERANCE = {"f32": (2e-6, 1e-5), "bf16": (2e-4, 2e-3)}  # of the first loss, of the later ones


def last_json(command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr[-2000:]}")
    lines = done.stdout.strip().splitlines()
    return json.loads(lines[-1]), lines[:-1]


def apart(a, b):
    return [abs(x - y) / abs(y) for x, y in zip(a, b)]


def step_row(shape, dtype, steps, rounds, threads):
    ours, kernels, peers = [], [], {}
    with tempfile.TemporaryDirectory(dir=root / "build") as folder:
        for _ in range(rounds):
            found, kernels = last_json([programs / "step-bench", shape, dtype, threads, steps, folder])
            ours.append(found)
            if peer.exists() and shape not in ALONE:
                for mode in ("eager", "compiled"):
                    command = [peer, root / "bench/peers/torch_step.py", folder, dtype, mode, threads, steps]
                    peers.setdefault(mode, []).append(last_json(command)[0])
    print("\n".join(kernels))
    one = ours[0]
    middle = lambda runs, what: statistics.median(t for run in runs for t in run[what])
    rate = lambda runs: one["tokens"] / middle(runs, "wall")
    peak = (one["f32"] if dtype == "f32" else one["pairs"]) * 1e9
    operations, counts = one["operations"], peak and shape not in SPARED
    row = {"shape": shape, "type": dtype, "ours": round(rate(ours), 1),
           "peers": {mode: round(rate(runs), 1) for mode, runs in peers.items()},
           "peak_fraction": round(operations / middle(ours, "wall") / threads / peak, 3) if counts else None,
           "core_fraction": round(operations / middle(ours, "core") / peak, 3) if counts else None,
           "core_seconds": round(middle(ours, "core"), 4), "megabytes": max(run["megabytes"] for run in ours),
           "spread": round(max(t for r in ours for t in r["wall"]) / min(t for r in ours for t in r["wall"]) - 1, 3),
           "ceilings": {k: one[k] for k in ("f32", "pairs", "blocks", "read", "copy")}}
    if dtype == "bf16" and one["blocks"] and counts:
        row["blocks_fraction"] = round(operations / middle(ours, "core") / one["blocks"] / 1e9, 3)
    if peers:
        row["ratio"] = round(row["ours"] / max(row["peers"].values()), 2)
        row["core_ratio"] = round(min(middle(runs, "core") for runs in peers.values()) / middle(ours, "core"), 2)
        row["peer_megabytes"] = {m: round(max(run["megabytes"] for run in runs)) for m, runs in peers.items()}
        gaps = apart(one["losses"], peers["eager"][0]["losses"])
        first, later = TOLERANCE[dtype]
        row["loss_gap"] = float(f"{max(gaps):.2g}")
        row["loss_equal"] = gaps[0] <= first and max(gaps) <= later
    else:
        row.update(ratio=None, loss_equal=None)
    return row


GEMM = """
import sys, time, torch
torch.set_num_threads(int(sys.argv[1]))
dtype = torch.float32 if sys.argv[2] == "f32" else torch.bfloat16
for line in sys.stdin:
    t, o, i = map(int, line.split())
    x, w, g = torch.randn(t, i).to(dtype), torch.randn(o, i).to(dtype), torch.randn(t, o).to(dtype)
    rates = []
    for run in (lambda: x @ w.T, lambda: g @ w, lambda: g.T @ x):
        run()
        times = []
        for _ in range(11):
            begin = time.process_time()
            run()
            times.append(time.process_time() - begin)
        rates.append(2e-9 * t * o * i / min(times))
    print(*rates)
"""


def gemm_row(dtype, threads):
    found, lines = last_json([programs / "matmul-bench", threads, dtype])
    print("\n".join(lines))
    mean = lambda rates: math.exp(statistics.mean(math.log(r) for r in rates))
    ours = mean(r for shape in found["shapes"] for r in shape["rates"])
    row = {"shape": "linear layers, three passes, GFLOP/s a core", "type": dtype, "ours": round(ours, 1), "peers": {}}
    if peer.exists():
        sizes = "\n".join(" ".join(map(str, s["sizes"])) for s in found["shapes"])
        done = subprocess.run([peer, "-c", GEMM, str(threads), dtype], input=sizes, capture_output=True, text=True, check=True)
        row["peers"]["torch"] = round(mean(float(r) for line in done.stdout.splitlines() for r in line.split()), 1)
    peak = found["f32"] if dtype == "f32" else found["pairs"]
    row.update(ratio=round(ours / row["peers"]["torch"], 2) if row["peers"] else None,
               peak_fraction=round(ours / peak, 3) if peak else None, loss_equal=None,
               blocks_fraction=round(ours / found["blocks"], 3) if dtype == "bf16" and found["blocks"] else None)
    return row


def compile_row():
    found, lines = last_json([programs / "compile-time-bench"])
    print("\n".join(lines))
    return {"shape": "6 layers", **found, "peers": {}, "ratio": None, "peak_fraction": None, "loss_equal": None}


def decode_rows():
    found, lines = last_json([programs / "decode-bench"])
    print("\n".join(lines))
    return [{"shape": s["shape"], "unit": "tokens/s of a core", "ours": s["tokens"], "eight": s["eight"], "sixteen": s["sixteen"], "again": s["again"],
             "gigabytes": s["gigabytes"], "read": found["read"], "read_fraction": round(s["gigabytes"] / found["read"], 3),
             "peers": {}, "ratio": None, "peak_fraction": None, "loss_equal": None} for s in found["shapes"]]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("row")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--type", choices=["f32", "bf16"], help="only what is computed in it")
    given = arguments.parse_args()
    if given.row in STEPS:
        rows = [step_row(*what, given.rounds, given.threads) for what in STEPS[given.row]
                if given.type in (None, what[1])]
    elif given.row in ("C1", "C2"):
        rows = [gemm_row("f32" if given.row == "C1" else "bf16", 1)]
    elif given.row == "C11":
        rows = [compile_row()]
    elif given.row == "C12":
        rows = decode_rows()
    else:
        sys.exit(f"there is no row '{given.row}', only C1, C2, {', '.join(STEPS)}, C11 and C12")
    for row in rows:
        print(json.dumps({"row": given.row, **row}))


main()
