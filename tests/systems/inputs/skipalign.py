"""skipalign.recipe, from data to its last evaluation.

    skipalign.py RECIPES
"""
import html
import re
import sys

import toy
from toy import check

recipes = sys.argv[1]
toy.write_model("model", context=128)
toy.chats("chats.jsonl", 300, 40)
toy.lines("essays.jsonl", *({"text": toy.prose(600, i)} for i in range(4)))
size = dict(start='"model"', chats='"chats.jsonl"', essays='"essays.jsonl"', window=512, natural=128, packs=2, rate="1e-3",
            lengths="[260, 500]")
recipe = toy.Recipe(recipes, "skipalign", **size)

bent = plain = beyond = 0
for step in range(4):
    recipe.roux("preview", "--step", str(step), "--tokens", "0", "--html", "page.html")
    for section in re.findall(r"<section.*?</section>", open("page.html").read(), re.S):
        rows = [html.unescape(value).split("|") for value in re.findall(r'<i class=[^>]*? data-v="([^"]*)">', section)]
        positions = [int(row[1]) for row in rows if row[1]]
        jumps = [at for at in range(1, len(positions)) if positions[at] != positions[at - 1] + 1]
        roles = [row[4] for row in rows]
        check("positions begin at 0 and rise", positions[0] == 0 and positions == sorted(set(positions)), positions)
        check("they jump where a turn begins, and only there",
              all(roles[at] and roles[at] != roles[at - 1] for at in jumps), (jumps, roles))
        bent, plain = bent + bool(jumps), plain + (not jumps)
        beyond += positions[-1] >= 128
        check("and stay in the window", positions[-1] < 512)
check("about half of the conversations are bent", bent > 0 and plain > 0, (bent, plain))
check("beyond the model's own context", beyond > 0)
said = recipe.run()
check("it trains", len(recipe.metrics("skipped")) > 4)
report = recipe.eval("report")
check("needles are looked for beyond it too", {cell["length"] for cell in report["needle"]["cells"]} == {260, 500})
