"""Every recipe of the cookbook, run from data to its last evaluation, and what is particular to each.

    cookbook.py DOCS
"""
import json
import math
import pathlib
import sys

from toy_cookbook import sizes, toy, write_files

check = toy.check
docs = pathlib.Path(sys.argv[1])
folder = docs / "cookbook"
write_files()
ran = {}
for path in sorted(folder.glob("*.recipe")):
    recipe = ran[path.stem] = toy.Recipe(folder, path.stem, **sizes(path))
    recipe.run()
    check(f"{path.stem} has a line in the cookbook", f"(cookbook/{path.name})" in (docs / "cookbook.md").read_text())
check("there are at least fifteen", len(ran) >= 15)


def rows(name, train):
    """What the plan lays down: all sequences of all steps."""
    steps, _ = ran[name].steps(train)
    return [sequence for step in steps for pack in step for sequence in pack]


def targets(name, train):
    return sum(row["targets"] for row in rows(name, train))


def answers(path):
    return [[m["content"] for m in json.loads(line)["messages"] if m["role"] == "assistant"]
            for line in pathlib.Path(path).read_text().splitlines()]


end = 1  # a token of the toy is a byte, and each answer has its end token
every = answers("chats.jsonl")
check("last-answer: the last answers and their ends, nothing else",
      targets("last-answer", "tuned") == sum(len(each[-1]) + end for each in every))
check("adapter: an adapter comes out beside the model", (ran["adapter"].folder("tuned") / "adapter/adapter_model.safetensors").exists())
code = sum(len(f"x = {i}```") for i in range(60))
check("code-blocks: what stands between the marks, with the mark that ends it", targets("code-blocks", "coder") == code,
      (targets("code-blocks", "coder"), code))
check("completion: the completions and their ends", targets("completion", "tuned") == 40 * (20 + end))
laid = rows("mixture", "mixed")
share = sum(row["tokens"] for row in laid if row["source"] == "all") / sum(row["tokens"] for row in laid)
check("mixture: seven tokens of ten are prose", 0.65 < share < 0.75, share)
check("curriculum: short rows, then long ones", max(row["tokens"] for row in rows("curriculum", "easy")) <= 100 <
      min(row["tokens"] for row in rows("curriculum", "hard")))
check("curriculum: the second train begins where the moments of the first are",
      "carry: optimizer" in (ran["curriculum"].folder("hard") / "made-from.txt").read_text())
lengths = [row["tokens"] for row in rows("longest-last", "rising")]
check("longest-last: rising", lengths == sorted(lengths))
check("whole-documents: none is torn", all(row["whole"] for row in rows("whole-documents", "longer")))
config = json.loads((ran["longer-context"].folder("extended") / "model/config.json").read_text())
check("longer-context: the exported model says so", config["max_position_embeddings"] == 512 and
      2_000_000 in (config.get("rope_theta"), config.get("rope_parameters", {}).get("rope_theta")), config)
check("sorted-batches: sixteen of a step are two runs of neighbours in length", all(
    sorted(step[i:i + 8]) == step[i:i + 8]
    for step in ([row["tokens"] for pack in step for row in pack] for step in ran["sorted-batches"].steps("tuned")[0])
    for i in range(0, len(step), 8)))
check("needle: two lengths by three depths", len(ran["needle"].eval("found")["needle"]["cells"]) == 6)
best = [line["report/unseen"] for line in ran["best"].metrics("tuned") if "report/unseen" in line]
check("best: measured at the end of each epoch, and the least is the model's", 3 <= len(best) <= 4 and
      abs(ran["best"].eval("report")["unseen"]["all"]["mean"] - min(best)) < 1e-6, best)
rates = {name: ran["rates"].metrics(name) for name in ("slow", "medium", "fast")}
check("rates: three trains over the same steps", len({len(each) for each in rates.values()}) == 1 and
      len({each[-1]["loss"] for each in rates.values()}) == 3, rates)
check("by-source: two losses", set(ran["by-source"].eval("report")) == {"ours", "theirs"})
check("hardest: half of the conversations", len(rows("hardest", "tuned")) == 40)
asked, = pathlib.Path("runs/written/asked").glob("chats-summary-*.jsonl")
wrote = [json.loads(line)["fields"].get("summary") for line in asked.read_text().splitlines()[:-1]]
answered = sum(len(text.encode()) + end for text in wrote if text)
check("written: what the model wrote is what is learnt, and nothing else", len(wrote) == 60 and answered > 0 and
      targets("written", "tuned") == 2 * answered, (targets("written", "tuned"), answered))
tuned, plain = ran["steady-logits"].metrics("steady"), ran["whole-documents"].metrics("longer")
check("steady-logits: its loss is more than the nll alone", tuned[0]["loss"] > plain[0]["loss"], (tuned[0], plain[0]))
of = {name: ran["average"].eval(name)["unseen"]["all"]["mean"] for name in ("of_tuned", "of_half")}
check("average: another loss than the tuned model's", of["of_tuned"] != of["of_half"], of)
losses = ran["fine-tune"].metrics("tuned")
check("fine-tune: two epochs of 76 conversations", len(rows("fine-tune", "tuned")) // 2 >= 70 and losses, len(losses))
lines = [json.loads(line) for line in (ran["preferences"].folder("preferred") / "metrics.jsonl").read_text().splitlines()]
check("preferences: the adapter begins as its reference, and ends with the pairs apart", abs(lines[0]["loss"] - math.log(2)) < 1e-5 and
      lines[-1]["pairs.margin"] > lines[0]["pairs.margin"] and "report/unseen.accuracy" in lines[-1], lines)
lines = [json.loads(line) for line in (ran["margins"].folder("preferred") / "metrics.jsonl").read_text().splitlines()]
check("margins: pairs without a reference", all(0 <= line["pairs.accuracy"] <= 1 for line in lines), lines)
