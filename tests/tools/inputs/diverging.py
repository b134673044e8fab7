"""A run whose numbers stop being numbers ends there and says where; good weights are kept, bad ones refused.

    diverging.py RECIPES REFERENCE     (roux on PATH; works in the current folder; REFERENCE may be empty)
"""
import json
import re
import shutil
import struct
import sys

import short_run
from short_run import folder, leftovers, run, say

recipes = sys.argv[1]
short_run.write("steep", recipes, run="dtype: f32, save: every(100 steps)", optimizer="adamw(lr: 1e30)",
                schedule="[constant]")
status, said = run("steep")
found = re.search(r"error: step (\d+): the (?:loss|gradient's norm) is (?:nan|-?inf);", said)
say("the step is named", status == 1 and found, said)
say("its sequences are named", re.search(r"sequences: stories:\d+|micro-batch had stories:\d+", said), said)
say("the first bad tensor is named", re.search(r"the first bad tensor is the (weight|gradient of) '[a-z_.A-Z0-9]+': "
                                               r"element \d+ of \d+ is (nan|infinite)", said), said)
kept = sorted(folder("steep").glob("*.checkpoint"))
say("the state before is kept where it is good", bool(kept) == ("the state before the step is in" in said), said)
say("no model is left", not (folder("steep") / "model").exists() and not leftovers())
again = run("steep")
say("the next start ends at the same step", again[0] == 1 and found and f"error: step {found[1]}: " in again[1], again)

# Weights that are no numbers when they are read.
short_run.write("fresh", recipes, steps=3)
short_run.done("fresh")
shutil.copytree(folder("fresh") / "model", "bad")
with open("bad/model.safetensors", "r+b") as file:
    size = struct.unpack("<Q", file.read(8))[0]
    entry = json.loads(file.read(size))["model.layers.1.mlp.up_proj.weight"]
    file.seek(8 + size + entry["data_offsets"][0] + 4 * 17)
    file.write(struct.pack("<f", float("nan")))
short_run.write("loaded", recipes, model="broken", extra="""
model broken = load("bad") { template: plain }
""")
status, said = run("loaded")
say("bad weights are refused by name", status == 1
    and "'model.layers.1.mlp.up_proj.weight': element 17 of 11264 is nan" in said and "step 1/" not in said, said)
