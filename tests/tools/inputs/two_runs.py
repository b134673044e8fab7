"""Two runs of one recipe at once: the second says who is at work and does nothing.

    two_runs.py RECIPES     (roux on PATH; works in the current folder)
"""
import pathlib
import sys
import time

import short_run

short_run.write("busy", sys.argv[1], steps=100_000)
first = short_run.start("busy")
try:
    while first.poll() is None and not list(pathlib.Path("runs").glob("busy/read-*/metrics.jsonl")):
        time.sleep(0.05)
    status, said = short_run.run("busy")
    short_run.say("the second is refused with the holder", status == 1
                  and f"runs/busy: in use by process {first.pid} on " in said and " since " in said, said)
    short_run.say("the first goes on", first.poll() is None)
finally:
    first.terminate()
said = first.communicate(timeout=60)[0]
short_run.say("told to end, the first saves and says so", first.returncode == 1 and "stopped after step" in said
              and "the same command goes on from there" in said, said)
