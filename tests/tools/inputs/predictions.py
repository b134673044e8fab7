"""Scores predictions in LongBench's own form and compares with values worked out by hand.    predictions.py FOLDER"""
import json
import pathlib
import subprocess
import sys

folder = pathlib.Path(sys.argv[1])
given = folder / "given"
given.mkdir()
(folder / "r.recipe").write_text("""model m = load("no/such/model")
data own = completion("no/such/file.jsonl", ends: none)
eval report {
  model: m
  target: true
  lb:    longbench("no/such/folder", datasets: ["qasper", "trec", "passage_count", "passage_retrieval_zh", "lcc"])
  own:   task(own, prompt: "{prompt}", extract: number, metric: exact_match)
  loss:  loss(own)
}
""")


def write(name, *lines, classes=None):
    with open(given / f"{name}.jsonl", "w", encoding="utf-8") as out:
        for prediction, answers, length in lines:
            row = {"pred": prediction, "answers": answers, "all_classes": classes}
            if length is not None:
                row["length"] = length
            out.write(json.dumps(row, ensure_ascii=False) + "\n")


def roux(recipe="r.recipe"):
    return subprocess.run(["roux", "eval", recipe, "--predictions", "given"], cwd=folder, capture_output=True, text=True)


write("qasper", ("The cat!", ["a cat", "dog"], 100), ("", ["x"], 3999), ("red fish", ["red blue"], 8000), ("no", [], 20_000))
write("trec", ("\n\nNumber of people\nCity", ["Number of people"], 5000), ("City", ["City"], 5000), classes=["Number", "Number of people", "City"])
write("passage_count", ("3 or 4", ["3"], None), ("٣", ["3"], None))
write("passage_retrieval_zh", ("段落3", ["段落3"], 1), ("3 3 4", ["段落3"], 7999))
write("lcc", ("```\n# no\nx = 1\ny", ["x = 1"], 10), ("", [""], 10))
write("own", ("I think -1,234.5, or 7", ["-1234.5"], None), ("none", [""], None), ("8", ["9"], None))

done = roux()
assert done.returncode == 0, done.stderr
assert "eval report: 'loss' is left out" in done.stderr, done.stderr
result, = folder.glob("runs/r/evals/report-*.json")
longbench, own = json.loads(result.read_text())["tasks"]
sets = {each["name"]: each for each in longbench["datasets"]}
assert sets["qasper"]["items"] == [1, 0, 0.5, 0] and sets["qasper"]["score"] == 37.5, sets
assert sets["qasper"]["lengths"] == {"0-4k": 50, "4-8k": None, "8k+": 25}, sets
assert sets["qasper"]["metric"] == "qa_f1@longbench-2e00731", sets
# "Number" is part of the reference and goes; what follows it in the list is then not looked at.
assert sets["trec"]["items"] == [1, 1], sets
assert sets["passage_count"]["items"] == [0.5, 0] and set(sets["passage_count"]["lengths"].values()) == {None}, sets
assert sets["passage_retrieval_zh"]["items"] == [1, 2 / 3] and sets["passage_retrieval_zh"]["score"] == 83.33, sets
assert sets["lcc"]["items"] == [1, 1], sets
# Code counts in both languages; a category without a data set does not.
assert longbench["averages"] == {
    "en": {"single-document QA": 37.5, "few-shot": 100, "synthetic": 25, "code": 100, "average": 65.62},
    "zh": {"synthetic": 83.33, "code": 100, "average": 91.67}}, longbench["averages"]
assert own["task"] == "task" and own["datasets"][0]["items"] == [1, 1, 0] and own["datasets"][0]["score"] == 66.67, own
assert "\n0.5,\n" in result.read_text(), "one item a line"

# What cannot be scored is said with its file and line, and no result of the rest is kept.
result.unlink()
right = (given / "qasper.jsonl").read_text()
for broken, expected in [
    ('{"pred": "x", "answers": ["x"]', "given/qasper.jsonl:6: the line is no JSON"),
    ('["x"]', "given/qasper.jsonl:6: the line is no object with pred and answers"),
    ('{"answers": ["x"]}', "given/qasper.jsonl:6: the line has no 'pred'"),
    ('{"pred": null, "answers": ["x"]}', "given/qasper.jsonl:6: 'pred' is no text"),
    ('{"pred": "x", "answers": "x"}', "given/qasper.jsonl:6: 'answers' is no list of texts"),
    ('{"pred": "x", "answers": ["x"], "length": "long"}', "given/qasper.jsonl:6: 'length' is no number"),
    (b'{"pred": "\xff", "answers": ["x"]}', "given/qasper.jsonl:6: the line is not UTF-8"),
]:
    bytes_ = broken if isinstance(broken, bytes) else broken.encode()
    (given / "qasper.jsonl").write_bytes(right.encode() + b"\n" + bytes_ + b"\n")
    failed = roux()
    assert failed.returncode == 1 and f"error: {expected}" in failed.stderr, (failed.stderr, expected)
(given / "qasper.jsonl").write_text("\n \n")
assert "given/qasper.jsonl holds no predictions" in roux().stderr
(given / "qasper.jsonl").unlink()
assert "given/qasper.jsonl cannot be read" in roux().stderr
(given / "qasper.jsonl").write_text(right)
write("trec", ("City", ["City"], 5000))
assert "given/trec.jsonl:1: 'all_classes' is null; classification needs the list of classes" in roux().stderr
assert not list(folder.glob("runs/r/evals/*.json"))

# A data set that LongBench does not have is an error at its place.
(folder / "s.recipe").write_text((folder / "r.recipe").read_text().replace('"trec"', '"treck"'))
assert "s.recipe:6:59: error: LongBench has no data set 'treck'; did you mean 'trec'?" in roux("s.recipe").stderr, roux("s.recipe").stderr
