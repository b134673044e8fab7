"""LongBench asked of a server that fails in every way: the predictions come out right, no answer is asked for twice, none
is lost by kill -9, and the key is nowhere.    endpoint_answers.py FOLDER"""
import collections
import json
import os
import pathlib
import subprocess
import sys
import time

here = pathlib.Path(__file__).parent
folder = pathlib.Path(sys.argv[1])
key = "secret-key"
items = 30


def lines(name):
    path = folder / "server" / name
    return path.read_text().splitlines() if path.exists() else []


def roux(*arguments, environment={"KEY": key}, kill_at=None):
    process = subprocess.Popen(["roux", "eval", "r.recipe", *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               env={**os.environ, **environment})
    while kill_at and len(journal()) < kill_at and process.poll() is None:
        time.sleep(0.005)
    if kill_at:
        process.kill()
    said = process.communicate(timeout=120)[0].decode()
    assert key not in said, said
    return process.returncode, said


def journal():
    found = list(folder.glob("runs/r/answers/*.jsonl"))
    return found[0].read_text().splitlines() if found else []


def recipe(port, arguments=""):
    (folder / "r.recipe").write_text(f"""model m = endpoint("http://127.0.0.1:{port}/v1", "large", key: env("KEY"){arguments})
eval report {{
  model: m
  long:  longbench("bench", datasets: ["qasper"])
}}
""")


(folder / "server").mkdir(parents=True)
(folder / "bench" / "data").mkdir(parents=True)
(folder / "bench" / "config").mkdir()
(folder / "bench/config/dataset2prompt.json").write_text(json.dumps({"qasper": "Text: {context}\n\nQuestion {{}}: {input}"}))
(folder / "bench/config/dataset2maxlen.json").write_text(json.dumps({"qasper": 12}))
with open(folder / "bench/data/qasper.jsonl", "w") as out:
    for i in range(items):
        out.write(json.dumps({"context": "c" * i, "input": f"item{i}", "answers": [f"answer of item{i} é"], "length": 1000 * i,
                              "all_classes": None, "_id": i}) + "\n")

# An endpoint that is not there: said after the attempts, and nothing hangs.
recipe(1, ", attempts: 1")
status, said = roux()
assert status == 1 and "did not answer in 1 attempts" in said and "0 answers are kept" in said, said
# A key that is not set is an error at its line, before anything is asked.
status, said = roux(environment={"KEY": ""})
assert status == 1 and "r.recipe:1:" in said and "variable KEY" in said, said

server = subprocess.Popen([sys.executable, "-B", str(here / "chat_server.py"), str(folder / "server")])
try:
    while not lines("port"):
        time.sleep(0.02)
    port = lines("port")[0]
    settings = folder / "server"

    # A wrong key: once, without saying it, although the server does.
    recipe(port, ", together: 1")
    status, said = roux(environment={"KEY": "wrong-key"})
    assert status == 1 and "status 401" in said and "wrong-key" not in said, said
    assert lines("log") == ["key item0"], lines("log")

    # A spend that is reached stops the asking and keeps what was answered.
    recipe(port, ", together: 1, spend: 20 tokens")
    status, said = roux()
    assert status == 1 and "tokens were spent on" in said, said
    kept = len(journal())
    assert 0 < kept < items, kept

    # Killed in the middle of answers: the rest is asked for, and what was under way at most once more.
    recipe(port, ", together: 4, timeout: 1")
    (settings / "wait").write_text("0.05")
    roux(kill_at=kept + 8)
    at_kill = len(journal())
    assert kept + 8 <= at_kill < items, at_kill
    (settings / "wait").write_text("0")
    (settings / "faults").write_text("1")
    status, said = roux()
    assert status == 0, said
    outcomes = collections.Counter(line.split()[0] for line in lines("log"))
    answered = collections.Counter(line.split()[1] for line in lines("log") if line.startswith("answered"))
    assert set(answered) == {f"item{i}" for i in range(items)}, answered
    assert sum(answered.values()) <= items + 4 and max(answered.values()) <= 2, answered
    assert sum(kind.startswith("fault") for kind in outcomes) >= 5, outcomes
    assert len(journal()) == items, len(journal())

    # The predictions, in the order of the items, are right and scored; scoring them again asks nothing.
    requests = len(lines("log"))
    file, = folder.glob("runs/r/predictions/long-*/qasper.jsonl")
    written = [json.loads(line) for line in file.read_text().splitlines()]
    assert [w["pred"] for w in written] == [f"the answer of item{i} é\U0001F600" for i in range(items)], written
    assert [w["length"] for w in written] == [1000 * i for i in range(items)]
    result, = folder.glob("runs/r/evals/report-*.json")
    scored = json.loads(result.read_text())["tasks"][0]["datasets"][0]
    assert scored["name"] == "qasper" and len(scored["items"]) == items and scored["score"] == 75, scored
    assert roux()[0] == 0 and len(lines("log")) == requests
    status, said = roux("--predictions", str(file.parent))
    assert status == 0 and f"{scored['score']:.2f}" in said and len(lines("log")) == requests, said

    # What the endpoint refuses is one item without an answer, and is counted.
    with open(folder / "bench/data/qasper.jsonl", "a") as out:
        out.write(json.dumps({"context": "", "input": "unanswerable", "answers": ["x"], "length": 1}) + "\n")
    (settings / "faults").unlink()
    status, said = roux()
    assert status == 0 and "1 were refused (it answered with status 400" in said, said
    assert len(lines("log")) == requests + 1, "only the new item is asked"
finally:
    server.kill()

for file in folder.glob("runs/**/*"):
    assert not file.is_file() or key.encode() not in file.read_bytes(), file
