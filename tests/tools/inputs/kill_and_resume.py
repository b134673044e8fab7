"""Kills a run at random moments until it is done; its weights must be those of a run left alone.

    kill_and_resume.py RECIPES CYCLES      (roux on PATH; works in the current folder)
"""
import pathlib
import random
import signal
import subprocess
import sys
import time

recipes, cycles = pathlib.Path(sys.argv[1]), int(sys.argv[2])
text = (recipes / "tiny.recipe").read_text().replace('"tiny/', f'"{recipes}/tiny/')
text = text.replace("length:    30 steps", "length:    120 steps")
text += "\nrun { save: every(5 steps, keep: 2), threads: 1 }\n"
for name in ("whole", "killed"):
    pathlib.Path(f"{name}.recipe").write_text(text)


def start(name):
    return subprocess.Popen(["roux", "run", f"{name}.recipe", "--target", "read"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


assert start("whole").wait() == 0
random.seed(1)
kills = 0
for _ in range(cycles):
    run = start("killed")
    time.sleep(random.uniform(0.05, 0.6))
    if run.poll() is None:
        run.send_signal(signal.SIGKILL)
        kills += 1
    run.wait()
assert start("killed").wait() == 0

whole, killed = (next(pathlib.Path("runs", name).glob("read-*")) for name in ("whole", "killed"))
same = (whole / "model/model.safetensors").read_bytes() == (killed / "model/model.safetensors").read_bytes()
left = [str(path) for path in killed.rglob("*.tmp*")]
steps = [line.split(",")[0] for line in (killed / "metrics.jsonl").read_text().splitlines()]
print("killed at least once" if kills else "never killed")
print("weights equal" if same else "weights differ")
print("nothing left behind" if not left else f"left behind: {left}")
print("each step once" if len(steps) == len(set(steps)) == 120 else f"{len(steps)} steps logged")
