"""Trains of adapters: the PEFT folder, the merged model, going on, and what is refused.

    adapters.py     (roux on PATH; works in the current folder)
"""
import json
import pathlib
import shutil

import numpy

import tuned
from tuned import check, folder, losses, recipe, roux, tensors, train

base = tuned.begin()
PEFT = "adapter/adapter_model.safetensors"


def adapt(name, keys, **more):
    return train(name, model=f"base {{ adapt: lora({keys}) }}", **more)


def refused(what, keys, says, more=""):
    recipe(adapt("some", keys, more=more))
    said = roux("run", "r.recipe", fails=True)
    check(what, says in said and not list(pathlib.Path(".").glob("runs/r/some-*/step*")), said)


refused("matrices that the model does not have are refused", "rank: 4, on: [query, gate_up]",
        "layers of this model have no 'gate_up'; expected some of query, key, value, output, gate, up, down")
refused("a rank beyond the model's channels is refused", "rank: 49", "found rank 49, expected at most 48")
refused("freezing beside an adapter is refused", "rank: 4", "'freeze' is of a train of the model's own weights, and 'adapt' leaves",
        more="freeze: head")
recipe("model one = base { adapt: lora(rank: 2) }\n", train("some", model="one { adapt: lora(rank: 4) }"))
said = roux("run", "r.recipe", fails=True)
check("two adapters are refused", "a train has one adapter; expected one 'adapt:'" in said and "another is here" in said, said)


def modules(words):
    known = {"query": "self_attn.q_proj", "value": "self_attn.v_proj", "down": "mlp.down_proj"}
    return [f"model.layers.{layer}.{known[word]}" for layer in range(tuned.LAYERS) for word in words]


def merged(adapter, scale):
    """The base with the product added, by numpy in double precision."""
    result = {name: each.astype("f8") for name, each in base.items()}
    for name, a in adapter.items():
        if name.endswith(".lora_A.weight"):
            module = name.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
            result[module + ".weight"] += scale * adapter[name.replace("lora_A", "lora_B")].astype("f8") @ a.astype("f8")
    return result


for dtype in ("bf16", "f32"):
    recipe(adapt("some", "rank: 4, alpha: 6, on: [value, query, down]"), dtype=dtype)
    roux("run", "r.recipe")
    adapter = tensors("some", PEFT)
    check(f"{dtype}: the adapter has PEFT's names and shapes", {name: each.shape for name, each in adapter.items()} == {
        f"base_model.model.{module}.lora_{part}.weight":
            (4, base[module + ".weight"].shape[1]) if part == "A" else (base[module + ".weight"].shape[0], 4)
        for module in modules(["query", "value", "down"]) for part in "AB"}, sorted(adapter))
    check(f"{dtype}: both parts were trained", all(numpy.abs(each).max() > 0 for each in adapter.values()))
    expected, found = merged(adapter, 6 / 4), tensors("some")
    check(f"{dtype}: the model is the base with the product added", set(found) == set(base) and all(
        numpy.allclose(found[name], expected[name], rtol=1e-6, atol=1e-8) for name in base))

config = json.loads((folder("some") / "adapter/adapter_config.json").read_text())
check("its config is PEFT's", config["peft_type"] == "LORA" and config["r"] == 4 and config["lora_alpha"] == 6 and
      config["target_modules"] == ["down_proj", "q_proj", "v_proj"] and config["task_type"] == "CAUSAL_LM" and
      config["base_model_name_or_path"] == str(pathlib.Path("base").resolve()), config)
check("the tokenizer goes along", (folder("some") / "adapter/tokenizer.json").exists())

recipe(train("all"), adapt("some", "rank: 4, alpha: 6, on: [value, query, down]"))
roux("run", "r.recipe")
check("a fresh adapter begins as the base", losses("some")[0] == losses("all")[0], losses("some"))
adapter = tensors("some", PEFT)
trained = sum(each.nbytes for each in adapter.values())
size = tuned.saves("some")[-1].stat().st_size
check("a save holds the adapter and its moments, no more", 3 * trained < size < 3 * trained + 20_000, (size, trained))

tuned.as_if_killed("some")
said = roux("run", "r.recipe")
check("it goes on from a save", "resumed at step 3" in said, said)
check("and ends with the same bits", all(numpy.array_equal(each, adapter[name]) for name, each in tensors("some", PEFT).items()))

