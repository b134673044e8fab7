"""Two trains that carry everything are one; what is left out makes a difference.

    carried_stages.py RECIPES     (roux on PATH; works in the current folder)
"""
import shutil
import sys

import short_run
from short_run import done, folder, metrics, run, say, weights

recipes = sys.argv[1]
BATCH = "1 * pack(256 tokens, fit: fill(rest: next), overflow: split, last: drop)"


def train(name, model, carry, schedule, length):
    return f"""
train {name} {{
  model: {model}
  data: stories
  target: true
  weight: 1 / step.targets
  batch: {BATCH}
  optimizer: adamw(lr: 3e-3, decay: 0.1)
  schedule: {schedule}
  clip: 1
  length: {length}
{f"  carry: {carry}" if carry else ""}
}}
"""


falling = "[warmup(4 steps), constant(over: 2 epochs), linear(to: 10%)]"
rising = "[warmup(4 steps), constant]"
extra = "".join([
    train("whole", "tiny", "", falling, "3 epochs"),
    train("begin", "tiny", "", rising, "1 epochs"),
    train("middle", "begin", "[optimizer, schedule]", rising, "1 epochs"),
    train("rest", "middle", "[optimizer, schedule]", falling, "1 epochs"),
    train("moments", "begin", "optimizer", rising, "1 epochs"),
    train("clock", "begin", "schedule", rising, "1 epochs"),
    train("neither", "begin", "", rising, "1 epochs")])
short_run.write("stages", recipes, run="dtype: f32, log: every(1 steps)", extra=extra)
for target in ("whole", "rest", "moments", "clock", "neither"):
    done("stages", target=target)

whole = metrics("stages", "whole")
first, second, third = (metrics("stages", name) for name in ("begin", "middle", "rest"))
parts = first + second + third
say("three stages are as long as the whole", len(parts) == len(whole) and len(third) > 4, (len(parts), len(whole)))
say("the last stage's rates are those of the whole",
    [line["rate"] for line in third] == [line["rate"] for line in whole[-len(third):]], third)
neither, moments, clock = (metrics("stages", name) for name in ("neither", "moments", "clock"))
say("every loss is that of the whole", [line["loss"] for line in parts] == [line["loss"] for line in whole])
say("the weights are those of the whole", weights("stages", "rest") == weights("stages", "whole"))
peak = max(line["rate"] for line in whole)
say("without the schedule it warms up again", neither[0]["rate"] == moments[0]["rate"] == 0, neither[0])
say("with it, it does not", clock[0]["rate"] == second[0]["rate"] == peak, clock[0])
say("without the optimizer the next loss is another",
    clock[0]["loss"] == second[0]["loss"] and clock[1]["loss"] != second[1]["loss"])

# The moments come from the end's checkpoint; without it there is nothing to carry.
shutil.rmtree(folder("stages", "middle"))
for path in folder("stages", "begin").glob("*.checkpoint"):
    path.unlink()
status, said = run("stages", target="middle")
say("no moments: refused", status == 1 and f"{folder('stages', 'begin')}: has no whole checkpoint of its last step"
    in said and "whose moments 'carry' asks for" in said, said)
