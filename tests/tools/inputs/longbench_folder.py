"""Writes a LongBench folder of three small data sets and checks what a run made of it.    longbench_folder.py write|check FOLDER"""
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[2])
prompts = {"qasper": "Read: {context}\n\nQ: {input}\n\nA:", "samsum": "{context}\n{input}", "lcc": "{context}Next {{line}}:\n"}


def write():
    bench = folder / "bench"
    bench.mkdir(parents=True)
    (bench / "dataset2prompt.json").write_text(json.dumps(prompts))
    (bench / "dataset2maxlen.json").write_text(json.dumps({"qasper": 8, "samsum": 6, "lcc": 5}))
    for name in prompts:
        with open(bench / f"{name}.jsonl", "w") as out:
            for i in range(5):
                item = {"input": f"Who is it, number {i}?", "context": "Once upon a time there was a small dog. " * (1 + 12 * i), "answers": ["a small dog"],
                        "length": 3000 * i, "all_classes": None, "_id": str(i)}
                out.write(json.dumps(item) + "\n")


def check():
    result, = (folder / "runs/all/evals").glob("bench-*.json")
    tasks = {task["name"]: task for task in json.loads(result.read_text())["tasks"]}
    whole, cut = tasks["whole"], tasks["cut"]
    assert [each["name"] for each in whole["datasets"]] == ["qasper", "samsum", "lcc"]
    assert "qasper: 0 of 5 prompts" in whole["truncation"] or "qasper: " in whole["truncation"], whole["truncation"]
    assert "of 5 prompts over 40 tokens lost their middle" in cut["truncation"] and "qasper: 0 of" not in cut["truncation"], cut["truncation"]
    for task in (whole, cut):
        predictions, = (folder / "runs/all/predictions").glob(task["name"] + "-*")
        for data_set in task["datasets"]:
            lines = [json.loads(line) for line in (predictions / (data_set["name"] + ".jsonl")).read_text().splitlines()]
            assert len(lines) == len(data_set["items"]) == 5
            assert all(set(line) == {"pred", "answers", "all_classes", "length"} for line in lines)
            assert [line["length"] for line in lines] == [0, 3000, 6000, 9000, 12000]
            if data_set["name"] == "samsum":
                assert all(line["pred"] and "\n" not in line["pred"] for line in lines), lines


{"write": write, "check": check}[sys.argv[1]]()
