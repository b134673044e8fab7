"""Kills a run at random moments until it was killed often enough; its weights must be those of a run left alone.

    kill_and_resume.py RECIPES KILLS [SEED]     (roux on PATH; works in the current folder)

A run that ends before it is killed is compared and begun anew, so that every kill meets work.
"""
import random
import shutil
import subprocess
import sys
import time

import short_run

recipes, wanted = sys.argv[1], int(sys.argv[2])
random.seed(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
for name in ("whole", "killed"):
    short_run.write(name, recipes, steps=60, run="save: every(5 steps, keep: 2), threads: 1")

began = time.monotonic()
short_run.done("whole")
seconds = time.monotonic() - began
whole = short_run.weights("whole")

kills = ends = resumes = different = 0
while kills < wanted:
    run = short_run.start("killed")
    try:
        said = run.communicate(timeout=random.uniform(0, seconds))[0]
    except subprocess.TimeoutExpired:
        run.kill()
        said = run.communicate()[0]
        kills += 1
    else:
        assert run.returncode == 0, said
        different += short_run.weights("killed") != whole
        ends += 1
        shutil.rmtree("runs/killed")
    resumes += "resumed at step" in said
short_run.done("killed")
different += short_run.weights("killed") != whole

steps = [line["step"] for line in short_run.metrics("killed")]
print(f"{kills} kills, {resumes} resumes in the middle, {ends + 1} ends compared")
short_run.say("resumed at least once", resumes > 0)
short_run.say("weights equal", not different, f"{different} ends differ")
short_run.say("nothing left behind", not short_run.leftovers(), short_run.leftovers())
short_run.say("each step once", steps == list(range(60)), steps)
