"""The type of exported weights: that of the base, or what export_dtype: says; nothing that is trained on is rounded.

    exported_types.py   (roux on PATH; works in the current folder)
"""
import json
import pathlib
import shutil
import subprocess
import sys

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "systems/inputs"))
import toy  # noqa: E402
from toy import check  # noqa: E402

NAMES = {"BF16": "bfloat16", "F16": "float16", "F32": "float32"}
toy.texts("docs.jsonl", [60 + i for i in range(6)])


def halves(values, kind):
    """f32 as two bytes, to the nearest and of two the even one."""
    if kind == "F16":
        return values.astype("<f2")
    bits = values.astype("<f4").view("<u4").astype("<u8")
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2")


def write_base(folder, kind, change=lambda tensors: None):
    tensors = toy.write_model(folder)
    change(tensors)
    table, at, parts = {}, 0, []
    for name, tensor in tensors.items():
        parts.append((tensor if kind == "F32" else halves(tensor, kind)).tobytes())
        table[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [at, at + len(parts[-1])]}
        at += len(parts[-1])
    head = json.dumps(table).encode()
    pathlib.Path(folder, "model.safetensors").write_bytes(len(head).to_bytes(8, "little") + head + b"".join(parts))
    config = json.loads(pathlib.Path(folder, "config.json").read_text()) | {"torch_dtype": NAMES[kind]}
    pathlib.Path(folder, "config.json").write_text(json.dumps(config))


def read(folder):
    """Name -> type and the numbers as they are stored."""
    data = (folder / "model.safetensors").read_bytes()
    size = int.from_bytes(data[:8], "little")
    head = json.loads(data[8:8 + size])
    kinds = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}
    return {name: (each["dtype"], numpy.frombuffer(data[8 + size:][slice(*each["data_offsets"])], kinds[each["dtype"]]))
            for name, each in head.items() if name != "__metadata__"}


TRAIN = """train {name} {{
  model: {model}, data: docs, target: true, weight: 1 / step.targets{keys}
  batch: each(3 sequences, overflow: error, last: keep), optimizer: adamw(lr: {rate}), length: {length}
}}
"""


def train(name, model, keys="", rate=1e-3, length="4 steps"):
    return TRAIN.format(name=name, model=model, keys=keys, rate=rate, length=length)


def recipe(base, body, run=""):
    pathlib.Path("r.recipe").write_text(f'model base = load("{base}")\ndata docs = text("docs.jsonl", ends: both)\n'
                                        f"{body}run {{ dtype: f32, threads: 1, memory: 4GB{run} }}\n")


def roux(*words, fails=False):
    said = subprocess.run(["roux", *words], capture_output=True, text=True)
    text = said.stdout + said.stderr
    assert (said.returncode != 0) == fails, text
    return text


def only(name):
    folder, = pathlib.Path("runs/r").glob(f"{name}-*")
    return folder


def kinds(folder):
    return {kind for kind, _ in read(folder / "model").values()}


def same(a, b):
    return set(a) == set(b) and all(a[name][0] == b[name][0] and numpy.array_equal(a[name][1], b[name][1]) for name in a)


def rounded(whole, exported):
    return all(numpy.array_equal(halves(whole[name][1], kind).view("<u2"), values.view("<u2"))
               for name, (kind, values) in exported.items())


stages = (train("one", "base", ", freeze: layers(0..0)") + train("two", "one") + train("three", "base { adapt: lora(rank: 4) }")
          + train("four", "three") + "model sum = 0.5 * one + 0.5 * two\nmodel early = saved(one, step: 2 steps)\n"
          + "eval of_sum { model: sum, target: true, loss_of_sum: loss(docs) }\n")
for kind in ("F32", "BF16", "F16"):
    write_base("model", kind)
    shutil.rmtree("runs", ignore_errors=True)
    recipe("model", stages, ", save: every(2 steps), export_dtype: f32")
    roux("run", "r.recipe")
    whole = {name: read(only(name) / "model") for name in ("one", "two", "three", "four")}
    check(f"{kind}: export_dtype: f32 gives f32", all(kinds(only(name)) == {"F32"} for name in whole))
    shutil.rmtree("runs")

    # Unasked, the type of the base, in every file that others read; stages do not see it.
    recipe("model", stages, ", save: every(2 steps)")
    word = kind.lower()
    check(f"{kind}: check says it", f"model: written in {word}, as the model it starts from" in roux("check", "r.recipe")
          and f'"export": "{word}"' in roux("check", "r.recipe", "--json"))
    roux("run", "r.recipe")
    for name in whole:
        config = json.loads((only(name) / "model/config.json").read_text())
        check(f"{kind}: {name} has the type of the base", kinds(only(name)) == {kind} and config["torch_dtype"] == NAMES[kind])
        if kind != "F32":
            check(f"{kind}: {name} is rounded once, at its end", rounded(whole[name], read(only(name) / "model")))
    for name in ("sum", "early"):
        roux("run", "r.recipe", "--target", name)
        check(f"{kind}: {name} too", kinds(only(name)) == {kind})
    check(f"{kind}: nothing is written twice", "again" not in roux("run", "r.recipe"))

    # Another type is another file of the same training.
    said = roux("run", "r.recipe", "--export-dtype", "f32")
    if kind != "F32":
        check(f"{kind}: it is written again and not trained again", "train two: its model is written again as f32, as export_dtype: says"
              in said and "step 1/" not in said, said)
    check(f"{kind}: with no bit lost", all(same(read(only(name) / "model"), whole[name]) for name in whole))
    roux("run", "r.recipe")
    check(f"{kind}: and back", all(kinds(only(name)) == {kind} for name in whole))

# What was rounded and is nowhere else is not made up.
for save in only("one").glob("*.checkpoint"):
    save.unlink()
recipe("model", stages.replace("length: 4 steps\n}\ntrain three", "length: 5 steps\n}\ntrain three"))
said = roux("run", "r.recipe", "--target", "two", fails=True)
check("a stage asks for the save", f"{only('one')}: has no save of its end, which holds its weights as they were before they were "
      "rounded to f16; without that folder it is trained again" in said, said)
said = roux("run", "r.recipe", "--target", "one", "--export-dtype", "f32", fails=True)
check("so does another type", "has no save of its end" in said, said)
check("what is there is enough for who asks for nothing", "train one: nothing changed" in roux("run", "r.recipe", "--target", "one"))

# A folder of before, in f32 and without saves, stays as it is.
shutil.rmtree("runs")
recipe("model", train("one", "base"), ", export_dtype: f32")
roux("run", "r.recipe")
before = read(only("one") / "model")
for save in only("one").glob("*.checkpoint"):
    save.unlink()
recipe("model", train("one", "base"))
said = roux("run", "r.recipe")
check("that is said", "train one: its model stays as it was written, not f16, as the model it starts from: " in said, said)
check("and true", same(read(only("one") / "model"), before))

# A number that a half has no room for ends no model in infinities.
shutil.rmtree("runs")
recipe("model", train("one", "base", rate=1e5, length="1 steps"))
said = roux("run", "r.recipe", fails=True)
check("it is refused with the way out", ", and f16 has no room for it; export_dtype: f32 in the run block has" in said, said)
said = roux("run", "r.recipe", "--export_dtype", "bf16")
check("another type has room, and no step is made again", "step 1/1" not in said and kinds(only("one")) == {"BF16"}, said)
