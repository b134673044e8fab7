"""A llama2.c file turns channels 2i and 2i + 1 together, a Hugging Face folder i and i + n/2: stages pass from one to the other.

    one_file_stages.py   (roux on PATH; works in the current folder)
"""
import json
import pathlib
import struct
import subprocess
import sys

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "systems/inputs"))
import toy  # noqa: E402
from toy import check  # noqa: E402

DIM, FFN, HEADS, ROWS, CONTEXT = 32, 48, 2, 258, 512
tensors = toy.write_model("folder", context=CONTEXT, dim=DIM, heads=HEADS, ffn=FFN)
toy.texts("docs.jsonl", [60 + i for i in range(6)])


def interleaved(weight):
    """The rows of each head, halves side by side, in pairs."""
    head = DIM // HEADS
    return weight.reshape(HEADS, 2, head // 2, DIM).transpose(0, 2, 1, 3).reshape(DIM, DIM)


layer = {name.split(".")[-2]: tensor for name, tensor in tensors.items() if ".layers.0." in name}
parts = [tensors["model.embed_tokens.weight"], layer["input_layernorm"], interleaved(layer["q_proj"]), interleaved(layer["k_proj"]),
         layer["v_proj"], layer["o_proj"], layer["post_attention_layernorm"], layer["gate_proj"], layer["down_proj"],
         layer["up_proj"], tensors["model.norm.weight"], *2 * [numpy.zeros((CONTEXT, DIM // HEADS // 2))],
         tensors["lm_head.weight"]]
pathlib.Path("model.bin").write_bytes(struct.pack("<7i", DIM, FFN, 1, HEADS, HEADS, -ROWS, CONTEXT)
                                      + b"".join(part.astype("<f4").tobytes() for part in parts))
TRAIN = """train {0} {{
  model: {1}, data: docs, target: true, weight: 1 / step.targets
  batch: each(3 sequences, overflow: error, last: keep), optimizer: adamw(lr: 1e-3), length: 2 steps
}}
"""
for name, base in (("file", 'load("model.bin") { tokenizer: load("folder/tokenizer.json") }'), ("folder", 'load("folder")')):
    pathlib.Path(f"{name}.recipe").write_text(
        f'model base = {base}\ndata docs = text("docs.jsonl", ends: both)\n' + TRAIN.format("one", "base") + TRAIN.format("two", "one")
        + "".join(f"eval of_{model} {{ model: {model}, target: true, {model}_loss: loss(docs) }}\n" for model in ("base", "one", "two"))
        + "run { dtype: f32, threads: 1 }\n")
    subprocess.run(["roux", "run", f"{name}.recipe"], check=True, capture_output=True)


def losses(name):
    results = {}
    for file in pathlib.Path(f"runs/{name}/evals").glob("*.json"):
        for task in json.loads(file.read_text())["tasks"]:
            results[task["name"]] = task["all"]["mean"]
    return results


file, folder = losses("file"), losses("folder")
check("all were measured", set(file) == set(folder) == {"base_loss", "one_loss", "two_loss"}, file)
for name in file:
    check(f"{name} of the file is that of the folder", abs(file[name] - folder[name]) < 1e-5, (file[name], folder[name]))
check("training made a difference", file["two_loss"] < file["one_loss"] < file["base_loss"], file)
