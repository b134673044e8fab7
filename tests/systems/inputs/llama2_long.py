"""llama2_long.recipe, from data to its last evaluation. The model that is asked answers by rule, and does not confirm an
answer about a piece with a Z in it.

    llama2_long.py RECIPES
"""
import collections
import json
import math
import pathlib
import re
import sys

import toy
from toy import check

recipes = sys.argv[1]
toy.write_model("model", context=128)
question, answer = "Who sang?", "A small bird."
toy.write_answerer("chat", {">": f"<question>{question}</question>\n<answer>{answer}</answer>", "o": "Yes, it does."},
                   veto=("Z", "o", "No."))
books = [toy.prose(300 + i, f"book {i}") for i in range(40)]
books = ["Z" + text[1:150] + "Z" + text[151:] if i % 4 == 0 else text for i, text in enumerate(books)]
toy.lines("books.jsonl", *({"text": text} for text in books))
toy.texts("usual.jsonl", [40 + i for i in range(60)])
toy.chats("chats.jsonl", 20, 60)
recipe = toy.Recipe(recipes, "llama2_long", start='"model"', asked='"chat"', usual_in='"usual.jsonl"', books_in='"books.jsonl"',
                    chats_in='"chats.jsonl"', row=128, rows=4, steps="6 steps", warm="2 steps", piece=100, document=180,
                    taught=256, packs=4, rate="1e-3")
said = recipe.run()


def asked(field):
    file, = pathlib.Path("runs/llama2_long/asked").glob(f"long_qa-{field}-*.jsonl")
    return [json.loads(line) for line in file.read_text().splitlines()[:-1]]


first, second = asked("qa"), asked("verdict")
held = 40 - len(first)
check("the books held out are not asked about", held > 0, len(first))
pieces = {}
for line in first:
    book = int(line["record"].split(":")[1]) - 1
    begin, end = line["chunk"]
    pieces[book] = books[book][begin:end]
    check(f"book {book}: question, answer and piece are fields", line["fields"]["qa.question"] == question and
          line["fields"]["qa.answer"] == answer and line["fields"]["qa.chunk"] == pieces[book] and end - begin == 100, line)
ways = collections.Counter(line["fields"]["qa.choice"] for line in first)
check("both ways of asking are drawn", set(ways) == {"normal", "brief"} and min(ways.values()) >= 8, ways)
check("pieces stand anywhere", len({tuple(line["chunk"]) for line in first}) > 25)
verdicts = {int(line["record"].split(":")[1]) - 1: line["fields"]["verdict"] for line in second}
check("the critique sees the same piece", verdicts == {book: "No." if "Z" in text else "Yes, it does."
                                                       for book, text in pieces.items()}, verdicts)
kept = {book for book, verdict in verdicts.items() if verdict.startswith("Yes")}
check("some are not confirmed", 0 < len(kept) < len(first), kept)

steps, plan = recipe.steps("sft")
placed = [sequence for step in steps for pack in step for sequence in pack]
long = [sequence for sequence in placed if sequence["source"] == "all"]
check("what is not confirmed is left out", {sequence["record"] for sequence in long} == kept, (kept, long))
extra = long[0]["tokens"] - 180 - len(f"\n\n{question}{answer}")
check("the document is cut, and never its question or answer", all(
    s["whole"] and s["tokens"] == 180 + extra + len(f"\n\n{question}{answer}") for s in long), long)
check("the loss of the long input counts too", all(s["targets"] == s["tokens"] - 1 for s in long), long)
check("of a short conversation only the answer counts", all(
    0 < s["targets"] < s["tokens"] / 1.2 for s in placed if s["source"] == "rlhf"), placed[:3])
check("rows are as long as the pack holds", max(sum(s["positions"] for s in pack) for step in steps for pack in step) <= 256)

mixed, plan = recipe.steps("long")
tokens = collections.Counter()
for step in mixed:
    for pack in step:
        for sequence in pack:
            tokens[sequence["source"]] += sequence["positions"]
share = tokens["all"] / sum(tokens.values())
check("long texts are 30% of the tokens", abs(share - 0.3) < 0.1, tokens)
check("as many steps as asked for", len(recipe.metrics("long")) == 6 and len(recipe.metrics("sft")) == len(steps))
config = json.loads((recipe.folder("long") / "model/config.json").read_text())
check("the base is 500,000", 500000 in (config.get("rope_theta"), config.get("rope_parameters", {}).get("rope_theta")), config)
for name in ("of_long", "of_sft"):
    unseen = recipe.eval(name)["unseen"]
    check(f"{name}: the loss is by position", unseen["positions"] and math.isfinite(unseen["all"]["mean"]), unseen)
again = recipe.run()
check("a second run asks nothing", again.count("nothing changed") >= 6 and "without a usable answer" not in again, again)
