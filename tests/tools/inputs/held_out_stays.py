"""Which conversations `sample` holds out, after changes that should not matter and some that should.

    held_out_stays.py     (roux on PATH; works in the current folder)
"""
import json
import pathlib
import subprocess

from short_run import say

pathlib.Path("stories.txt").write_text("Once upon a time there was a dog. " * 200)
with open("c.jsonl", "w") as file:
    for i in range(300):
        messages = [{"role": "user", "content": f"What is {i}?"}, {"role": "assistant", "content": "a number " * (1 + i % 7)}]
        file.write(json.dumps({"messages": messages}) + "\n")
RECIPE = """seed 3
data stories = text("stories.txt", ends: both)
tokenizer words = bpe(stories, vocab: 300)
model blank = new(llama, tokenizer: words, layers: 1, dim: 32, heads: 2, ffn: 64, context: 256) { template: plain }
data chats = chat("c.jsonl")
data held = chats | sample(10%)
data rest = chats | without(held)
train seen {
  model: blank, data: held, target: role == assistant, weight: 1 / step.targets
  batch: each(500 sequences, overflow: error, last: keep), optimizer: adamw(lr: 1e-3), length: 1 epochs
}
train other {
  model: blank, data: rest, target: role == assistant, weight: 1 / step.targets
  batch: each(500 sequences, overflow: error, last: keep), optimizer: adamw(lr: 1e-3), length: 1 epochs
}
"""


def rows(train, *changes, name="r"):
    """The lines of c.jsonl that `train` reads once all of `changes` are made."""
    text = RECIPE
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    pathlib.Path(f"{name}.recipe").write_text(text)
    done = subprocess.run(["roux", "preview", f"{name}.recipe", "--target", train, "--json", "--tokens", "0"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done
    return {int(each["name"].rpartition(":")[2]) for each in json.loads(done.stdout)["sequences"]}


first = rows("seen")
say("about a tenth", 15 <= len(first) <= 50, len(first))
say("the others are the rest", rows("other") == set(range(300)) - first)
RENAMED = ("held", "validation")
say("another name of the sample", rows("seen", RENAMED) == first)
say("another name of the source", rows("seen", ("chats", "conversations")) == first)
say("another name of the recipe", rows("seen", name="moved") == first)
say("a definition between", rows("seen", ("data held = chats |", "data all = concat(chats)\ndata held = all |")) == first)
say("another sample beside it", rows("seen", ("data held =", "data few = chats | sample(20%)\ndata held =")) == first)
filtered = rows("seen", ("data held = chats |", "data held = chats | where(sequence.tokens > 40) |"))
say("a filter takes some away and adds none", filtered < first and len(filtered) > 3, (filtered, first))
say("a larger share holds them too", rows("seen", ("10%", "20%")) > first)
with open("c.jsonl", "a") as file:
    file.write(json.dumps({"messages": messages}) + "\n")
say("a line more moves none", rows("seen") - {300} == first)
say("another seed draws others", rows("seen", ("seed 3", "seed 4")) != first)
twice = rows("seen", ("sample(10%)", "sample(50%) | sample(50%)"))
say("a sample of a sample is a draw of its own", 50 <= len(twice) <= 105, len(twice))
say("and so is one of what is left", 55 <= len(rows("other", ("without(held)", "without(held) | sample(30%)"))) <= 110)

# Where they do move, who trains is told before.
rows("other")
trained = subprocess.run(["roux", "run", "r.recipe", "--target", "other"], capture_output=True, text=True)
assert trained.returncode == 0, trained


def outlook(*changes):
    text = RECIPE
    for before, after in changes:
        text = text.replace(before, after)
    pathlib.Path("r.recipe").write_text(text)
    return subprocess.run(["roux", "run", "r.recipe", "--target", "other", "--dry-run"], capture_output=True, text=True).stdout


DRAWN = "its samples are others, so what was held out before may now be trained on"
say("another seed draws anew, and that is said", DRAWN in outlook(("seed 3", "seed 4")), outlook(("seed 3", "seed 4")))
say("so does another share", DRAWN in outlook(("10%", "5%")), outlook(("10%", "5%")))
said = outlook(("lr: 1e-3", "lr: 2e-3"))
say("another rate moves nothing", "would be trained" in said and "sample" not in said, said)
lines = pathlib.Path("c.jsonl").read_text()
pathlib.Path("c.jsonl").write_text(lines.splitlines(keepends=True)[-1] + lines)
say("nor are lines what they were", "samples go by file and line" in outlook(), outlook())
