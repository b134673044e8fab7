"""longbench.recipe, from its folders to the averages. The models answer by rule: one says something else to a prompt in its
template than to a bare one, the other gives marks, and none where it reads a Z.

    longbench.py RECIPES
"""
import json
import pathlib
import re
import sys

import toy
from toy import check

CATEGORIES = {
    "single-doc": "narrativeqa qasper multifieldqa_en multifieldqa_zh", "multi-doc": "hotpotqa 2wikimqa musique dureader",
    "summaries": "gov_report qmsum multi_news vcsum", "few-shot": "trec triviaqa samsum lsht",
    "synthetic": "passage_count passage_retrieval_en passage_retrieval_zh", "code": "lcc repobench-p"}
CHINESE = {"multifieldqa_zh", "dureader", "vcsum", "lsht", "passage_retrieval_zh"}
BARE = {"trec", "triviaqa", "samsum", "lsht", "lcc", "repobench-p"}
NAMES = " ".join(CATEGORIES.values()).split()
IN_TEMPLATE, ALONE = "Paragraph 3 \u6bb5\u843d3", "River\nmore"
ANSWERS = {"passage_count": "3", "passage_retrieval_en": "Paragraph 3", "passage_retrieval_zh": "\u6bb5\u843d3", "trec": "River",
           "lsht": "River", "lcc": "River", "repobench-p": "River"}

recipes = sys.argv[1]
toy.write_answerer("tuned", {"]": IN_TEMPLATE, "?": ALONE, "s": "Paragraph 3\nof more"}, context=512)
toy.write_answerer("judge", {":": "[[2]] is too few: [[7]]", ".": "I say [[4]]."}, context=1024, veto=("Z", ":", "No idea."))
bench = pathlib.Path("bench")
(bench / "config").mkdir(parents=True)
(bench / "config/dataset2prompt.json").write_text(json.dumps({name: "{context}\n{input}?" for name in NAMES}))
(bench / "config/dataset2maxlen.json").write_text(json.dumps({name: 8 for name in NAMES}))
for name in NAMES:
    classes = ["River", "Riverside", "City"] if name in ("trec", "lsht") else None
    toy.lines(bench / f"data/{name}.jsonl", *(
        {"context": toy.prose(length, name), "input": "Which", "answers": [ANSWERS[name]] if name in ANSWERS else ["nothing", "paragraph 3"],
         "length": 3000 * i, "all_classes": classes, "_id": i} for i, length in enumerate((40, 900, 100))))
cases = pathlib.Path("cases")
cases.mkdir()
shots = [[{"answer": f"example {n} of {i}", "score": 3 * n + 1} for n in range(3)] for i in range(3)]
(cases / "few_shots.json").write_text(json.dumps(shots))
(cases / "test_cases.json").write_text(json.dumps([
    {"idx": i, "prompt": toy.prose(300, i), "query": "Why Z?" if i == 1 else "Why?", "answer": "Because {} it is."} for i in range(3)]))
(cases / "prompt_fs.txt").write_text("Query {} reference {} as " + "answer {} rated [[{}]] " * 3 + "now {} rated:")
toy.lines("own.jsonl", *({"prompt": "Say it", "completion": answer} for answer in ("paragraph 3", "something else")))
toy.lines("essays.jsonl", {"text": toy.prose(800, "essay")})
size = dict(start='"tuned"', bench='"bench"', cases='"cases"', marks='"judge"', own_in='"own.jsonl"', essays='"essays.jsonl"',
            needed=48, deep="[440]")
recipe = toy.Recipe(recipes, "longbench", **size)
said = recipe.run()
report = recipe.eval("report")

sets = {score["name"]: score for score in report["all"]["datasets"]}
check("all 21 data sets are scored, item by item", sorted(sets) == sorted(NAMES) and
      all(len(score["items"]) == 3 for score in sets.values()), sets.keys())
check("each names its metric and whose it is", all("@" in score["metric"] for score in sets.values()), sets)
check("prompts over the context lose their middle, and it is said", all(
    f"{name}: 1 of 3 prompts over 472 tokens lost their middle" in report["all"]["truncation"] for name in NAMES),
    report["all"]["truncation"])
