"""Compares the nll of the first line of a file with a reference.json: 1e-5 for every token."""
import json
import sys

expected = json.load(open(sys.argv[1]))["nll"]
with open(sys.argv[2]) as lines:
    found = json.loads(next(lines))["nll"]
assert len(found) == len(expected), f"{len(found)} values, expected {len(expected)}"
worst = max(abs(a - b) for a, b in zip(found, expected))
assert worst <= 1e-5, f"largest error {worst}"
print(f"largest error {worst:.3g} of {len(found)} tokens")
