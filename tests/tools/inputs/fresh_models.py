"""Fresh models of every architecture that `new` names: their folders, and weights that are drawn again.

    fresh_models.py     (roux on PATH; works in the current folder)
"""
import json
import pathlib
import subprocess

import numpy

import tuned
from llama import Llama
from tuned import check, folder, losses, roux, tensors, train

tuned.begin()  # its tokenizer
OWN = {"llama": set(), "qwen2": {"self_attn.q_proj.bias", "self_attn.k_proj.bias", "self_attn.v_proj.bias"},
       "qwen3": {"self_attn.q_norm.weight", "self_attn.k_norm.weight"},
       "olmo2": {"self_attn.q_norm.weight", "self_attn.k_norm.weight", "post_feedforward_layernorm.weight"},
       "openlm": {"attention.q_norm.weight", "attention.k_norm.weight", "feed_forward.w12.weight"}}


class OpenLM(Llama):
    """Norms of centred rows, of queries and keys too, and fused matrices."""
    def norm(self, x, name):
        x = x - x.mean(-1, keepdims=True)
        return x / numpy.sqrt((x * x).mean(-1, keepdims=True) + self.config["norm_eps"]) * self.tensors[name]

    def logits(self, ids):
        x = self.tensors["model.tok_embeddings.weight"][list(ids)]
        heads, tokens, width = self.config["n_heads"], len(ids), self.config["dim"]
        for layer in range(self.config["n_layers"]):
            prefix = f"model.layers.{layer}."
            q, k, v = numpy.split(self.linear(self.norm(x, prefix + "attention_norm.weight"), prefix + "attention.in_proj"), 3, -1)
            q, k = self.norm(q, prefix + "attention.q_norm.weight"), self.norm(k, prefix + "attention.k_norm.weight")
            q, k, v = (each.reshape(tokens, heads, -1) for each in (q, k, v))
            scores = numpy.einsum("thc,uhc->htu", self.turn(q), self.turn(k)) / numpy.sqrt(width // heads)
            scores = numpy.exp(numpy.where(numpy.tril(numpy.ones((tokens, tokens), bool)), scores, -numpy.inf))
            mixed = numpy.einsum("htu,uhc->thc", scores / scores.sum(-1, keepdims=True), v)
            x = x + self.linear(mixed.reshape(tokens, width), prefix + "attention.out_proj")
            gate, up = numpy.split(self.linear(self.norm(x, prefix + "ffn_norm.weight"), prefix + "feed_forward.w12"), 2, -1)
            x = x + self.linear(gate / (1 + numpy.exp(-gate)) * up, prefix + "feed_forward.w3")
        return self.norm(x, "model.norm.weight") @ self.tensors["model.output.weight"].T


def run(architecture, more=""):
    groups = 4 if architecture == "openlm" else 2
    pathlib.Path("r.recipe").write_text(
        'tokenizer ids = load("base")\ndata docs = text("docs.jsonl", ends: both)\n'
        f"model fresh = new({architecture}, tokenizer: ids, layers: 2, dim: 32, heads: 4, kv_heads: {groups}, ffn: 48, context: 512{more})\n"
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

config, _, trained = run("openlm", ", deviation: 0.2")
ids = list(range(5, 45))
said = subprocess.run(["roux", "score", str(folder("some") / "model")], input=json.dumps({"tokens": ids}), text=True, capture_output=True)
found = json.loads(said.stdout)["nll"]
expected = OpenLM(config, trained).nll(ids)
check("openlm scores as a model in NumPy", numpy.abs(numpy.array(found) - expected).max() < 1e-4, (found[:3], expected[:3]))
