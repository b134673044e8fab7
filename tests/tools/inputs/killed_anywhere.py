"""Kills a whole run - tokenizer, tokens, plan, training, export, score, eval, report - at calls that change files and at random
moments; started again it must end as a run left alone, and leave nothing behind.

    killed_anywhere.py RECIPES LIBRARY KILLS [PART PARTS]   (roux on PATH; works in the current folder)

LIBRARY is kill_at_call.cpp, compiled. KILLS calls are spread evenly over all of them; every fourth kill is at a random
moment instead, every eighth is a SIGTERM, which must end the run as well, and every sixteenth finds no compiled kernels.
PART of PARTS does a share of them.
"""
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time

import short_run

recipes, library, kills = sys.argv[1], sys.argv[2], int(sys.argv[3])
part, parts = (int(sys.argv[4]), int(sys.argv[5])) if len(sys.argv) > 4 else (0, 1)
shutil.rmtree("runs", ignore_errors=True)
os.environ["XDG_CACHE_HOME"] = str(pathlib.Path("cache").resolve())
os.environ["TMPDIR"] = str(pathlib.Path("temporary").resolve())
os.makedirs("temporary", exist_ok=True)
short_run.write("run", recipes, steps=6, run="save: every(2 steps, keep: 1), threads: 1",
                extra="score hard { model: tiny, data: held, value: perplexity(sequence) }\n"
                      "eval after { model: read, target: true, unseen: loss(held | where(sequence.hard > 1)) }\n")


def run(kill_at=0, seconds=None, by=signal.SIGKILL):
    """The exit status, negative where it was killed, and what was said."""
    environment = dict(os.environ, LD_PRELOAD=library, KILL_AT=str(kill_at), KILL_WITH=str(int(by)), COUNT_CALLS=str(pathlib.Path("calls").resolve()))
    process = subprocess.Popen(["roux", "run", "run.recipe", "--target", "after"], env=environment, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        said = process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        said = process.communicate()[0]
    return process.returncode, said


def state():
    """Every file under runs/, as far as a second run must make it again; names where only the name is to be equal."""
    found = {}
    for path in sorted(pathlib.Path("runs").rglob("*")):
        name = str(path.relative_to("runs"))
        if path.is_dir() or "/events/" in name or path.name in ("known-files", "lock"):
            continue
        content = path.read_bytes()
        if path.name == "metrics.jsonl":
            lines = [json.loads(line) for line in content.splitlines()]
            content = [(line["step"], line["loss"], line["gradient_norm"]) for line in lines]
        if path.name == "run.json":  # what was done is the same, when and how long is not
            record = json.loads(content)
            content = {key: value for key, value in record.items() if key not in ("started", "seconds", "sum")}
        if path.suffix == ".checkpoint" or path.name in ("report.html", "metrics.sums"):
            content = None  # the time that it took is in it
        found[name] = content
    return found


run()  # kernels into the cache
shutil.rmtree("runs")
began = time.monotonic()
status, said = run()
seconds = time.monotonic() - began
assert status == 0, said
calls, whole = int(pathlib.Path("calls").read_text()), state()
checkpoints = [name for name in whole if name.endswith(".checkpoint")]
random.seed(1)
moments = [random.uniform(0, seconds) for _ in range(kills)]
killed = failed = swallowed = 0
for i in range(part, kills, parts):
    shutil.rmtree("runs")
    at = 1 + i * calls // kills
    if i % 16 == 8:
        shutil.rmtree("cache")
    by = signal.SIGTERM if i % 8 == 5 else signal.SIGKILL
    first = run(seconds=moments[i]) if i % 4 == 3 else run(kill_at=at, by=by)
    killed += first[0] != 0
    if by == signal.SIGTERM and first[0] == 0:
        swallowed += 1
        print(f"told to end at call {at}: {first[1][-300:]}", flush=True)
    for left in pathlib.Path("cache").glob("roux/*.*.*"):  # an hour later
        os.utime(left, (time.time() - 3600, time.time() - 3600))
    again = run()
    found = state()
    found.update((f"temporary/{name}", b"") for name in os.listdir("temporary"))
    found.update((f"cache/{name}", b"") for name in os.listdir("cache/roux") if name.count(".") > 1)
    different = [name for name in whole.keys() | found.keys() if whole.get(name, 0) != found.get(name, 0)]
    if again[0] != 0 or different:
        failed += 1
        for name in different:
            if name.endswith("run.json"):
                print(whole.get(name), found.get(name), sep="\n", flush=True)
        print(f"killed at {f'{moments[i]:.3f} s' if i % 4 == 3 else f'call {at}'}: {again[0]} {again[1][-300:]} differ: {different}", flush=True)
short_run.say("runs are killed", killed * 3 > (kills // parts) * 2, killed)
short_run.say("all end as one left alone, with nothing left over", failed == 0, f"{failed} of {kills // parts}")
short_run.say("who is told to end ends", swallowed == 0, f"{swallowed} go on")
print(f"{calls} calls, {killed} kills, {len(checkpoints)} checkpoint kept", file=sys.stderr)
