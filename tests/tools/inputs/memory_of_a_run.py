"""The memory of a run at its 1,000th step against its 200th: it must not grow.

    memory_of_a_run.py RECIPES     (roux on PATH; works in the current folder)

Buffers reach their size in the first steps. What is left is the allocator's, so 2 MB are allowed; a leak of one
micro-batch a step would be 20 MB.
"""
import pathlib
import sys
import time

import short_run

ALLOWED = 2e6
short_run.write("long", sys.argv[1], steps=1000, run="dtype: f32, threads: 2, save: every(100 steps, keep: 2)",
                batch="1 * pack(64 tokens, fit: fill(rest: next), overflow: split, last: keep)")
process = short_run.start("long")
early, late = [], []
while process.poll() is None:
    logs = list(pathlib.Path("runs/long").glob("read-*/metrics.jsonl"))
    made = logs[0].read_bytes().count(b"\n") if logs else 0
    try:
        if 200 <= made < 300:
            early.append(short_run.resident(process))
        elif 900 <= made < 1000:
            late.append(short_run.resident(process))
    except (FileNotFoundError, IndexError):
        break
    time.sleep(0.01)
assert process.wait() == 0, process.communicate()[0]
own = [line["memory"] for line in short_run.metrics("long")]
short_run.say("a thousand steps were made and looked at", len(own) == 1000 and early and late, (len(own), len(early)))
short_run.say("no growth", min(late) - max(early) < ALLOWED, (max(early), min(late)))
short_run.say("nor by its own figures", own[999] - own[200] < ALLOWED, (own[200], own[999]))
