"""Takes each launch out of the programs of FILE…, texts of stage kernel, one at a time.

Whatever is missing, the program that is left must be refused. Prints how many were tried of each entry.
"""
import collections
import pathlib
import re
import subprocess
import sys


def verify(text):
    done = subprocess.run(["roux-opt", "-kernel-verify-program", "-o", "/dev/null"], input=text, capture_output=True,
                          text=True)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode == 0


for path in sys.argv[1:]:
    lines = pathlib.Path(path).read_text().splitlines(keepends=True)
    assert verify("".join(lines)), f"{path} is refused as it is"
    entry, tried, passed = None, collections.Counter(), []
    for at, line in enumerate(lines):
        if program := re.match(r"\s*kernel\.program @(\w+)", line):
            entry = program[1]
        launch = re.match(r"\s*kernel\.launch @([\w.]+)", line)
        if not launch:
            continue
        tried[entry] += 1
        if verify("".join(lines[:at] + lines[at + 1:])):
            passed.append(f"{entry}: {launch[1]}, line {at + 1}")
    for each in passed:
        print(f"{path}: nothing is missed without {each}")
    print(f"{path}:", ", ".join(f"{count} of {name}" for name, count in sorted(tried.items())))
