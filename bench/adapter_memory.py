"""Does a step of an adapter take the memory that `roux check` says, beside a step of all weights?

    python3 bench/adapter_memory.py     (NumPy; roux on PATH; works in a temporary folder)

A Llama of 12 layers of 512, 4096 tokens in eight documents, two steps each. Compared is the most anonymous memory that the
process had (RssAnon, looked at every 5 ms) with `peak of a step`; what is mapped from files, the base's weights and the
compiler's libraries, is the page cache's.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT / "tests/systems/inputs")
import toy

TRAINS = {"all weights": ("base", "adamw(lr: 1e-4, betas: [0.9, 0.95])"),
          "all weights, moments in bf16": ("base", "adamw(lr: 1e-4, betas: [0.9, 0.95], moments: bf16)"),
          "all weights, Muon": ("base", "muon(lr: 1e-3, rest: adamw(lr: 1e-4))"),
          "lora(rank: 16), every matrix": ("base { adapt: lora(rank: 16) }", "adamw(lr: 1e-4)"),
          "lora(rank: 16, on: [query, value])": ("base { adapt: lora(rank: 16, on: [query, value]) }", "adamw(lr: 1e-4)")}


def write(model, optimizer, dtype):
    pathlib.Path("r.recipe").write_text(f"""model base = load("base")
data docs = text("docs.jsonl", ends: both)
train tuned {{
  model:     {model}
  data:      docs
  target:    true
  weight:    1 / step.targets
  batch:     each(8 sequences, overflow: error, last: keep)
  optimizer: {optimizer}
  length:    2 steps
}}
run {{ dtype: {dtype}, threads: 2, memory: 16GB, save: none }}
""")


def bytes_of(text):
    number, unit = text.split()[:2]
    return float(number) * {"MB": 1e6, "GB": 1e9}[unit.rstrip(",")]


def measured():
    process = subprocess.Popen(["roux", "run", "r.recipe"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    peak = 0
    while process.poll() is None:
        try:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            peak = max(peak, *(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("RssAnon")), 0)
        except (FileNotFoundError, ProcessLookupError):
            break
        time.sleep(0.005)
    said = process.communicate()[0]
    if process.returncode:
        sys.exit(said)
    return peak


def main():
    print("| train | dtype | said, MB | measured, MB | measured / said | frozen, gradients, moments, MB |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        toy.write_model("base", context=1024, scale=0.02, layers=12, dim=512, heads=8, ffn=1408)
        toy.texts("docs.jsonl", [510] * 8)
        for dtype in ("bf16", "f32"):
            for what, (model, optimizer) in TRAINS.items():
                write(model, optimizer, dtype)
                subprocess.run("rm -rf runs", shell=True, check=True)
                said = subprocess.run(["roux", "check", "r.recipe"], capture_output=True, text=True, check=True).stdout
                line = {key: next(each for each in said.splitlines() if each.startswith(key)).removeprefix(key) for key in
                        ("parameters", "gradients", "optimizer's moments", "peak of a step")}
                frozen = line["parameters"].split(",")[1] if "," in line["parameters"] else "0.0 MB"
                parts = [bytes_of(text) / 1e6 for text in (frozen, line["gradients"], line["optimizer's moments"])]
                expected, found = bytes_of(line["peak of a step"]), measured()
                print(f"| {what} | {dtype} | {expected / 1e6:.0f} | {found / 1e6:.0f} | {found / expected:.3f} | "
                      f"{', '.join(f'{part:.1f}' for part in parts)} |", flush=True)
        os.chdir("/")


main()
