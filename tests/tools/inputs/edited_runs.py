"""Trains tiny.recipe's last train from edited texts of each stage, in the current folder.

The loss is doubled by hand in the text: in the train's own, in the loss kernel, or in the region of
the step's cross-entropy. The first step's loss must be exactly twice the unedited one; text that was only
printed and read back must train the same to the last bit. Each is a train of its own.
"""
import json
import pathlib
import re
import subprocess


def roux(*arguments):
    done = subprocess.run(["roux", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def train(*arguments):
    """The folder that was made, and the losses of its steps."""
    said = roux("run", "tiny.recipe", "--target", "talk", *arguments)
    last = re.findall(r"runs/tiny/talk-\w+", said)[-1]
    lines = pathlib.Path(last, "metrics.jsonl").read_text().splitlines()
    return last, [json.loads(line)["loss"] for line in lines]


def cut(text, first, end):
    """Before `first`, from there to the next `end`, and the rest."""
    begin = text.index(first)
    stop = text.index(end, begin)
    return text[:begin], text[begin:stop], text[stop:]


def doubled(stage, text):
    """`text` with twice the loss: of each token in the kernel, in the region of the others."""
    if stage == "kernel":
        head, kernel, tail = cut(text, "kernel.func @loss.loss_gradient_512_f32(", "kernel.return")
        edited, count = re.subn(r"( *)(%\w+ = arith\.mulf %\w+, )(%\w+)( : f32\n)",
                                r"\1%twice = arith.addf \3, \3\4\1\2%twice\4", kernel, count=1)
        assert count == 1, "no loss times its weight"
        return head + edited + tail
    if stage == "recipe":
        head, talk, tail = cut(text, "recipe.train @talk", "recipe.eval")
        edited, count = re.subn(r"( loss \{.*?)recipe\.result (%\w+) : f64", r"\1%twice = arith.addf \2, \2 : f64\n"
                                r"recipe.result %twice : f64", talk, count=1, flags=re.S)
        assert count == 1, "no loss"
        return head + edited + tail
    edited, count = re.subn(r"(step\.cross_entropy %[^{]*\{\n[^\n]*\n)\s*step\.yield (%\w+) : f32\n",
                            r"\1 %twice = arith.addf \2, \2 : f32\n step.yield %twice : f32\n", text)
    assert count, "no cross-entropy"
    return edited


folder, losses = train()
folders = {folder}
for stage in ("recipe", "step", "grad", "kernel"):
    printed = roux("inspect", "tiny.recipe", f"--emit={stage}")
    for name, text in ("printed", printed), ("doubled", doubled(stage, printed)):
        path = pathlib.Path(f"{name}.{stage}.mlir")
        path.write_text(text)
        folder, edited = train("--from", f"{stage}={path}")
        assert folder not in folders, f"{folder} belongs to another train"
        folders.add(folder)
        if name == "printed":
            assert edited == losses, (stage, edited, losses)
        else:
            assert edited[0] == 2 * losses[0], (stage, edited[0], losses[0])
print(f"{len(folders)} trains")
