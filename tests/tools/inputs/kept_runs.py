"""What `roux runs` and `roux run --dry-run` say of runs that ended, stopped, go on or differ.

    kept_runs.py RECIPES     (roux on PATH; works in the current folder)
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import short_run
from short_run import say

recipes = sys.argv[1]
short_run.write("run", recipes, steps=6, run="threads: 1, save: every(2 steps)", optimizer="adamw(lr: peak)",
                extra="param peak = 1e-3\n"
                      "eval after { model: read, target: true, unseen: loss(held) }\n")


def roux(*arguments):
    process = subprocess.run(["roux", *arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return process.returncode, process.stdout, process.stderr


def listed(recipe="run"):
    status, out, err = roux("runs", f"{recipe}.recipe", "--json")
    assert status == 0, err
    return [json.loads(line) for line in out.splitlines()]


status, out, err = roux("runs", "run.recipe")
say("no runs: said", status == 1 and "runs/run: holds no run of a train" in err, err)

# Before the first, and after it.
status, out, err = roux("run", "run.recipe", "--dry-run")
say("all would be made", status == 0 and "train read: would be trained, 6 steps\n" in out
    and "eval after: would be made after train read\n" in out, out + err)
say("and nothing is", not list(pathlib.Path("runs/run").glob("read-*")))
assert roux("run", "run.recipe")[0] == 0
status, out, err = roux("run", "run.recipe", "--dry-run")
say("all is there", "train read: nothing changed, runs/run/read-" in out and "eval after: nothing changed" in out
    and "would" not in out, out + err)

# Another rate is another run: why is said before and while it is made, and in what the two differ afterwards.
why = "because optimizer.lr is 0.002 and was 0.001; before: runs/run/read-"
status, out, err = roux("run", "run.recipe", "--set", "peak=2e-3", "--dry-run")
say("why is said before", f"train read: would be trained, 6 steps, {why}" in out, out)
status, out, err = roux("run", "run.recipe", "--set", "peak=2e-3", "--target", "after", "--dtype", "bf16")
say("and by the run", status == 0 and f"train read: trained anew, {why}" in err, err)
runs = [run for run in listed() if run["train"] == "read"]
say("both are listed, the first first", [run["state"] for run in runs] == ["finished"] * 2
    and [run["differs"] for run in runs] == [{"optimizer.lr": "0.001"}, {"optimizer.lr": "0.002"}], runs)
say("with how they were started", runs[1]["settings"] == {"peak": "2e-3"} and runs[1]["command"][:3] == ["roux", "run", "run.recipe"]
    and runs[1]["dtype"] == "bf16" and runs[1]["recipe"] == "run.recipe" and runs[1]["version"] and runs[1]["machine"]
    and runs[1]["seconds"] > 0, runs)
say("and with what came of them", all(set(run["results"]) >= {"after/unseen"} for run in runs)
    and runs[0]["results"] != runs[1]["results"] and all(0 < run["last_loss"] < 10 for run in runs), runs)
kept = json.loads(pathlib.Path(runs[1]["folder"], "run.json").read_text())
say("the recipe's text is kept", kept["files"] == [["run.recipe", pathlib.Path("run.recipe").read_text()]], kept)
status, out, err = roux("runs", "run.recipe")
say("a table says it to a person", status == 0 and "optimizer.lr 0.002" in out and out.splitlines()[0].startswith("run  ")
    and "after/unseen" in out, out)
say("the folder may be named instead", roux("runs", "runs/run")[1] == out)

# A run of one train keeps the others on the page.
status, _, err = roux("run", "run.recipe", "--target", "talk")
page = pathlib.Path("runs/run/report.html").read_text()
say("one train narrows no page", status == 0 and '>read</td>' in page and '>talk</td>' in page, err)

# One that is at work, one that was stopped, one that failed.
text = pathlib.Path("run.recipe").read_text()
pathlib.Path("long.recipe").write_text(text.replace("length: 6 steps", "length: 100000 steps"))
process = subprocess.Popen(["roux", "run", "long.recipe", "--target", "read"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
while process.poll() is None and not list(pathlib.Path("runs/long").glob("read-*/step-*.checkpoint")):
    time.sleep(0.02)
say("who is at work is said", [run["state"] for run in listed("long")] == ["running"], listed("long"))
say("and may be asked about", roux("run", "long.recipe", "--dry-run")[0] == 0)
process.send_signal(signal.SIGTERM)
process.communicate(timeout=60)
say("so is who was stopped", listed("long")[0]["state"].startswith("stopped, saved at step "), listed("long"))
status, out, err = roux("run", "long.recipe", "--target", "read", "--dry-run")
say("who would go on", "train read: would go on after step " in out and " of 100000, runs/long/read-" in out, out)
pathlib.Path("wild.recipe").write_text(text)
status, _, err = roux("run", "wild.recipe", "--target", "read", "--set", "peak=1e30")
say("why it failed is kept", status == 1 and ": step " in listed("wild")[0]["state"], listed("wild"))

# Lost and damaged records.
record = pathlib.Path(runs[0]["folder"], "run.json")
record.write_text(record.read_text().replace("1e-3", "3e-3"))
status, out, err = roux("runs", "run.recipe")
say("a damaged record is said, and the rest shown", status == 0 and f"{record}: is not what was written; the rest is shown" in err
    and record.parent.name in out, err)
record.unlink()
say("a lost one is left out", [len(run["differs"]) for run in listed() if run["train"] == "read"] == [1, 1])
shutil.rmtree(runs[0]["folder"])
say("a run that is removed is gone", [run["differs"] for run in listed() if run["train"] == "read"] == [{}], listed())
