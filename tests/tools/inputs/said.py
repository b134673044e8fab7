"""What a run says on a terminal, and with --quiet.

    said.py RECIPES     (roux on PATH; works in the current folder)
"""
import os
import pathlib
import pty
import subprocess
import sys

import short_run
from short_run import say

short_run.write("logged", sys.argv[1], steps=7, run="threads: 1, log: every(3 steps)")
table = [line.split() for line in short_run.done("logged").splitlines()]
say("all steps are counted, logged or not", any(row[:2] == ["read", "7"] for row in table), table)
short_run.write("run", sys.argv[1], steps=4, run="threads: 1")
pid, terminal = pty.fork()
if pid == 0:
    os.execvp("roux", ["roux", "run", "run.recipe", "--target", "read"])
said = b""
try:
    while piece := os.read(terminal, 4096):
        said += piece
except OSError:  # the other end is closed
    pass
os.waitpid(pid, 0)
# What a carriage return wrote over is gone; "\r\n" is how a terminal ends a line.
lines = [line.split("\r")[-1].replace("\x1b[K", "") for line in said.decode().replace("\r\n", "\n").split("\n")]
say("the last step stands on its line", any(line.startswith("read: step 4/4 ") and "train" not in line for line in lines), lines)
say("and so does what follows it", any(line.startswith("train read: 4 steps") for line in lines), lines)

for quiet in ("--quiet", "-q"):
    process = subprocess.run(["roux", "run", "run.recipe", quiet], capture_output=True, text=True)
    say(f"{quiet}: nothing is said", process.returncode == 0 and process.stdout == process.stderr == "", process.stdout + process.stderr)
say("but the report is there", pathlib.Path("runs/run/report.html").exists())
pathlib.Path("run.recipe").write_text(pathlib.Path("run.recipe").read_text().replace("length: 4 steps", "lenght: 4 steps"))
process = subprocess.run(["roux", "run", "run.recipe", "--quiet"], capture_output=True, text=True)
say("what went wrong is said", process.returncode == 1 and "did you mean 'length'?" in process.stderr and not process.stdout, process.stderr)
