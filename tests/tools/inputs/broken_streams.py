"""Streams that are closed, full or without a reader: a training goes on, and a result that is lost is an error.

    broken_streams.py RECIPES     (roux on PATH; works in the current folder)
"""
import os
import shutil
import subprocess
import sys

import short_run
from short_run import say

recipes = sys.argv[1]
short_run.write("run", recipes, steps=3, run="threads: 1")
short_run.done("run")


def shell(command):
    shutil.rmtree("runs", ignore_errors=True) if "roux run" in command else None
    process = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return process.returncode, process.stdout, process.stderr


def trained():
    return bool(list(short_run.pathlib.Path("runs/run").glob("read-*/model/config.json")))


RUN = "roux run run.recipe --target read"
for what, command, statuses in [
        ("stderr on a full disk", f"{RUN} 2> /dev/full", [0]),
        ("no reader", f"{RUN} 2>&1 | true; exit ${{PIPESTATUS[0]}}", [0]),
        ("no reader, SIGPIPE ignored", f"trap '' PIPE; {RUN} 2>&1 | true; exit ${{PIPESTATUS[0]}}", [0]),
        ("both closed", f"{RUN} >&- 2>&-", [0]),
        ("all closed", f"{RUN} <&- >&- 2>&-", [0]),
        ("stdout on a full disk", f"{RUN} > /dev/full", [1])]:
    found = shell(command)
    lock = short_run.pathlib.Path("runs/run/lock").read_text()
    say(f"run with {what}", found[0] in statuses and trained() and "train" not in lock, (found, lock))
say("a lost table is said", "the output could not be written: No space left on device" in found[2], found)

model = next(short_run.pathlib.Path("runs/run").glob("read-*/model"))
short_run.pathlib.Path("texts.jsonl").write_text('{"text": "Once upon a time"}\n')
for verb in ["check run.recipe", "preview run.recipe --target read", "fmt --check run.recipe", "inspect run.recipe --emit=ast",
             "inspect run.recipe --emit=loss", "inspect run.recipe --emit=plan", "--version", "--help", f"score {model} < texts.jsonl"]:
    open("run.recipe", "a").write("\n\n\n") if verb.startswith("fmt") else None  # something to say
    found = shell(f"roux {verb} > /dev/full")
    # `fmt --check` ends with 1 and no word where it finds something, read or not.
    said = found[2] or verb.startswith("fmt")
    say(f"{verb.split('.')[0]}: a full disk is an error", found[0] == 1 and said, found)
    found = shell(f"roux {verb} >&-")
    said = found[2] or verb.startswith("fmt")
    say(f"{verb.split('.')[0]}: a closed stream is an error", found[0] == 1 and said, found)
