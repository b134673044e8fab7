"""Pairs of answers on their way to a step: which records are refused, what is dropped, how both answers are laid down.

    pairs.py     (roux on PATH; works in the current folder)
"""
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "systems/inputs"))
import toy  # noqa: E402
from toy import check  # noqa: E402

toy.write_model("base")
records = [{"prompt": f"ask {i}", "chosen": "yes" * (i + 1), "rejected": "no" * (5 - i)} for i in range(5)]


def recipe(data, batch="each(3 sequences, overflow: error, last: keep)"):
    pathlib.Path("r.recipe").write_text(f"""model base = load("base")
train tuned {{
  model: base
  reference: base
  data: {data}
  target: role == assistant
  loss: -log(sigmoid(0.1 * ((chosen.logp - chosen.reference) - (rejected.logp - rejected.reference))))
  weight: 1 / step.sequences
  batch: {batch}
  optimizer: adamw(lr: 1e-3)
  length: 1 epochs
}}
""")


def roux(*words, fails=False):
    said = subprocess.run(["roux", *words], capture_output=True, text=True)
    assert (said.returncode != 0) == fails, said.stdout + said.stderr
    return said.stdout + (said.stderr if words[0] != "preview" else "")


def preview(step=0):
    return json.loads(roux("preview", "r.recipe", "--step", str(step), "--json"))["sequences"]


def tokens(record, which):
    """Of the toy's template, in which a byte is a token; only the answer and its end are targets."""
    before = [256] + list(f"[user]{record['prompt']}[assistant]".encode())
    answer = list(record[which].encode()) + [257]
    return before + answer, [False] * len(before) + [True] * len(answer)


toy.lines("pairs.jsonl", *records)
recipe('pairs("pairs.jsonl")')
laid = preview(0) + preview(1)
check("a pair is one sequence, in the order of the data", len(laid) == 5, len(laid))
for record, sequence in zip(records, laid):
    (one, first), (two, second) = tokens(record, "chosen"), tokens(record, "rejected")
    shown = sequence["shown"]
    check("both answers stand behind the prompt", [each["id"] for each in shown] == one + two, sequence)
    check("positions count from 0 in each", [each["position"] for each in shown] == [*range(len(one)), *range(len(two))], sequence)
    check("only answers are targets", ["label" in each for each in shown] == first + second, sequence)
    check("a pair has one weight", all(each["weight"] == sequence["weight"] for each in shown if "label" in each), sequence)

said = roux("inspect", "r.recipe", "--emit=loss")
check("the objective is one of pairs", "every pair counts the same" in said and "sum of the weights of a step: 1, whatever" in said, said)

# Two whole conversations that begin alike are the same pairs, and no operation on data tears one.
toy.lines("whole.jsonl", *({which: [{"role": "user", "content": record["prompt"]}, {"role": "assistant", "content": record[which]}]
                            for which in ("chosen", "rejected")} for record in records))
recipe('pairs("whole.jsonl")')
again = preview(0) + preview(1)
check("whole conversations are the same pairs", [each["shown"] for each in again] == [each["shown"] for each in laid])
recipe('pairs("pairs.jsonl") | where(sequence.tokens > 62) | shuffle', "4 * pack(512 tokens, fit: best, overflow: error, last: keep)")
ids = lambda sequence: [each["id"] for each in sequence["shown"]]  # noqa: E731
some = preview(0)
check("pairs are selected, shuffled and packed whole", len(some) == 3 and all(ids(each) in map(ids, laid) for each in some), len(some))

# A record that is no pair is named by its line; a pair is dropped whole, and counted.
toy.lines("bad.jsonl", records[0], {"prompt": "a", "chosen": "b"})
recipe('pairs("bad.jsonl")')
plan = lambda fails: roux("inspect", "r.recipe", "--emit=plan", fails=fails)
said = plan(fails=True)
check("a record without an answer is refused by its line", "bad.jsonl:2: " in said and "there is no 'rejected'" in said, said)
recipe('pairs("bad.jsonl", on_error: skip)')
check("or skipped", len(preview()) == 1 and plan(fails=False))
toy.lines("long.jsonl", *records[:3], {"prompt": "a", "chosen": "b" * 600, "rejected": "c"})
recipe('pairs("long.jsonl")')
said = plan(fails=True)
check("an answer beyond the context is refused", "has an answer that takes 620 positions with its prompt, but the model's context is 512; "
      "overflow: drop leaves such pairs out" in said, said)
recipe('pairs("long.jsonl")', "each(3 sequences, overflow: drop, last: keep)")
check("or the pair dropped whole", len(preview()) == 3)

check("and counted", "overflow: drop" in roux("check", "r.recipe"))

# A held-out pair has one loss.
path = pathlib.Path("r.recipe")
path.write_text(path.read_text() + "eval e { model: tuned, unseen: loss(pairs(\"pairs.jsonl\"), by: position) }\n")
said = roux("check", "r.recipe", fails=True)
check("by: position is refused", "a pair has one loss, which is at no position; expected by: source" in said, said)
path.write_text(path.read_text().replace("by: position", "by: source"))
roux("check", "r.recipe")

path.write_text(path.read_text().replace('loss(pairs("pairs.jsonl")', 'loss(pairs("long.jsonl")'))
said = roux("run", "r.recipe", "--dry-run", fails=True)
check("a held-out answer beyond the context is refused", "has an answer that takes 620 positions with its prompt, and the models that "
      "are asked reach over 512; expected pairs within that" in said, said)

# A reference has to read the same tokens, and as many.

def refused(what, text):
    recipe('pairs("pairs.jsonl")')
    path = pathlib.Path("r.recipe")
    path.write_text(path.read_text().replace("reference: base", "reference: other") + 'model other = load("other")\n')
    said = roux("check", "r.recipe", fails=True)
    check(what, text in said and said.count(text) == 1, said)


toy.write_answerer("other", {"a": "as it is"}, context=512)
refused("a reference of other tokens is refused", "the reference reads other tokens than the model of 'tuned'")
toy.write_model("other", context=32)
refused("a reference that reaches less far than an answer", "data:0 has an answer that takes 34 positions with its prompt, "
        "and the reference's context is 32")
