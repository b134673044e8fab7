#!/usr/bin/env python3
"""The rows G1 to G6, ours beside PyTorch's, of what tests/gpu/run left in a folder, whole or not.

    tests/gpu/rows.py FOLDER    prints a row a line

Every row has `row`, `what`, `unit`, `ours`, `peers` by name, and `ratio`: how many times better ours is than the best of them
(None where there is none). A row whose own measurement is not there is left out; a peer that failed is in `errors`.
G1, G2, G3: kernels of a step, as `inspect --emit=table --measure` timed them, beside bench/gpu/peers.py. G4: bench/gpu/step.py.
G5: the longest sequence whose step fits the card: ours by the compiler's plan, PyTorch's from its peak in G4's step, as if what
lies above weights, gradients and moments grew with the tokens. G6: seconds from a recipe, with nothing compiled before, to the
end of its first step, all of the process; of PyTorch the first step alone.
"""
import json
import pathlib
import re
import sys

LOSS = ("logits_", "loss.", "hidden_gradient_", "vocabulary_gradient_")


def kernels_of(table):
    """The kernels that were launched: what the columns with numbers say of each, by name."""
    lines = table.splitlines()
    heading = next((re.split(r" {2,}", line) for line in lines if line.startswith("kernel ")), [])
    if "launches" not in heading or not {"ms", "core-ms", "predicted ms"} & set(heading):
        raise ValueError(f"no table of measured kernels: {table[:200]!r}")
    kernels = {}
    for line in lines[lines.index(next(line for line in lines if line.startswith("kernel "))) + 1:]:
        cells = dict(zip(heading, re.split(r" {2,}", line)))
        if cells.get("launches", "-").isdigit():
            ms = float(next(cells[unit] for unit in ("ms", "core-ms", "predicted ms") if unit in cells))
            rate = float(cells["GFLOP/s"]) if cells["GFLOP/s"] != "-" else 0
            kernels[cells["kernel"]] = {"launches": int(cells["launches"]), "ms": ms, "operations": rate * ms * 1e6}
    return kernels


def named(kernels, *beginnings, but=()):
    found = [k for name, k in kernels.items() if name.startswith(beginnings) and not name.startswith(but or ("\0",))]
    if not found:
        raise ValueError(f"no kernel is named {' or '.join(beginnings)}…")
    return found


def sums(kernels, key):
    return sum(each[key] for each in kernels)


def teraflops(operations, ms):
    return round(operations / ms / 1e9, 1)


def split(peers, row):
    """Lines of that row that have numbers, and the errors of the others."""
    own = [line for line in peers if line.get("row") == row]
    return ([line for line in own if "error" not in line],
            {line.get("mode", line.get("of", "all")): line["error"] for line in own if "error" in line})


def row_of(row, what, unit, ours, peers, errors=None, less=False, **more):
    """`less`: the smaller is the better."""
    best = (min if less else max)(peers.values(), default=None)
    ratio = None if not best or not ours else round(best / ours if less else ours / best, 3)
    return {"row": row, "what": what, "unit": unit, "ours": ours, "peers": peers, "ratio": ratio,
            **({"errors": errors} if errors else {}), **more}


def products(kernels, peers):
    ours = named(kernels, "linear")
    ran, errors = split(peers, "G1")
    theirs = {}
    if ran and not errors:  # half of the shapes would be another sum
        theirs["torch"] = teraflops(sum(p["operations"] * p["count"] for p in ran), sum(p["ms"] * p["count"] for p in ran))
    return row_of("G1", "the layers' products, forward and both gradients", "TFLOP/s",
                  teraflops(sums(ours, "operations"), sums(ours, "ms")), theirs, errors, ms=round(sums(ours, "ms"), 3),
                  peer_ms=round(sum(p["ms"] * p["count"] for p in ran), 3) if theirs else None)


