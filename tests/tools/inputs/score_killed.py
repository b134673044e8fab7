"""Scores of some hundred records, killed again and again.    score_killed.py   (roux on PATH; works in the current folder)"""
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "systems/inputs"))
import toy  # noqa: E402
from scores import read_scores  # noqa: E402
from toy import check  # noqa: E402

count, header = 1200, 16
toy.write_model("model", layers=2, dim=64, heads=4, ffn=96)
toy.texts("docs.jsonl", [200 + i % 200 for i in range(count)])


def recipe(name):
    pathlib.Path(f"{name}.recipe").write_text("""model base = load("model")
data docs = text("docs.jsonl", ends: both)
score hard { data: docs, model: base, spans: tokens(32, tail: drop), value: perplexity(span) }
run { threads: 1 }
""")


def start(name):
    return subprocess.Popen(["roux", "run", f"{name}.recipe", "--target", "hard"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True)


def file(name):
    found = list(pathlib.Path("runs", name, "scores").glob("hard-*.scores"))
    return found[0] if found else None


def frames(content):
    """Where the last whole frame of a file of scores ends, and how many there are."""
    at, number = header, 0
    while at + 32 <= len(content):
        _, _, numbers, spans, tokens, _ = struct.unpack_from("<QQIIII", content, at)
        end = at + 32 + 8 * numbers + 8 * spans + (4 * tokens + 7) // 8 * 8
        if end > len(content):
            break
        at, number = end, number + 1
    return at, number


def numbers(name):
    return {key: values for key, (values, _) in read_scores(file(name)).items()}


def size(name):
    return file(name).stat().st_size if file(name) else 0


recipe("alone")
process = start("alone")
said = process.communicate()[0]
assert process.returncode == 0, said
whole = file("alone").read_bytes()

recipe("killed")
kept, kills = b"", 0
for attempt, goal in enumerate((0.1, 0.35, 0.6, 0.8) * 5):
    if attempt >= 4 and kills >= 2:  # on a busy machine a run may be over before anybody looks
        break
    if len(kept) == len(whole):
        kept = b""
        shutil.rmtree("runs/killed")
    process = start("killed")
    while size("killed") < goal * len(whole) and process.poll() is None:
        time.sleep(0.001)
    process.kill()
    process.communicate()
    content = file("killed").read_bytes()
    check(f"killed at {len(content)} of {len(whole)} bytes: what was there before is there still", content.startswith(kept))
    kills += len(content) < len(whole)
    kept = content[:frames(content)[0]]
check("some kills were in the middle", kills >= 2, kills)
process = start("killed")
said = process.communicate()[0]
assert process.returncode == 0, said
found = [int(number) for number in re.findall(rf"score hard: (\d+) of {count} records", said)]
check("all are there at the end", found and found[-1] == count, said)
check("the same scores as of a run that was left alone", numbers("killed") == numbers("alone"))
check("and not a record twice", len(file("killed").read_bytes()) == len(whole))
