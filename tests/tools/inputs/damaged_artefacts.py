"""Damages what a run has left, file by file, and looks through the command line at what is made of it.

    damaged_artefacts.py RECIPES COUNT [SEED]    (roux on PATH; works in the current folder)

COUNT changes of every kind of file: a byte, a run of bytes, cut off, grown, zeros. Each must be refused with the file's
name, or change nothing that comes out: never a signal, never another result in silence.
"""
import atexit
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time

import short_run

recipes, count = sys.argv[1], int(sys.argv[2])
random.seed(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
os.environ["XDG_CACHE_HOME"] = str(pathlib.Path("cache").resolve())
for before in ("runs", "planned", "done", "stopped", "unmeasured", "cache"):
    shutil.rmtree(before, ignore_errors=True)
short_run.write("run", recipes, steps=4, run="save: every(2 steps, keep: 2), threads: 1",
                extra="score hard { model: tiny, data: held, value: perplexity(sequence) }\n"
                      "model mild = 0.5 * read + 0.5 * tiny\n"
                      "eval after { model: mild, target: true, unseen: loss(held | where(sequence.hard > 1)) }\n")
# The same of a model behind an endpoint: its answers are kept, and scored.
os.makedirs("bench/data", exist_ok=True)
os.makedirs("bench/config", exist_ok=True)
pathlib.Path("bench/config/dataset2prompt.json").write_text('{"qasper": "{context} {input}"}')
pathlib.Path("bench/config/dataset2maxlen.json").write_text('{"qasper": 12}')
pathlib.Path("bench/data/qasper.jsonl").write_text("".join(
    json.dumps({"context": "c", "input": f"item{i}", "answers": [f"answer of item{i} é" if i % 2 else "no"], "length": 9}) + "\n" for i in range(8)))
shutil.rmtree("server", ignore_errors=True)
os.mkdir("server")
server = subprocess.Popen([sys.executable, "-B", str(pathlib.Path(__file__).parent / "chat_server.py"), "server"])
atexit.register(server.kill)
while not pathlib.Path("server/port").exists():
    time.sleep(0.02)
os.environ["KEY"] = "secret-key"
pathlib.Path("asked.recipe").write_text(f"""model m = endpoint("http://127.0.0.1:{pathlib.Path('server/port').read_text()}/v1", "large", key: env("KEY"))
eval long {{ model: m, long: longbench("bench", datasets: ["qasper"]) }}
""")


def roux(*arguments):
    process = subprocess.run(["roux", *arguments], input="Who went home?\n", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True, errors="replace")
    return process.returncode, process.stdout, process.stderr


def damaged(content):
    content = bytearray(content)
    at = random.randrange(len(content))
    kind = random.randrange(6)
    if kind <= 1:
        content[at] ^= 1 << random.randrange(8)
    elif kind == 2:
        content[at:at + 8] = random.randbytes(min(8, len(content) - at))
    elif kind == 3:
        content[at:at + 64] = bytes(min(64, len(content) - at))
    elif kind == 4:
        del content[at:]
    else:
        content[at:at] = random.randbytes(random.randrange(1, 9))
    return bytes(content)


def results(said):
    """What a person or a script would take for a result: the tables, without times."""
    return re.sub(r"\d+(\.\d+)?k?(?= +\d+\.\d+ +\d+\.\d+)", "", said)


assert roux("preview", "run.recipe", "--target", "read")[0] == 0
shutil.copytree("runs", "planned")
status, _, said = roux("run", "run.recipe", "--target", "after")
assert status == 0, said
status, _, said = roux("eval", "asked.recipe")
assert status == 0, said
shutil.copytree("runs", "done")
train = next(pathlib.Path("runs/run").glob("read-*/model")).parent.name
shutil.copytree("runs", "stopped")
shutil.rmtree(f"stopped/run/{train}/model")
for last in sorted(pathlib.Path("stopped/run", train).glob("*.checkpoint"))[:-1]:
    last.unlink()
shutil.copytree("done", "unmeasured")
for made in ("run/evals", "asked/evals", "asked/predictions"):
    shutil.rmtree(pathlib.Path("unmeasured", made))

# What is damaged, in which state, and the verb that reads it.
PREVIEW = ("preview", "run.recipe", "--target", "read")
RUN = ("run", "run.recipe", "--target", "after")
SCORE = ("run", "run.recipe", "--target", "hard")
ASK = ("eval", "asked.recipe")
RUNS = ("runs", "run.recipe")
kinds = [
    ("token store", "planned", "run/data/*.store", PREVIEW),
    ("plan", "planned", "run/data/*.plan", PREVIEW),
    ("tokenizer", "planned", "run/data/*.model", PREVIEW),
    ("tokenizer's sums", "planned", "run/data/*.model.sums", PREVIEW),
    ("facts about files", "planned", "run/data/known-files", PREVIEW),
    ("checkpoint", "stopped", f"run/{train}/*.checkpoint", RUN),
    ("weights", "unmeasured", f"run/{train}/model/model.safetensors", RUN),
    ("shape", "unmeasured", f"run/{train}/model/config.json", RUN),
    ("export", "done", f"run/{train}/model/*", RUN),
    ("model's sums", "unmeasured", f"run/{train}/model.sums", RUN),
    ("eval", "done", "run/evals/*.json", RUN),
    ("metrics", "done", f"run/{train}/metrics.jsonl", RUN),
    ("metrics' sums", "done", f"run/{train}/metrics.sums", RUN),
    ("why", "done", f"run/{train}/made-from.txt", RUN),
    ("record", "done", f"run/{train}/run.json", RUNS),
    ("index of records", "planned", "run/data/*.index", PREVIEW),
    ("scores", "done", "run/scores/*.scores", SCORE),
    ("page", "done", "run/report.html", RUN),
    ("lock", "stopped", "run/lock", RUN),
    ("events", "stopped", f"run/{train}/events/*", RUN),
    ("answers", "unmeasured", "asked/answers/*.jsonl", ASK),
    ("predictions", "done", "asked/predictions/*/*", ASK),
    ("scores of answers", "done", "asked/evals/*.json", ASK),
    ("kernels", "stopped", "cache/roux/*.o", RUN),
    ("code", "stopped", "cache/roux/*.so", RUN),
    ("outlines", "stopped", "cache/roux/*.step", RUN),
]
# What is of the same kind as a file that is tried.
others = ["asked/lock", "asked/data/*", f"run/{train}/lock", f"run/{train}/model/*"]
patterns = [pattern for _, _, pattern, _ in kinds] + others
for state in ("planned", "done"):
    known = {path for pattern in patterns for path in pathlib.Path(state).glob(pattern)}
    left = [path for path in pathlib.Path(state).rglob("*") if path.is_file() and path not in known]
    assert not left, f"no kind is tried of {left}"

only = os.environ.get("KINDS", "")
print(f"{'':<20} refused  equal  signals  silent  unnamed")
bad = 0
for name, state, pattern, verb in kinds:
    if only and name not in only.split(","):
        continue
    shutil.rmtree("runs")
    shutil.copytree(state, "runs")
    root = pathlib.Path(state) if not pattern.startswith("cache/") else pathlib.Path(".")
    files = sorted(root.glob(pattern))
    if not files:
        assert name in ("facts about files", "index of records"), (name, pattern)  # not written where all files are new
        continue
    right = roux(*verb)
    assert right[0] == 0, right
    tally = dict(refused=0, equal=0, signals=0, silent=0, unnamed=0)
    for i in range(count):
        if verb is not PREVIEW:
            shutil.rmtree("runs")
            shutil.copytree(state, "runs")
        file = random.choice(files)
        place = pathlib.Path("runs") / file.relative_to(root) if root.name else file
        whole = file.read_bytes()
        content = damaged(whole)
        place.write_bytes(content)
        status, out, err = roux(*verb)
        if status < 0 or status > 1:
            tally["signals"] += 1
            print(f"{name}: status {status}: {err[-200:]}", flush=True)
        elif status == 1:
            known = place.name in err or place.parent.name in err
            tally["refused" if known else "unnamed"] += 1
            if not known:
                print(f"{name}: {err}", flush=True)
        elif verb is SCORE and place.read_bytes() != whole:
            tally["silent"] += 1
            print(f"{name}: the scores are others", flush=True)
        elif name == "export" and content != whole and place.name not in err:
            tally["silent"] += 1
            print(f"{name}: {place.name} is damaged, and nothing says so", flush=True)
        elif content == whole or results(out) == results(right[1]) or "is damaged and measured again" in err or f"{place.name}: is not what was written" in err:
            tally["equal"] += 1
        else:
            tally["silent"] += 1
            place_copy = pathlib.Path(f"silent-{name}-{i}")
            place_copy.write_bytes(content)
            print(f"{name}: another result in silence, see {place_copy}", flush=True)
        place.write_bytes(whole)
    print(f"{name:<20} " + "  ".join(f"{tally[each]:>{len(each)}}" for each in tally), flush=True)
    bad += tally["signals"] + tally["silent"] + tally["unnamed"]
short_run.say("nothing ends by a signal, in silence or unnamed", bad == 0, bad)
