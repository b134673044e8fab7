"""What a run does with checkpoints that are damaged, of something else, or of another `run` block.

    resume_changed.py RECIPES     (roux on PATH; works in the current folder)
"""
import os
import pathlib
import shutil
import sys

import short_run
from short_run import done, folder, metrics, run, say, weights

recipes = sys.argv[1]
short_run.write("first", recipes, run="dtype: f32, threads: 1, save: every(10 steps)")
done("first")
whole, losses = weights("first"), [line["loss"] for line in metrics("first")]


def checkpoint(name, step):
    return folder(name) / f"step-{step:09}.checkpoint"


def rewind(step):
    """As if the process had been killed after the save of `step`."""
    shutil.rmtree(folder("first") / "model")
    for path in folder("first").glob("*.checkpoint"):
        if path > checkpoint("first", step):
            path.unlink()


# Another `run` block.
text = pathlib.Path("first.recipe").read_text()
for change in ("threads: 2", "micro_batch: 256 tokens"):
    key = change.split(":")[0]
    rewind(10)
    block = ", ".join([part for part in ("dtype: f32", "threads: 1") if not part.startswith(key)]
                      + [change, "save: every(10 steps)"])
    short_run.write("first", recipes, run=block)
    said = done("first")
    say(f"{key}: said", "resumed at step 10 under another `run`: equal to the uninterrupted training to "
                        "rounding, not to the bit" in said, said)
    after = [line["loss"] for line in metrics("first")]
    far = max(abs(a - b) / b for a, b in zip(losses, after))
    say(f"{change}: losses near", len(after) == 30 and far < 1e-4, far)
    if key == "threads":
        say("threads: the same bits", weights("first") == whole)
# Another precision is another training, and both stay.
before = folder("first")
for change, far in (("dtype: f64", 1e-4), ("dtype: bf16", 2e-2)):
    short_run.write("first", recipes, run=f"{change}, threads: 1, save: every(10 steps)")
    said = done("first")
    say(f"{change}: trained anew", f"trained anew, because {change.replace(':', ' is')} and was f32; before: " in said
        and "resumed" not in said, said)
    other = next(path for path in pathlib.Path("runs/first").glob("read-*") if path != before)
    os.rename(before, "aside")
    after = [line["loss"] for line in metrics("first")]
    found = max(abs(a - b) / b for a, b in zip(losses, after))
    say(f"{change}: losses near", len(after) == 30 and found < far, found)
    shutil.rmtree(other)
    os.rename("aside", before)
pathlib.Path("first.recipe").write_text(text)

# Damage: the newest is refused by name and the one before it is used.
for what in ("flipped", "cut"):
    rewind(20)
    bad = checkpoint("first", 20)
    if not bad.exists():
        sys.exit("no checkpoint of step 20")
    content = bytearray(bad.read_bytes())
    content[len(content) // 2] ^= 1
    bad.write_bytes(content if what == "flipped" else content[:len(content) // 2])
    # The bits below are of one run: begin at the checkpoint that the first run made.
    said = done("first")
    say(f"{what}: named", f"{bad}: damaged: its checksum does not agree with its bytes; the one before is used"
        in said, said)
    say(f"{what}: resumed", "resumed at step 10" in said, said)
    say(f"{what}: weights equal", weights("first") == whole)
rewind(20)
for step in (10, 20):
    checkpoint("first", step).write_bytes(b"no checkpoint")
status, said = run("first")
say("all damaged: refused", status == 1 and "none of 2 checkpoints is whole; without that folder it is trained from its start; the newest:" in said, said)
shutil.rmtree("runs/first")
done("first")

# A checkpoint of another recipe, or of a plan of other data.
short_run.write("other", recipes, optimizer="adamw(lr: 4e-3)")
done("other")
rewind(20)
shutil.copy(checkpoint("other", 30), checkpoint("first", 30))
status, said = run("first")
say("another recipe: refused with the difference",
    status == 1 and f"{checkpoint('first', 30)}: made by another recipe: line" in said
    and "was `  optimizer: adamw(lr: 0.004, " in said and "` and is `  optimizer: adamw(lr: 0.003, " in said, said)

shutil.copytree(recipes + "/tiny", "data/tiny")
text = pathlib.Path("first.recipe").read_text().replace(recipes, "data")
pathlib.Path("moved.recipe").write_text(text)
done("moved")
old = folder("moved")
with open("data/tiny/stories.txt", "a") as stories:
    stories.write("One more story.\n")
done("moved")
new = next(path for path in pathlib.Path("runs/moved").glob("read-*") if path != old)
shutil.rmtree(new / "model")
shutil.copy(old / "step-000000030.checkpoint", new)
status, said = run("moved")
say("another plan: refused with both", status == 1 and "made with plan " in said
    and "the data or the tokenizer changed" in said, said)
