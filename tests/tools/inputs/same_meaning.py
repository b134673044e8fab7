"""A finished training is not made again for what changes nothing, and made again, with the reason, for what does.

    same_meaning.py RECIPES     (roux on PATH; works in the current folder)
"""
import json
import os
import pathlib
import re
import shutil
import sys

import short_run
from short_run import say

recipes = sys.argv[1]
short_run.write("base", recipes, steps=2, run="threads: 1")
short_run.done("base")
shutil.copytree(short_run.folder("base") / "model", "model")
shutil.copy(pathlib.Path(recipes) / "tiny/stories.txt", "stories.txt")
pathlib.Path("run.recipe").write_text("""seed 3
param peak = 1e-3
model base = load("model") { template: plain }
data stories = text("stories.txt", ends: both)
train read {
  model:     base
  data:      stories
  target:    true
  weight:    1 / step.targets
  batch:     2 * pack(256 tokens, fit: fill(rest: next), overflow: split, last: keep)
  optimizer: adamw(lr: peak)
  length:    2 steps
}
eval after { model: read, target: true, all: loss(stories | cut(512 tokens, side: right)) }
""")
text = pathlib.Path("run.recipe").read_text()
ALL = ("run", None)


def run(name="run", *arguments):
    process = short_run.subprocess.run(["roux", "run", f"{name}.recipe", *arguments], text=True,
                                       stdout=short_run.subprocess.PIPE, stderr=short_run.subprocess.STDOUT)
    return process.returncode, process.stdout


def unchanged(what, *arguments, name="run"):
    status, said = run(name, *arguments)
    say(f"{what}: nothing changed", status == 0 and said.count("nothing changed") == 2, said)


def anew(what, why, *arguments):
    status, said = run("run", *arguments)
    say(f"{what}: trained anew", status == 0 and re.search(rf"train read: trained anew, because {why}.*; before: runs/run/read-", said), said)


def edited(*edits):
    result = text
    for before, after in edits:
        assert before in result, before
        result = result.replace(before, after)
    pathlib.Path("run.recipe").write_text(result)


assert run()[0] == 0
unchanged("a second run")
for path in pathlib.Path("model").iterdir():
    os.utime(path)
os.utime("stories.txt")
unchanged("touched files")
(pathlib.Path("model") / "original").mkdir()
(pathlib.Path("model") / "README.md").write_text("not read")
os.symlink("nowhere", "model/dangling")
os.mkfifo("model/pipe")
unchanged("a folder, a dangling link, a pipe and a file that is not read")
shutil.copytree("model", "copied", ignore=lambda *_: ["pipe", "dangling"])
shutil.rmtree("model")
os.rename("copied", "model")
unchanged("a copy of the model")
config = json.loads(pathlib.Path("model/config.json").read_text())
pathlib.Path("model/config.json").write_text(json.dumps(config, indent=8, sort_keys=True))
unchanged("another layout of config.json")
for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json"):
    content = json.loads(pathlib.Path("model", name).read_text())
    if name != "tokenizer.json":
        content.update(transformers_version="5.0", **({"temperature": 0.6} if name[0] == "g" else {}))
    pathlib.Path("model", name).write_text(json.dumps(content, indent=8))
unchanged("another layout of the tokenizer's files, and keys that no training reads")
os.rename("model", "elsewhere")
edited(('"model"', f'"{os.getcwd()}/elsewhere"'))
unchanged("a moved model under an absolute path")
text = text.replace('"model"', '"elsewhere"')
edited(("param peak = 1e-3\n", ""), ("adamw(lr: peak)", "adamw(  lr: 0.001 )   # as before"), ("256 tokens", "0.25Ki tokens"))
unchanged("another layout of the recipe, comments, units and a param's value")
edited(("batch: ", "schedule: [constant]\n  batch: "))
unchanged("a default that is written out")
edited()
status, said = run(f"{os.getcwd()}/run")
say("an absolute path of the recipe: nothing changed", status == 0 and said.count("nothing changed") == 2, said)

anew("another dtype", "dtype is f32 and was bf16", "--dtype", "f32")
edited(("1e-3", "2e-3"))
anew("another rate", "optimizer.lr is 0.002 and was 0.001")
edited(("2 steps", "3 steps"))
anew("another length", "length is 3 steps and was 2 steps")
edited()
unchanged("back again")
with open("stories.txt", "a") as file:
    file.write("\n\nOne more story, of a fox.\n")
anew("other data", "its data are others")
weights = bytearray(pathlib.Path("elsewhere/model.safetensors").read_bytes())
weights[-2] ^= 1
pathlib.Path("elsewhere/model.safetensors").write_bytes(weights)
anew("other weights", "the weights it starts from are others")

# A recipe whose name would lead elsewhere, and a lock that is a link.
os.makedirs("runs/linked")
pathlib.Path("precious").write_text("mine")
os.symlink("../../precious", "runs/linked/lock")
shutil.copy("run.recipe", "linked.recipe")
status, said = run("linked")
say("a lock that is a link is refused", status == 1 and "runs/linked/lock: is a link" in said
    and pathlib.Path("precious").read_text() == "mine", said)
pathlib.Path("important.tmp").write_text("mine")
for name in [".", ".."]:
    shutil.copy("run.recipe", f"{name}.recipe")
    status, said = run(name)
    say(f"{name}.recipe is refused", status == 1 and "call it NAME.recipe" in said and pathlib.Path("important.tmp").exists(), said)