def attention(kernels, peers):
    ours = {}
    for way, found in (("forward", named(kernels, "attention_", but=("attention_gradient",))),
                       ("backward", named(kernels, "attention_gradient"))):
        launches = sums(found, "launches")  # a forward that is computed again is launched twice as often
        ours[way] = (sums(found, "operations") / launches, sums(found, "ms") / launches)
    both = lambda ways: teraflops(sum(o for o, _ in ways), sum(ms for _, ms in ways))
    ran, errors = split(peers, "G2")
    theirs = {p["mode"]: {way: (p[f"{way}_operations"], p[f"{way}_ms"]) for way in ours} for p in ran}
    each = {name: {way: teraflops(*of[way]) for way in of} for name, of in {"ours": ours, **theirs}.items()}
    return row_of("G2", "attention over the segments, forward and backward", "TFLOP/s", both(ours.values()),
                  {mode: both(ways.values()) for mode, ways in theirs.items()}, errors, each=each,
                  heads=ran[0]["heads"] if ran else None)


def loss(kernels, peers):
    for beginning in LOSS:
        named(kernels, beginning)  # all of them, or the sum is of something else
    ours = named(kernels, *LOSS)
    ran, errors = split(peers, "G3")
    return row_of("G3", "the last linear layer, its loss and the gradients of both", "ms", round(sums(ours, "ms"), 3),
                  {p["mode"]: p["ms"] for p in ran}, errors, less=True,
                  peer_megabytes={p["mode"]: p["megabytes"] for p in ran})


def step(found):
    if "ours" not in found:
        raise ValueError(found.get("error", "the step has no time"))
    keep = ("shape", "tokens", "ms", "megabytes", "peer_megabytes", "peak_fraction", "spread", "loss_gap", "loss_equal")
    return row_of("G4", "a step: tokens of a second", "tokens/s", found["ours"], found["peers"], found.get("errors"),
                  **{key: found[key] for key in keep if key in found})


def length(found, of_step):
    fixed, card = found["fixed_bytes"], found["card_bytes"]
    theirs = {}
    for mode, megabytes in of_step.get("peer_megabytes", {}).items():
        a_token = (megabytes * 2**20 - fixed) / of_step["tokens"]
        theirs[mode] = int((card - fixed) / a_token)
    return row_of("G5", "tokens of the longest sequence that one card trains, from a plan and from a peak", "tokens",
                  found["tokens"], theirs, card_bytes=card, planned_megabytes=round(found["planned_bytes"] / 2**20),
                  measured_megabytes=of_step.get("megabytes"), peer_megabytes=of_step.get("peer_megabytes"))


def start(found):
    peers = {"compiled": found["peer cold"]} if found.get("peer cold") else {}
    return row_of("G6", "seconds to the first step, nothing compiled before", "s", found["cold"], peers, found.get("errors"),
                  less=True, warm=found["warm"], peer_warm=found.get("peer warm"), shape=found.get("shape"))


def lines_of(path):
    """What a file of JSON lines has; the last may be cut off."""
    lines = []
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            lines.append(json.loads(line))
        except ValueError:
            continue
    return lines


def of(folder, shape):
    results = {one["part"]: one for one in lines_of(folder / "results.jsonl")}
    peers, table = lines_of(folder / "peers.jsonl"), folder / f"kernels-{shape}.txt"
    of_step = results.get(f"step {shape}")
    makers = [("G1", table.exists(), lambda: products(kernels_of(table.read_text()), peers)),
              ("G2", table.exists(), lambda: attention(kernels_of(table.read_text()), peers)),
              ("G3", table.exists(), lambda: loss(kernels_of(table.read_text()), peers)),
              ("G4", of_step, lambda: step(of_step)),
              ("G5", "tokens" in results.get("length", {}), lambda: length(results["length"], of_step or {})),
              ("G6", "cold" in results.get("start", {}), lambda: start(results["start"]))]
    rows = []
    for name, known, make in makers:
        try:
            rows += [make()] if known else []
        except (ValueError, KeyError, ZeroDivisionError) as error:
            rows.append({"row": name, "errors": {"ours": f"{type(error).__name__}: {error}"[:300]}})
    return rows


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for one in of(pathlib.Path(sys.argv[1]), "llama1b"):
        print(json.dumps(one))
