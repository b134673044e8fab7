"""Naive, sorted and packed batches of the same data, each with its own memberships: losses over three seeds.

    python3 bench/layout_seeds.py REFERENCE [SEEDS]     (roux on PATH; works in a temporary folder)

stories260K, fine-tuned for two epochs on the short conversations of REFERENCE, the reference data. With a written plan
the three layouts have equal losses (LayoutsTest); here each draws its own steps, so they differ by luck, and this says
by how much. Held-out loss is of conversations that no train saw. Prints a row a way: mean, smallest and largest.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

LONGEST = 700  # characters of a conversation, about 500 of this model's tokens
WAYS = {
    "naive": ("each(8 sequences, overflow: drop, last: keep)", "1 / (sequence.targets * step.sequences)"),
    "sorted": ("1 * sorted(group: 8, overflow: drop, last: keep)", "1 / (sequence.targets * step.sequences)"),
    "packed, weighted": ("6 * pack(512 tokens, fit: next, overflow: drop, last: keep)",
                         "1 / (sequence.targets * step.sequences)"),
    "packed, token mean": ("6 * pack(512 tokens, fit: next, overflow: drop, last: keep)", "1 / step.targets"),
}


def recipe(stories, seed):
    text = f"""
seed {seed}
tokenizer words = load("{stories}/tok512.reconstructed.model")
model base = load("{stories}") {{
  tokenizer: words
  template: plain
}}
data chats = chat("chats.jsonl")
data held  = chats | sample(10%)
data sft   = chats | without(held) | shuffle
run {{ dtype: f32 }}
"""
    for number, (batch, weight) in enumerate(WAYS.values()):
        text += f"""
train way{number} {{
  model: base
  data: sft
  target: role == assistant
  weight: {weight}
  batch: {batch}
  optimizer: adamw(lr: 1e-3)
  schedule: [warmup(5%), cosine(to: 10%)]
  clip: 1
  length: 2 epochs
}}
eval report{number} {{
  model: way{number}
  unseen: loss(held)
}}
"""
    return text


def spread(values):
    return f"{sum(values) / len(values):.4f} ({min(values):.4f} to {max(values):.4f})"


def main():
    reference = pathlib.Path(sys.argv[1]).resolve()
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        lines = (reference / "chat/mixed_chat.jsonl").read_text().splitlines()
        short = [line for line in lines
                 if sum(len(message["content"]) for message in json.loads(line)["messages"]) < LONGEST]
        pathlib.Path("chats.jsonl").write_text("\n".join(short) + "\n")
        found = {way: [] for way in WAYS}
        for seed in range(1, seeds + 1):
            pathlib.Path(f"seed{seed}.recipe").write_text(recipe(reference / "models/stories260K", seed))
            said = subprocess.run(["roux", "run", f"seed{seed}.recipe"], text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, check=True).stdout
            unseen = [float(value) for value in re.findall(r"unseen\s+([0-9.]+)", said)]
            for number, way in enumerate(WAYS):
                (log,) = pathlib.Path(f"runs/seed{seed}").glob(f"way{number}-*/metrics.jsonl")
                steps = [json.loads(line) for line in log.read_text().splitlines()]
                last = [step["loss"] for step in steps[-max(1, len(steps) // 10):]]
                found[way].append((len(steps), sum(last) / len(last), unseen[number]))
        print(f"{len(short)} conversations, {seeds} seeds: mean (smallest to largest)\n")
        print("| way | steps | loss, last tenth of the steps | held-out loss |\n|---|---|---|---|")
        for way, runs in found.items():
            counts = sorted({run[0] for run in runs})
            print(f"| {way} | {counts[0]}–{counts[-1]} | {spread([run[1] for run in runs])} | "
                  f"{spread([run[2] for run in runs])} |")


main()
