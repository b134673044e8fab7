"""prolong.recipe, from data to its last evaluation.

    prolong.py RECIPES
"""
import sys

import toy
from toy import check

recipes = sys.argv[1]
toy.write_model("model", context=64)
toy.texts("code.jsonl", [40, 50, 30, 45, 60, 70, 150, 160, 20, 300, 90, 80, 9, 9, 9] * 3, repo=lambda i: f"r{i // 3}")
toy.texts("books.jsonl", [64 + 7 * (i % 9) for i in range(130)] + [300, 280, 310, 290])
for source in ("texts", "edu", "web", "stack", "wiki", "tulu", "arxiv", "maths"):
    toy.texts(f"{source}.jsonl", [8 + (7 * i) % 22 for i in range(60)], seed=source)
toy.chats("chats.jsonl", 40, 20)
size = {f"in_{source}": f'"{source}.jsonl"' for source in
        ("code", "books", "texts", "edu", "web", "stack", "wiki", "tulu", "arxiv", "maths", "chats")}
size |= dict(start='"model"', row=64, long_row=256, rows=4, long_rows=2, steps="8 steps", more="6 steps", taught="3 steps",
             rate="1e-3")
recipe = toy.Recipe(recipes, "prolong", **size)

long = {"code", "books", "long_code", "long_books"}
for train, capacity in (("first", 64), ("second", 256)):
    steps, plan = recipe.steps(train)
    packs = [pack for step in steps for pack in step]
    # A piece of one token would have nothing to predict, so a row may lack one.
    check(f"{train}: rows are full", all(sum(s["positions"] for s in pack) in (capacity - 1, capacity) for pack in packs))
    check(f"{train}: a row holds one source", all(len({s["source"] for s in pack}) == 1 for pack in packs))
    rows = [pack for pack in packs if pack[0]["source"] in long]
    check(f"{train}: long documents are never torn", rows and all(s["whole"] for pack in rows for s in pack))
    check(f"{train}: and nothing warns of it", "fill tears" not in plan, plan[:2000])
    if train == "first":
        check("first: each is a row of its own", all(len(pack) == 1 for pack in rows))
        check("first: and they are about 60 % of the rows", 0.4 < len(rows) / len(packs) < 0.8, len(rows) / len(packs))
    else:
        whole = [pack for pack in rows if len(pack) == 1]
        check("second: 512k documents fill a row, 64k ones stand eight to a row (here four)",
              whole and all(len(pack) in (1, 4) for pack in rows), [len(pack) for pack in rows])
        singles = {s["record"] for pack in whole for s in pack if s["source"] == "long_books"}
        others = {s["record"] for pack in rows for s in pack if len(pack) == 4 and s["source"] == "books"}
        check("second: and are other documents", not singles & others, (singles, others))
    short = [s for pack in packs if pack[0]["source"] not in long for s in pack]
    check(f"{train}: of short ones the last is cut", any(not s["whole"] for s in short))

recipe.run()
first, second, third = (recipe.metrics(train) for train in ("first", "second", "prolong"))
check("three stages", [len(first), len(second), len(third)] == [8, 6, 3])
check("the learning rate is restarted", second[0]["rate"] < first[3]["rate"] and second[2]["rate"] > second[0]["rate"])
config = (recipe.folder("prolong") / "model/config.json").read_text()
check("the last stage inherits rope and context", '"rope_theta": 128000000' in config.replace(".0,", ",") and
      '"max_position_embeddings": 256' in config, config)
check("books that were held out are measured", recipe.eval("report")["unseen"]["all"]["targets"] > 0)
alone = toy.Recipe(recipes, "prolong", **size)
text = open("prolong.recipe").read()
open("forgets.recipe", "w").write(text.replace(", carry: optimizer", ""))
alone.name = "forgets"
alone.run("--target", "second")
check("the optimizer is carried into stage 2", [m["loss"] for m in alone.metrics("second")][2:] != [m["loss"] for m in second][2:])
