"""Losses measured while a train ran: at every second step, and the last as its eval found it.
Data in another order, and so in other batches, give the same bits."""
import glob
import json
import sys

runs = sys.argv[1]
steps = [json.loads(line) for line in open(glob.glob(f"{runs}/talk-*/metrics.jsonl")[0])]
results = [json.load(open(name)) for name in glob.glob(f"{runs}/evals/probes-*.json")]
tasks = {task["name"]: task for task in results[0]["tasks"]}
for part in ("all", "positions", "sources"):
    assert tasks["both"][part] == tasks["mixed"][part], part
final = {task["name"]: task["all"]["mean"] for task in results[0]["tasks"] if "all" in task}
for step in steps:
    measured = {name for name in step if "/" in name}
    expected = {f"probes/{name}" for name in final} if step["step"] % 2 else set()
    assert measured == expected, (step["step"], measured)
for name, mean in final.items():
    last = steps[-1][f"probes/{name}"]
    assert last == mean, (name, last, mean)
assert steps[1]["probes/unseen"] > steps[3]["probes/unseen"]
