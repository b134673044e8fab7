"""Trains by Muon, with groups and with moments in bf16: what is kept, going on after a kill, and what is refused.

    optimizers.py     (roux on PATH; works in the current folder)
"""
import numpy

import tuned
from tuned import check, losses, recipe, roux, tensors, train

base = tuned.begin()
MUON = "muon(lr: 0.01, rest: adamw(lr: 1e-3, betas: [0.9, 0.95], decay: 0.1){})"
GROUPS = ", groups: [group([embeddings, head], lr: 1e-4, decay: 0), group(feed_forward, lr: 0.02)]"
elements = sum(each.size for each in base.values())
matrices = sum(each.size for name, each in base.items() if "layers" in name and each.ndim == 2)


def refused(what, optimizer, says, more=""):
    recipe(train("some", optimizer=optimizer, more=more))
    said = roux("run", "r.recipe", fails=True)
    check(what, says in said, said)


refused("weights that the model does not have are no group", "adamw(lr: 1e-3, groups: group([norms, biases], lr: 1e-4))",
        "the train changes no 'biases' of this model")
refused("nor are those that are frozen", "adamw(lr: 1e-3, groups: group(head, lr: 1e-4))",
        "the train changes no 'head' of this model", more="freeze: head")
refused("adapters are a group of their own trains", "adamw(lr: 1e-3, groups: group(adapter_up, lr: 1e-2))",
        "the train changes no 'adapter_up' of this model")


def moments(said):
    return float(next(line for line in said.splitlines() if line.startswith("optimizer's moments")).split()[2])


for name, optimizer, first, second in (("adamw", "adamw(lr: 1e-2)", 4 * elements, 4 * elements),
                                       ("muon", MUON.format(""), 4 * elements, 4 * (elements - matrices)),
                                       ("half", MUON.format(", moments: bf16"), 2 * elements, 2 * (elements - matrices)),
                                       ("grouped", MUON.format(GROUPS), 4 * elements, 4 * (elements - matrices))):
    recipe(train("some", optimizer=optimizer))
    said = roux("check", "r.recipe")
    check(f"{name}: check shows what moments take", abs(moments(said) - (first + second) / 1e6) <= 0.051, said)
    roux("run", "r.recipe")
    size, expected = tuned.saves("some")[-1].stat().st_size, 4 * elements + first + second
    check(f"{name}: a save holds them", expected < size < expected + 30_000, (size, expected))
    trained, learnt = tensors("some"), losses("some")
    check(f"{name}: it learns", learnt[-1] < learnt[0], learnt)
    tuned.as_if_killed("some")
    said = roux("run", "r.recipe")
    check(f"{name}: it goes on to the same bits", "resumed at step 3" in said and all(
        numpy.array_equal(each, trained[key]) for key, each in tensors("some").items()), said)

recipe(train("first"), train("second", model="first", optimizer=MUON.format(""), more="carry: optimizer"))
said = roux("run", "r.recipe")
check("muon takes over what adamw remembered", "second: 4 steps" in said, said)
recipe(train("first", optimizer=MUON.format("")), train("second", model="first", more="carry: optimizer"))
said = roux("run", "r.recipe", fails=True)
check("adamw finds no second moment of muon's", "has no tensor 'model.layers.0." in said and ".second'" in said, said)

adapted = "base { adapt: lora(rank: 4, on: [query, value]) }"
recipe(train("plain", model=adapted), train("plus", model=adapted, optimizer="adamw(lr: 1e-2, groups: group(adapter_up, lr: 0.16))"))
roux("run", "r.recipe")
a, b = (tensors(name, "adapter/adapter_model.safetensors") for name in ("plain", "plus"))
grown = [numpy.abs(b[name]).max() / numpy.abs(a[name]).max() for name in a if "lora_B" in name]
check("B of an adapter has a rate of its own", min(grown) > 4, grown)
