"""Operations a token, MFU and times of kernels in the report; operations are counted here by hand.

    speed_of_a_run.py   (roux on PATH; works in the current folder)
"""
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "systems/inputs"))
import toy  # noqa: E402
from toy import check  # noqa: E402

DIM, FFN, ROWS, LENGTH = 32, 48, 258, 64
toy.write_model("model", dim=DIM, ffn=FFN)
toy.lines("docs.jsonl", *({"text": toy.prose(LENGTH, i)[:LENGTH].ljust(LENGTH, ".")} for i in range(6)))
TRAIN = """train {0} {{
  model: {2}, data: docs, target: {3}, weight: 1 / step.targets{4}
  batch: each(3 sequences, overflow: error, last: keep), optimizer: adamw(lr: 1e-3), length: {1} steps
}}
"""
pathlib.Path("r.recipe").write_text(
    'model base = load("model")\ndata docs = text("docs.jsonl", ends: none)\n' + TRAIN.format("long", 40, "base", "true", "")
    + TRAIN.format("brief", 4, "base", "true", "") + TRAIN.format("half", 40, "base", "token.index < 32", "")
    + TRAIN.format("frozen", 40, "base", "true", ", freeze: layers(0..0)") + "run { dtype: f32, threads: 1 }\n")


def roux(*words):
    said = subprocess.run(["roux", *words], capture_output=True, text=True)
    assert said.returncode == 0, said
    return pathlib.Path("runs/r/report.html").read_text()


def rows(page, heading):
    """Of the first table under it."""
    part = page.split(f"<h2>{heading}</h2>")[1].split("</table>")[0]
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in part.split("<tr>")[1:]]


page = roux("run", "r.recipe")
heading, *table = rows(page, "Speed")
speed = {row[0]: dict(zip(heading, row)) for row in table}
check("a row a train", set(speed) == {"long", "brief", "half", "frozen"}, speed)

# A layer's matrices, logits of tokens with a target, and attention: six of each element, twelve of each pair and channel.
layer, pairs = 4 * DIM * DIM + 3 * DIM * FFN, LENGTH * (LENGTH + 1) / 2
attention = 12 * DIM * pairs / LENGTH


def head(targets):
    return 6 * DIM * ROWS * targets / LENGTH


counted = {"long": 6 * layer + head(LENGTH - 1) + attention, "half": 6 * layer + head(31) + attention,
           "frozen": 4 * layer + head(LENGTH - 1) + attention}
for name, expected in counted.items():
    found = speed[name]["operations a token"]
    value = float(found[:-1]) * {"k": 1e3, "M": 1e6}[found[-1]]
    check(f"{name}: operations are those that are counted by hand", abs(value / expected - 1) < 0.01, (found, expected))

share = re.fullmatch(r"([0-9.]+)%", speed["long"]["MFU"])
check("MFU is a share of the peak", share and 0 < float(share[1]) < 100, speed["long"])
reached, peak = (float(speed["long"][name].split()[0]) for name in ("reached", "peak"))
check("of the one that stands beside it", abs(float(share[1]) - 100 * reached / peak) < 0.2, speed["long"])
check("a few steps are not measured, and that is said", speed["brief"]["peak"] == "not measured" and "fewer than 30 steps" in page)

kernels = page.split("<h2>Kernels</h2>")[1]
check("kernels have times and shares of their bounds", kernels.count("<th>core-ms</th>") == 3
      and re.search(r"<td[^>]*>[0-9]+\.[0-9]+</td><td[^>]*>[0-9]+ %</td>", kernels), kernels[:2000])
folder = next(pathlib.Path("runs/r").glob("long-*"))
check("they stay beside the weights", (folder / "kernels.txt").read_text().startswith("peak of products, on one of 1 threads: "))
again = roux("run", "r.recipe")
check("the next report has the same", rows(again, "Speed") == rows(page, "Speed"))
(folder / "kernels.txt").write_text("peak of what\n")
check("a file that is none is not read", {row[0]: row for row in rows(roux("run", "r.recipe"), "Speed")}["long"][4] == "not measured")
