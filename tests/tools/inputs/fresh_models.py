"""Fresh models of every architecture that `new` names: their folders, and weights that are drawn again.

    fresh_models.py     (roux on PATH; works in the current folder)
"""
import json
import pathlib

import numpy

import tuned
from tuned import check, folder, losses, roux, tensors, train

tuned.begin()  # its tokenizer
OWN = {"llama": set(), "qwen2": {"self_attn.q_proj.bias", "self_attn.k_proj.bias", "self_attn.v_proj.bias"},
       "qwen3": {"self_attn.q_norm.weight", "self_attn.k_norm.weight"},
       "olmo2": {"self_attn.q_norm.weight", "self_attn.k_norm.weight", "post_feedforward_layernorm.weight"}}


def run(architecture, more=""):
    pathlib.Path("r.recipe").write_text(
        'tokenizer ids = load("base")\ndata docs = text("docs.jsonl", ends: both)\n'
        f"model fresh = new({architecture}, tokenizer: ids, layers: 2, dim: 32, heads: 4, kv_heads: 2, ffn: 48, context: 512{more})\n"
        + train("some", model="fresh") + "run { dtype: f32, threads: 1, memory: 4GB }\n")
    roux("run", "r.recipe", "--target", "fresh")
    roux("run", "r.recipe")
    return json.loads((folder("some") / "model/config.json").read_text()), tensors("fresh"), tensors("some")


for architecture, own in OWN.items():
    config, fresh, trained = run(architecture)
    check(f"{architecture}: its config says so", config["model_type"] == architecture, config)
    names = {name.removeprefix("model.layers.1.") for name in trained}
    check(f"{architecture}: it has the weights of its own", own <= names and set(fresh) == set(trained), sorted(names))
    gains = [each for name, each in fresh.items() if "norm" in name]
    check(f"{architecture}: gains begin at 1 and are trained", all((each == 1).all() for each in gains) and
          all((each != 1).any() for name, each in trained.items() if "norm" in name))
    check(f"{architecture}: it learns", losses("some")[-1] < losses("some")[0], losses("some"))

_, fresh, _ = run("qwen3", ", deviation: 0.1, truncate: 2")
drawn = numpy.concatenate([each.ravel() for name, each in fresh.items() if "embed" in name or "q_proj" in name])
check("what is drawn again stays within", numpy.abs(drawn).max() <= 0.2 and 0.07 < drawn.std() < 0.1, (drawn.max(), drawn.std()))