said = roux("check", "r.recipe")
lines = [line for line in said.splitlines() if line.startswith(("gradients ", "optimizer's moments"))]
check("check shows what it saves", lines[2].split()[1] == f"{trained / 1e6:.1f}" and lines[3].split()[2] == f"{2 * trained / 1e6:.1f}",
      said)

# What dropout leaves out is of each token, whatever is cut from a step.
recipe(adapt("some", "rank: 4, alpha: 6, dropout: 30%"), adapt("plain", "rank: 4, alpha: 6"))
roux("run", "r.recipe")
whole, plain = losses("some"), losses("plain")
dropped = tensors("some", PEFT)
check("dropout changes what is learnt", whole[0] == plain[0] and abs(whole[-1] / plain[-1] - 1) > 1e-4, (whole, plain))
check("PEFT is told", json.loads((folder("some") / "adapter/adapter_config.json").read_text())["lora_dropout"] == 0.3)
tuned.as_if_killed("some")
roux("run", "r.recipe")
check("it resumes to the same bits", all(numpy.array_equal(each, dropped[name]) for name, each in tensors("some", PEFT).items()))
for old in pathlib.Path(".").glob("runs/r/some-*"):
    shutil.rmtree(old)
recipe(adapt("some", "rank: 4, alpha: 6, dropout: 30%"), run=", micro_batch: 70")
roux("run", "r.recipe")
check("in portions it is the same training", numpy.allclose(losses("some"), whole, rtol=1e-5), (losses("some"), whole))

recipe(train("all"), adapt("some", "rank: 4, alpha: 6, on: [value, query, down]"))
roux("run", "r.recipe")

# What came out goes in again: as a model, merged, and as an adapter that is trained on.
pathlib.Path("peft").mkdir()
for file in ("adapter_config.json", "adapter_model.safetensors"):
    (pathlib.Path("peft") / file).write_bytes((folder("some") / "adapter" / file).read_bytes())
keys = 'rank: 4, alpha: 6, on: [query, value, down], from: "peft"'
pathlib.Path("r.recipe").write_text(pathlib.Path("r.recipe").read_text() + 'model again = load("peft")\n' +
                                    f"model merged = base {{ adapt: lora({keys}) }}\n" + adapt("more", keys) +
                                    train("whole", model="some") + train("other", model="again"))
for name in ("again", "merged"):
    roux("run", "r.recipe", "--target", name)
    check(f"'{name}' is the merged model", all(numpy.array_equal(each, tensors("some")[key]) for key, each in tensors(name).items()))
roux("run", "r.recipe", "--target", "more")
roux("run", "r.recipe", "--target", "whole")
roux("run", "r.recipe", "--target", "other")
check("a train that goes on begins where the adapter ended", abs(losses("more")[0] / losses("whole")[0] - 1) < 1e-5,
      (losses("more"), losses("whole")))
check("a folder of an adapter is the model it makes", losses("other") == losses("whole"))
recipe(adapt("more", keys.replace("rank: 4", "rank: 8")))
said = roux("run", "r.recipe", fails=True)
check("another rank than the folder's is refused", "peft: has rank 4, expected 8" in said, said)
recipe(adapt("more", keys.replace(", down", "")))
said = roux("run", "r.recipe", fails=True)
check("other matrices than the folder's are refused", "peft: is on [query, value, down], and the recipe's on others" in said, said)

recipe(adapt("some", "rank: 2"), "model mean = average(some, saves: 2)\n")
said = roux("run", "r.recipe", "--target", "mean", fails=True)
check("the mean of adapters is refused", "the saves of a train with an adapter are adapters" in said, said)

# A base that is nowhere on disk as it is, is written beside its adapter.
recipe("model long = base { context: 256 }\n", train("some", model="long { adapt: lora(rank: 2) }"))
roux("run", "r.recipe")
beside = json.loads((folder("some") / "adapter/adapter_config.json").read_text())["base_model_name_or_path"]
check("a base of another shape is written beside its adapter", pathlib.Path(beside) == (folder("some") / "base").resolve() and
      json.loads((pathlib.Path(beside) / "config.json").read_text())["max_position_embeddings"] == 256, beside)
