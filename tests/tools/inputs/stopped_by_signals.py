"""Every signal that asks a training to end lets it save first; one that comes too late for that ends the rest of the run.

    stopped_by_signals.py RECIPES     (roux on PATH; works in the current folder)
"""
import os
import resource
import shutil
import signal
import subprocess
import sys
import time

import short_run
from short_run import folder, say

recipes = sys.argv[1]
short_run.write("run", recipes, steps=100_000, run="threads: 1", schedule="[constant]")

SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGXCPU", "SIGUSR1"]
# Who is started in the background may have inherited them ignored, and a run leaves those ignored.
for name in SIGNALS:
    signal.signal(getattr(signal, name), signal.SIG_DFL)


def begun():
    """A run in its first steps."""
    process = short_run.start("run")
    while not list(short_run.pathlib.Path("runs").glob("run/read-*/metrics.jsonl")) or len(short_run.metrics("run")) < 2:
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.01)
    return process


def metrics():
    return short_run.metrics("run")


for name in SIGNALS:
    process = begun()
    process.send_signal(getattr(signal, name))
    said = process.communicate(timeout=600)[0]
    say(f"{name} saves and stops", process.returncode == 1 and "stopped after step" in said
        and "stopping after this step" in said and list(folder("run").glob("step-*.checkpoint")), (process.returncode, said))
    shutil.rmtree("runs")

# Under nohup a closed terminal is none of its business.
before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
process = begun()
signal.signal(signal.SIGHUP, before)
steps = len(metrics())
process.send_signal(signal.SIGHUP)
while len(metrics()) < steps + 3:
    assert process.poll() is None, process.communicate()[0]
    time.sleep(0.01)
say("an ignored SIGHUP stays ignored", process.poll() is None)
process.send_signal(signal.SIGTERM)
process.communicate(timeout=600)
shutil.rmtree("runs")

# A file size limit is an error like a full disk, and nothing half is left.
process = subprocess.run(["roux", "run", "run.recipe", "--target", "read", "--save", "every(2 steps)"], text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, 700_000)))
say("a file size limit is said", process.returncode == 1 and "File too large" in process.stdout, (process.returncode, process.stdout[-500:]))
say("and leaves nothing half", not short_run.leftovers(), short_run.leftovers())
