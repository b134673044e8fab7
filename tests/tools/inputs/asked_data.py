"""Questions and answers about documents, written by a server that fails in every way: the conversations come out right, no
answer is asked for twice, none is lost by kill -9, and what was drawn is kept.    asked_data.py FOLDER"""
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import time

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here.parent.parent / "systems" / "inputs"))
import toy  # noqa: E402

os.chdir(sys.argv[1])
here = here.resolve()
folder = pathlib.Path(".")
documents = 24


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


def requests():
    return lines(folder / "server/log")


def journal():
    found = list(folder.glob("runs/r/answers/*.jsonl"))
    return lines(found[0]) if found else []


def asked(field):
    found = sorted(folder.glob(f"runs/r/asked/made-{field}-*.jsonl"), key=lambda file: file.stat().st_mtime)
    return [json.loads(line) for line in lines(found[-1])[:-1]]


def roux(verb="run", kill_at=None):
    keys = "--dtype f32 --threads 1 --save none --memory 4GB".split() if verb == "run" else []
    process = subprocess.Popen(["roux", verb, "r.recipe", *keys], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               env={**os.environ, "KEY": "secret-key"})
    while kill_at and len(journal()) < kill_at and process.poll() is None:
        time.sleep(0.005)
    if kill_at:
        process.kill()
    said = process.communicate(timeout=240)[0].decode()
    assert "secret-key" not in said, said
    return process.returncode, said


def recipe(port, where="true", general="{document}\\n\\nAsk 5 questions. {name}", on="whole"):
    (folder / "r.recipe").write_text(f"""seed 5
model base = load("model")
model m = endpoint("http://127.0.0.1:{port}/v1", "large", key: env("KEY"), timeout: 1)
prompt general = "{general}"
prompt summary = "{{document}}\\n\\nAsk for 5 summaries. {{name}}"
data docs = text("docs.jsonl", ends: none) | where({where})
data made = docs
    | ask(m, q: choice(general, summary), parse: numbered(5), on: {on})
    | pick(q, 1)
    | ask(m, a: "{{document}}\\n\\n{{q}}\\n\\nAnswer this. {{second}}")
data chats = made | where(a != "") | as_chat(system: "Be brief.", user: "{{document}}\\n\\n{{q}}", assistant: "{{a}}")
train sft {{
  model: base, data: chats, target: role == assistant, weight: 1 / step.targets
  batch: 8 * pack(512 tokens, fit: next, overflow: error, last: keep)
  optimizer: adamw(lr: 1e-3), length: 1 epochs
}}
""")


toy.write_model("model")
(folder / "server").mkdir()
texts = [toy.prose(60 + i, f"document {i}") for i in range(documents)]
toy.lines("docs.jsonl", *({"text": text, "name": "unanswerable" if i == 9 else f"item{i}", "second": f"item{1000 + i}"}
                          for i, text in enumerate(texts)))