folder, = pathlib.Path("runs/longbench/predictions").glob("all-*")
for name in NAMES:
    kept = [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]
    wanted = ALONE if name in BARE else IN_TEMPLATE
    if name == "samsum":
        wanted = ALONE
    check(f"{name} is asked {'as it stands' if name in BARE else 'by the template'}, its answers kept in the official form", all(
        line["pred"] == wanted and set(line) == {"pred", "answers", "all_classes", "length"} for line in kept), kept)
check("retrieval and count read the number", sets["passage_retrieval_en"]["score"] == 100 and sets["passage_count"]["score"] == 100, sets)
check("only the first line of few-shot answers counts", sets["trec"]["score"] > 0 and sets["lsht"]["score"] > 0 and
      sets["lcc"]["score"] == 100, sets)
check("length classes hold what is in them", all(score["lengths"]["0-4k"] is not None and score["lengths"]["4-8k"] is not None and
      score["lengths"]["8k+"] is None for score in sets.values()), sets)
english = report["all"]["averages"]["en"]
means = []
for names in CATEGORIES.values():
    names = [name for name in names.split() if name not in CHINESE]
    means.append(sum(100 * sum(sets[name]["items"]) / 3 for name in names) / len(names))
check("the average is over six categories", len(english) == 7 and abs(english["average"] - sum(means) / 6) < 0.006, (english, means))
check("the English sets alone give the same", [score["items"] for score in report["english"]["datasets"]] ==
      [sets[name]["items"] for name in "narrativeqa qasper multifieldqa_en hotpotqa 2wikimqa musique".split()])

chat = report["chat"]
check("the judge's last number counts, and what has no mark is counted", chat["datasets"][0]["items"] == [0.7, 0.7] and
      chat["datasets"][0]["score"] == 70 and "1 of 3 answers got no mark" in chat["truncation"], chat)
check("a judge names itself", chat["datasets"][0]["metric"].startswith("mark of 10 by judge"), chat)
check("the needle is marked by the judge", [cell["score"] for cell in report["needle"]["cells"]] == [0.4] * 3, report["needle"])
check("and asked by the author's prompt", all(cell["answer"] == IN_TEMPLATE for cell in report["needle"]["cells"]), report["needle"])
own = report["own"]["datasets"][0]
check("a task of one's own", own["items"][0] > 0 and own["items"][1] == 0, own)

door = pathlib.Path("door")
door.mkdir()
own_folder, = pathlib.Path("runs/longbench/predictions").glob("own-*")
for file in [*folder.glob("*.jsonl"), own_folder / "own.jsonl"]:
    (door / file.name).write_bytes(file.read_bytes())
scored = recipe.roux("eval", "--predictions", "door")
check("kept predictions are scored without a model, to the same", f"{english['average']:.2f}" in scored and
      f"{own['score']:.2f}" in scored and "'chat' is left out" in scored, scored)
check("a second run asks nothing", "nothing changed" in recipe.run())

(cases / "few_shots.json").write_text(json.dumps(shots[:2]))
check("a case without marked answers is named", "few_shots.json: case 2: has no marked answers" in recipe.roux("eval", fails=True))
(cases / "few_shots.json").unlink()
check("a file that is not there is named", re.search(r"few_shots\.json cannot be read", recipe.roux("eval", fails=True)))
(cases / "few_shots.json").write_text(json.dumps(shots))
toy.write_answerer("mute", {":": "Never.", ".": "No."}, context=1024)
mute = toy.Recipe(recipes, "longbench", **{**size, "marks": '"mute"'})
check("a judge that never gives a mark is said", "the judge 'judge' gave none of 3 answers a mark from 1 to 10 in [[ ]]; of the "
      "first it said: No." in mute.roux("eval", fails=True) or "Never." in mute.roux("eval", fails=True))
(bench / "data/qasper.jsonl").unlink()
check("a missing data set is named", "qasper.jsonl is not there" in recipe.roux("eval", fails=True))
