"""Trains that leave parts of a model as they are: bits that stay, memory, saves, and going on after a kill.

    frozen_parts.py     (roux on PATH; works in the current folder)
"""
import numpy

import tuned
from tuned import check, folder, recipe, roux, tensors, train

base = tuned.begin()


def refused(what, freeze, says):
    recipe(train("some", more=f"freeze: {freeze}"))
    said = roux("run", "r.recipe", fails=True)
    check(what, says in said and not list(tuned.pathlib.Path(".").glob("runs/r/some-*/step*")), said)


refused("layers that are not there are refused", "[head, layers(2..4)]", "r.recipe:11:25: error: the model has layers 0..3; found 2..4")
base_config = tuned.pathlib.Path("base/config.json")
config = tuned.json.loads(base_config.read_text())
base_config.write_text(tuned.json.dumps({**config, "tie_word_embeddings": True}))
tuned.toy.write_tensors(tuned.pathlib.Path("base/model.safetensors"), {k: v for k, v in base.items() if k != "lm_head.weight"})
refused("half of a tied table is refused", "head",
        "r.recipe:11:11: error: embeddings and head of this model are one table; expected both or none")
base = tuned.begin()


def isFrozen(name, layers, words):
    for layer in layers:
        if f"layers.{layer}." in name:
            return True
    return ("embed_tokens" in name and "embeddings" in words) or ("lm_head" in name and "head" in words)


for dtype in ("bf16", "f32"):
    for name, freeze, layers in [("lower", "[embeddings, layers(0..1)]", [0, 1]), ("upper", "[head, layers(2..3)]", [2, 3]),
                                 ("inner", "[layers(1..1), layers(2..2)]", [1, 2]), ("table", "embeddings", [])]:
        recipe(train(name, more=f"freeze: {freeze}"), dtype=dtype)
        roux("run", "r.recipe")
        after = tensors(name)
        check(f"{dtype} {name}: what is frozen has the bits it had, and all else has others",
              set(after) == set(base) and all(numpy.array_equal(after[each], base[each]) == isFrozen(each, layers, freeze)
                                              for each in base),
              [each for each in base if numpy.array_equal(after[each], base[each]) != isFrozen(each, layers, freeze)])

recipe(train("all"), train("lower", more="freeze: [embeddings, layers(0..1)]"))
roux("run", "r.recipe")
sizes = {name: tuned.saves(name)[-1].stat().st_size for name in ("all", "lower")}
trained = sum(each.nbytes for name, each in base.items() if not isFrozen(name, [0, 1], "embeddings"))
check("a save holds what is trained and its moments, no more", trained * 3 < sizes["lower"] < trained * 3 + 20_000 < sizes["all"],
      (sizes, trained))
first = tuned.losses("all")[0]
check("the first loss is that of a train of all weights", tuned.losses("lower")[0] == first, first)
check("the second is not", tuned.losses("lower")[1] != tuned.losses("all")[1])

whole = tensors("lower")
tuned.as_if_killed("lower")
said = roux("run", "r.recipe")
check("it goes on from a save", "resumed at step 3" in said, said)
check("and ends with the same bits", all(numpy.array_equal(whole[name], each) for name, each in tensors("lower").items()))

recipe(train("all", more="freeze: none"))
said = roux("run", "r.recipe")
check("nothing frozen is the train without the key", len(list(tuned.pathlib.Path("runs/r").glob("all-*"))) == 1, said)

recipe(train("all"), train("lower", more="freeze: [embeddings, layers(0..1)]"))
said = roux("check", "r.recipe")
memory = [line.split(maxsplit=1)[1] for line in said.splitlines() if line.startswith(("parameters ", "gradients ", "optimizer's "))]
MB = 1e6
everything = sum(each.nbytes for each in base.values())
expected = [f"{everything / MB:.1f} MB", f"{everything / MB:.1f} MB", f"moments {2 * everything / MB:.1f} MB".replace("moments ", ""),
            f"{everything / MB:.1f} MB, {(everything - trained) / MB:.1f} MB of them frozen", f"{trained / MB:.1f} MB",
            f"{2 * trained / MB:.1f} MB"]
found = [text.removeprefix("moments").strip() for text in memory]
check("check shows what it saves", found == expected, (found, expected))

recipe(train("lower", more="freeze: [embeddings, layers(0..1)]"), "model mean = average(lower, saves: 2)\n")
roux("run", "r.recipe", "--target", "mean")
mean = tensors("mean")
check("an average has what is frozen from the model", numpy.array_equal(mean["model.embed_tokens.weight"], base["model.embed_tokens.weight"])
      and not numpy.array_equal(mean["lm_head.weight"], base["lm_head.weight"]))