server = subprocess.Popen([sys.executable, "-B", str(here / "chat_server.py"), str(folder / "server")])
try:
    while not lines(folder / "server/port"):
        time.sleep(0.02)
    port = lines(folder / "server/port")[0]

    # A hole that nothing fills is an error that names the record, before anything is asked.
    recipe(port, general="{document}\\n\\nAsk {nmae}")
    status, said = roux()
    assert status == 1 and "docs.jsonl:1: the record has no 'nmae', which the prompt asks for" in said, said
    assert not requests()
    # So is a field that the record has of its own.
    content = (folder / "docs.jsonl").read_text()
    recipe(port)
    toy.lines("docs.jsonl", {"text": "A text.", "name": "item0", "second": "item1000", "q": "mine"})
    status, said = roux()
    assert status == 1 and "docs.jsonl:1: the record has a field 'q' already" in said and not requests(), said
    (folder / "docs.jsonl").write_text(content)
    # Without the answers nothing can be planned, and it is said where they come from.
    recipe(port)
    status, said = roux("check")
    assert "r.recipe:8:" in said and "not asked for yet; 'roux run r.recipe' makes it" in said, said
    assert not requests()

    # Killed in the middle; then a server with every fault.
    (folder / "server/wait").write_text("0.05")
    roux(kill_at=10)
    assert 10 <= len(journal()) < documents, len(journal())
    (folder / "server/wait").write_text("0")
    (folder / "server/faults").write_text("1")
    status, said = roux()
    assert status == 0, said
    (folder / "server/faults").unlink()
    good = [i for i in range(documents) if i not in (7, 9)]
    answered = collections.Counter(line.split()[1] for line in requests() if line.startswith("answered"))
    assert set(answered) == {f"item{i}" for i in range(documents) if i != 9} | {f"item{1000 + i}" for i in good}, answered
    assert max(answered.values()) <= 2 and sum(answered.values()) <= len(answered) + 8, answered
    assert sum(line.startswith("fault") for line in requests()) >= 5
    assert len(journal()) == len(answered), (len(journal()), len(answered))

    # What was written, what was drawn for it, and why two records have nothing.
    first, second = asked("q"), asked("a")
    assert [line["record"] for line in first] == [f"docs.jsonl:{i + 1}" for i in range(documents)], first
    chosen = collections.Counter(line["fields"]["q.choice"] for line in first if line["fields"])
    assert set(chosen) == {"general", "summary"} and min(chosen.values()) >= 5, chosen
    keys = {json.loads(line)["key"] for line in journal()}
    for i in good:
        assert first[i]["fields"]["q"] == [f"question {n} of item{i}" for n in range(1, 6)], first[i]
        assert first[i]["model"] == "m" and first[i]["asked"][0]["answer"] in keys, first[i]
        assert first[i]["asked"][0]["prompt"] == first[i]["fields"]["q.choice"]
    assert first[7]["missing"] == "the answer for 'q' has not the 5 items that were asked for" and not first[7]["fields"]
    assert first[9]["missing"].startswith("no answer for 'q': it answered with status 400"), first[9]
    assert [line["record"] for line in second] == [f"docs.jsonl:{i + 1}" for i in good]
    assert all(line["fields"]["a"] == f"the answer of item{1000 + i} é\U0001F600" for i, line in zip(good, second))
    plan = subprocess.run(["roux", "inspect", "--emit=plan", "--target", "sft", "r.recipe"], capture_output=True, text=True)
    placed = re.findall(r"@\d+ docs:(\d+): (\d+) tokens, \d+ positions, (\d+) targets", plan.stdout)
    for record, tokens, targets in placed:
        i = int(record)
        answer = f"the answer of item{1000 + i} é\U0001F600"
        said = f"[system]Be brief.[user]{texts[i]}\n\nquestion 1 of item{i}[assistant]{answer}"
        assert (int(tokens), int(targets)) == (len(said.encode()) + 2, len(answer.encode()) + 1), (i, tokens, targets)
    assert sorted(int(record) for record, _, _ in placed) == good, plan.stdout
    assert "nothing reads key" not in plan.stdout, "prompts read 'name' and 'second'"
    for note in ("made/ask/1: the answer for 'q' has not the 5 items that were asked for", "made/ask/1: no answer for 'q'"):
        assert note in plan.stdout, plan.stdout

    # A second run asks nothing, nor does one whose file of answers is damaged, nor one of fewer records.
    before = len(requests())
    status, said = roux()
    assert status == 0 and said.count("nothing changed") >= 3 and len(requests()) == before, said
    damaged, = folder.glob("runs/r/asked/made-q-*.jsonl")
    content = damaged.read_bytes()
    damaged.write_bytes(content.replace(b"question 1 of item3", b"question 7 of item3"))
    status, said = roux()
    assert status == 0 and "is damaged and made again" in said, said
    assert damaged.read_bytes() == content and len(requests()) == before + 1, "only what was refused is asked again"
    recipe(port, where="sequence.record != 3 and sequence.record != 9")
    assert roux()[0] == 0 and len(requests()) == before + 1
    assert [line["fields"].get("q") for line in asked("q")] == [line["fields"].get("q") for i, line in enumerate(first) if i not in (3, 9)]

    # A prompt that sees a piece of the document: where it is, and what it is.
    recipe(port, on="chunk(20 tokens)", where="sequence.record != 9")
    assert roux()[0] == 0
    pieces = set()
    for line in asked("q"):
        text, (begin, end) = texts[int(line["record"].split(":")[1]) - 1], line["chunk"]
        assert end - begin == 20 and (not line["fields"] or line["fields"]["q.chunk"] == text[begin:end]), line
        pieces.add(begin)
    assert len(pieces) > 10, pieces
finally:
    server.kill()

# A model that is here: what is drawn for a record is drawn again, equal documents are not answered alike, and a document
# that leaves no room in its context is counted.
toy.lines("docs.jsonl", *({"text": text} for text in ("One text.", "One text.", "Another.", toy.prose(700, 1))))
(folder / "r.recipe").write_text("""seed 5
model base = load("model")
data docs = text("docs.jsonl", ends: none)
data made = docs | ask(base, s: "{document} So", tokens: 12, temperature: 1)
train sft {
  model: base, data: made | as_chat(user: "{document}", assistant: "{s}"), target: role == assistant, weight: 1 / step.targets
  batch: 2 * pack(512 tokens, fit: next, overflow: error, last: keep), optimizer: adamw(lr: 1e-3), length: 1 epochs
}
""")


def written():
    status, said = roux()
    assert status == 0, said
    file, = folder.glob("runs/r/asked/made-s-*.jsonl")
    return [json.loads(line) for line in lines(file)[:-1]]


local = written()
answers = [line["fields"].get("s") for line in local]
assert all(answers[:3]) and answers[3] is None and answers[0] != answers[1], answers
assert re.fullmatch(r"no answer for 's': its \d+ tokens leave no room in the model's context of 512", local[3]["missing"]), local[3]
for file in [*folder.glob("runs/r/asked/made-s-*"), *folder.glob("runs/r/answers/*")]:
    file.unlink()
assert written() == local
# An answer that was damaged in the journal is said and not used.
for file in folder.glob("runs/r/asked/made-s-*"):
    file.unlink()
kept, = folder.glob("runs/r/answers/*.jsonl")
content = kept.read_bytes()
kept.write_bytes(content.replace(b'"answer_tokens": 12', b'"answer_tokens": 11', 1))
status, said = roux()
assert status == 1 and f"{kept}:" in said and "no answer as it was kept" in said, said
