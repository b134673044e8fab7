"""Counts the launches of a layer in what `roux inspect --emit=kernel` prints of a train.

The first loop of @train goes over the layers, the one in reverse back over them.
"""
import sys


def launches(lines, end):
    count = 0
    for line in lines:
        if line.strip() == "}":
            return count
        count += "kernel.launch" in line
    raise SystemExit(f"no end of {end}")


for path in sys.argv[1:]:
    with open(path) as file:
        text = file.read().split("kernel.program @train {")[1]
    forward, back = text.index("kernel.repeat"), text.index(" reverse")
    counts = [launches(text[at:].splitlines()[1:], path) for at in (forward, back)]
    print(f"{path}: {counts[0]} forward, {counts[1]} back")
