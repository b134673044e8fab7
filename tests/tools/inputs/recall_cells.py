"""recall(…) of a model that has learnt nothing, and of one that says what it always says.    recall_cells.py"""
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "systems/inputs"))
import toy  # noqa: E402
from toy import check  # noqa: E402

toy.write_answerer("model", {"?": "It is 1234567."})
toy.lines("essay.jsonl", {"text": toy.prose(600, 3)})


def roux(lengths, pairs, fails=False, seed=1):
    pathlib.Path("r.recipe").write_text(f"""seed {seed}
model base = load("model")
data essay = text("essay.jsonl", ends: none)
eval report {{ model: base, found: recall(essay, lengths: {lengths}, pairs: {pairs}) }}
run {{ dtype: f32, threads: 1 }}
""")
    said = subprocess.run(["roux", "eval", "r.recipe"], capture_output=True, text=True)
    assert (said.returncode != 0) == fails, said.stdout + said.stderr
    return said.stdout + said.stderr


said = roux("[400, 600]", 3)
file, = pathlib.Path("runs/r/evals").glob("report-*.json")
cells = json.loads(file.read_text())["tasks"][0]["cells"]
check("every pair of every length is asked for", [(cell["length"], round(cell["depth"], 3)) for cell in cells] ==
      [(length, depth) for length in (400, 600) for depth in (0.167, 0.5, 0.833)], cells)
check("the prompt has that length, less the answer's room", all(0 <= cell["length"] - 16 - cell["tokens"] <= 8 for cell in cells), cells)
check("the answer is kept, and is wrong", all(cell["answer"] == "It is 1234567." and cell["score"] == 0 for cell in cells), cells)
check("it is printed by length and depth", "over 6 cells" in said and "depth 50%" in said, said)
check("a second time nothing is asked", "nothing changed" in roux("[400, 600]", 3))
check("another seed is another test", "nothing changed" not in roux("[400, 600]", 3, seed=2))
check("a length beyond the context is refused", "r.recipe:4:" in (said := roux("[4_000]", 3, fails=True)) and
      "a recall test of 4000 tokens does not fit the model's context of 1024" in said, said)
check("so are more pairs than there are names", "found 500 pairs, expected at most 400" in roux("[400]", 500, fails=True))
check("and pairs that leave no haystack", "leaves no haystack: pairs, question and answer take" in roux("[400]", 40, fails=True))
