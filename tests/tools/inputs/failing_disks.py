"""A run whose output cannot be written says so before step 1, or stops after its last good save and goes on later.

    failing_disks.py RECIPES     (roux on PATH; works in the current folder)

Needs small and read-only file systems, so it restarts itself where it may mount them; exits with 77 where it may not.
"""
import os
import pathlib
import shutil
import subprocess
import sys

import short_run
from short_run import done, folder, run, say, weights

recipes = sys.argv[1]
if "inside" not in sys.argv:
    apart = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--user", "--map-root-user"])
    if shutil.which("unshare") is None or subprocess.run(apart + ["true"], capture_output=True).returncode:
        print("skipped: this system does not let us mount disks")
        sys.exit(77)
    sys.exit(subprocess.run(apart + [sys.executable, "-B", *sys.argv, "inside"]).returncode)


def mount(options, *more):
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, *more, "tmpfs", "runs"], check=True)


def unmount():
    subprocess.run(["umount", "runs"], check=True)


for old in ("runs", "saved"):
    shutil.rmtree(old, ignore_errors=True)
saves = "dtype: f32, threads: 1, save: every(5 steps)"
short_run.write("good", recipes, run=saves)
short_run.write("full", recipes, run=saves)
done("good")
whole = weights("good")
saved = pathlib.Path("saved")
os.rename("runs", saved)
os.mkdir("runs")

mount("ro")
status, said = run("full")
say("read-only: refused", status == 1 and "runs/full: cannot create it: Read-only file system" in said
    and "step 1" not in said, said)
cache = {**os.environ, "XDG_CACHE_HOME": os.path.abspath("saved/cache")}
for verb in (["check"], ["preview", "--step", "0"], ["inspect", "--emit", "memory"]):
    read = subprocess.run(["roux", verb[0], "full.recipe", *verb[1:]], capture_output=True, text=True, env=cache)
    say(f"read-only: {verb[0]} reads", read.returncode == 0 and read.stdout, read.stderr)
unmount()

# The size of a run, so that disks can be too small by design.
small = sum(path.stat().st_size for path in (saved / "good/data").iterdir())
each = next((saved / "good").glob("read-*/*.checkpoint")).stat().st_size
mount(f"size={small // 2}")
status, said = run("full")
say("no room for tokens: refused", status == 1 and "No space left on device" in said and "step 1" not in said, said)
say("no room for tokens: nothing half there", not short_run.leftovers(), short_run.leftovers())
unmount()

mount(f"size={small + each // 2}")
status, said = run("full")
say("no room for a checkpoint: refused before step 1",
    status == 1 and "a checkpoint needs" in said and "are free" in said and "step 1/" not in said, said)
unmount()

mount(f"size={small + 3 * each + each // 2}")
status, said = run("full")
say("full on the way: stopped after a good save", status == 1 and "No space left on device" in said
    and "the last good checkpoint is of step" in said, said)
say("full on the way: nothing half there", not short_run.leftovers(), short_run.leftovers())
status, said = run("full")
say("still full: says so again", status == 1 and ("No space left" in said or "a checkpoint needs" in said), said)
mount("remount,size=64m")
said = done("full")
say("room again: goes on", "resumed at step" in said and "resumed at step 0" not in said, said)
say("room again: weights equal", weights("full") == whole)
unmount()

os.rmdir("runs")
for place in ("runs", "runs/full", f"runs/full/{next((saved / 'good').glob('read-*')).name}"):
    pathlib.Path(place).parent.mkdir(exist_ok=True)
    pathlib.Path(place).write_text("a file")
    status, said = run("full")
    say(f"a file in the way {place.count('/')} deep: named", status == 1 and f"{place}" in said
        and "cannot create it" in said, said)
    os.unlink(place)
