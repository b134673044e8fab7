"""Compares the losses of the steps of two metrics.jsonl: no further apart than the third argument."""
import json
import sys


def losses(path):
    return [json.loads(line)["loss"] for line in open(path)]


expected, found, allowed = losses(sys.argv[1]), losses(sys.argv[2]), float(sys.argv[3])
assert len(found) == len(expected) > 0, f"{len(found)} steps, expected {len(expected)}"
worst = max(abs(a - b) for a, b in zip(found, expected))
assert worst <= allowed, f"largest difference {worst} of {found} and {expected}"
assert found[-1] < found[0], f"nothing was learned: {found}"
print(f"{len(found)} steps, largest difference {worst:.3g}")
