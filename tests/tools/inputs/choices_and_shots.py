"""task(…, choices:, likelihood:, shots:): predictions against a model written in NumPy, scores against the answers.

    choices_and_shots.py   (roux on PATH; works in the current folder)
"""
import json
import pathlib
import random
import subprocess
import sys

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "systems/inputs"))
import toy  # noqa: E402
from llama import Llama  # noqa: E402
from toy import check  # noqa: E402

count = 40
tensors = toy.write_model("model", context=512, scale=0.5)
settings = pathlib.Path("model/tokenizer_config.json")
settings.write_text(json.dumps({key: value for key, value in json.loads(settings.read_text()).items() if key != "chat_template"}))
reference = Llama(json.loads(pathlib.Path("model/config.json").read_text()), tensors)
draw = random.Random(4)
items = []
for i in range(count):
    choices = [toy.prose(draw.randint(2, 30), f"{i} {c}") for c in range(4)]
    right = draw.randrange(4)
    items.append({"prompt": f"item {i}: {toy.prose(20, i)}", "options": choices, "answer": right if i % 2 else choices[right]})
toy.lines("items.jsonl", *items)


def recipe(*tasks):
    pathlib.Path("r.recipe").write_text(
        'model base = load("model")\ndata items = text("items.jsonl", ends: none)\n'
        "eval report {\n  model: base\n" + "".join(f"  {task}\n" for task in tasks) + "}\n"
        "run { dtype: f32, threads: 1 }\n")


def roux(fails=False):
    said = subprocess.run(["roux", "eval", "r.recipe"], capture_output=True, text=True)
    text = said.stdout + said.stderr
    assert (said.returncode != 0) == fails, text
    return text


def predictions(task):
    folder = max(pathlib.Path("runs/r/predictions").glob(f"{task}-*"), key=lambda path: path.stat().st_mtime)
    return [json.loads(line) for line in (folder / f"{task}.jsonl").read_text().splitlines()]


def results():
    file = max(pathlib.Path("runs/r/evals").glob("report-*.json"), key=lambda path: path.stat().st_mtime)
    return {task["name"]: task["datasets"][0] for task in json.loads(file.read_text())["tasks"]}


def likelihood(prompt, choice):
    before, after = prompt.encode(), choice.encode()
    ids = [256, *before, *after]
    return -float(reference.nll(ids)[len(before):].sum())


# A text record's prompt is its text; these have keys of their own.
records = [{"text": item["prompt"], **item} for item in items]
toy.lines("items.jsonl", *records)
task = 'task(items, prompt: "{prompt} ", choices: "options", metric: exact_match'
recipe(f"sum: {task})", f"mean: {task}, likelihood: per_byte)")
said = roux()
found = {name: predictions(name) for name in ("sum", "mean")}
sums = [[likelihood(item["prompt"] + " ", choice) for choice in item["options"]] for item in items]
wanted = [item["options"][int(numpy.argmax(values))] for item, values in zip(items, sums)]
means = [item["options"][int(numpy.argmax([value / len(choice) for value, choice in zip(values, item["options"])]))]
         for item, values in zip(items, sums)]
check("the likeliest choice", [line["pred"] for line in found["sum"]] == wanted, list(zip(found["sum"], wanted))[:3])
check("per byte another is the likeliest", [line["pred"] for line in found["mean"]] == means and means != wanted)
right = [item["options"][item["answer"]] if isinstance(item["answer"], int) else item["answer"] for item in items]
check("an answer is a choice, or its number", [line["answers"] for line in found["sum"]] == [[text] for text in right])
score = results()["sum"]
check("scored as any answer", score["items"] == [float(a == b) for a, b in zip(wanted, right)], score)

recipe(f"shown: {task}, shots: 2)")
roux()
check("solved records before it change what is likely", len(predictions("shown")) == count)
recipe(f"shown: {task}, shots: 40)")
check("more shots than other records are refused", "40 shots are drawn from the other records, and there are 39" in roux(fails=True))
recipe('gone: task(items, prompt: "{prompt}", choices: "opts", metric: exact_match)')
check("a list that is not there is named", "items.jsonl:1: the record has no list 'opts' of choices" in roux(fails=True))
toy.lines("items.jsonl", *records[:3], {**records[3], "answer": "none of these"})
recipe(f"wrong: {task})")
check("an answer that is no choice is named", "items.jsonl:4: the answer 'none of these' is none of the 4 choices" in roux(fails=True))
toy.lines("items.jsonl", *records)
pathlib.Path("r.recipe").write_text(pathlib.Path("r.recipe").read_text().replace('load("model")', 'endpoint("http://127.0.0.1:1/v1", "m")'))
check("an endpoint says no likelihoods", "an endpoint says no likelihoods; expected no choices:" in roux(fails=True))
