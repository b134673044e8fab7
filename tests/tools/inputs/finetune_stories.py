"""Fine-tuning stories260K with `roux run` against a loop in NumPy, loss by loss.

    finetune_stories.py REFERENCE     (roux on PATH; works in the current folder)

Conversations of the reference data through tokenizer, template, plan, weights, schedule, clip and decay. The loop
here makes its own tokens, targets and weights; only pieces of text go through `roux tokenize`.
"""
import json
import math
import pathlib
import subprocess
import sys

import numpy as np

import short_run
from llama_numpy import AdamW, Llama
from short_run import say

STEPS, SEQUENCES, PEAK, CLIP, DECAY, BEGIN, END = 20, 2, 1e-3, 1.0, 0.1, 1, 2
reference = pathlib.Path(sys.argv[1])
stories, tokenizer = reference / "models/stories260K", reference / "models/stories260K/tok512.reconstructed.model"

chats = []
for line in (reference / "chat/mixed_chat.jsonl").read_text().splitlines():
    messages = json.loads(line)["messages"]
    if [each["role"] for each in messages] == ["user", "assistant"] and sum(len(m["content"]) for m in messages) < 300:
        chats.append({"messages": messages})
chats = chats[:16]
pathlib.Path("chats.jsonl").write_text("".join(json.dumps(chat) + "\n" for chat in chats))


def recipe(name, exempt, run):
    pathlib.Path(f"{name}.recipe").write_text(f"""
tokenizer words = load("{tokenizer}")
model stories = load("{stories}") {{
  tokenizer: words
  template: plain
}}
data chats = chat("chats.jsonl")
train tune {{
  model: stories
  data: chats
  target: role == assistant
  weight: 1 / (sequence.targets * step.sequences)
  batch: each({SEQUENCES} sequences, overflow: error, last: keep)
  optimizer: adamw(lr: {PEAK}, betas: [0.9, 0.95], decay: {DECAY}, exempt: {exempt})
  schedule: [warmup(20%), cosine(to: 10%)]
  clip: {CLIP}
  length: {STEPS} steps
}}
run {{ {run} }}
""")


def tokenize(texts):
    said = subprocess.run(["roux", "tokenize", "--tokenizer", str(tokenizer)], text=True, capture_output=True,
                          check=True, input="".join(json.dumps({"text": text}) + "\n" for text in texts)).stdout
    return [json.loads(line)["ids"] for line in said.splitlines()]


def sequence(chat):
    """Ids, and which of them are predicted: all behind what asks for the answer, and the end that follows it."""
    question, answer = (message["content"] for message in chat["messages"])
    before, whole = tokenize([f"user: {question}\nassistant:", f"user: {question}\nassistant: {answer}"])
    same = 0
    while same < min(len(before), len(whole)) and before[same] == whole[same]:
        same += 1
    tail = tokenize(["\n"])[0]
    ids = [BEGIN] + whole + [END] + tail
    return ids, [1 + same <= i <= 1 + len(whole) for i in range(len(ids))]


def rate(step):
    warm = STEPS // 5
    if step < warm:
        return PEAK * step / warm
    return PEAK * (0.1 + 0.9 * (1 + math.cos(math.pi * (step - warm) / (STEPS - warm))) / 2)


def numpy_losses(sequences, decays_vectors):
    model = Llama(stories)
    optimizer = AdamW(model.weights, (0.9, 0.95), 1e-8, DECAY, decays_vectors, CLIP)
    losses, norms, at = [], [], 0
    for step in range(STEPS):
        gradients = {name: np.zeros_like(each) for name, each in model.weights.items()}
        count = min(SEQUENCES, len(sequences) - at)
        loss = 0
        for ids, targets in sequences[at:at + count]:
            weight = 1 / (sum(targets) * count)
            loss += model.add_gradient(ids, [weight * target for target in targets], gradients)
        losses.append(loss)
        norms.append(optimizer.update(gradients, rate(step)))
        at = (at + count) % len(sequences)
    return losses, norms


sequences = [sequence(chat) for chat in chats]
for exempt in ("vectors", "none"):
    losses, norms = numpy_losses(sequences, exempt == "none")
    # In double what is left is the weights of a batch, which are single.
    for dtype, allowed in (("f32", 1e-4), ("f64", 1e-6)) if exempt == "vectors" else (("f32", 1e-4),):
        name = f"{exempt}_{dtype}"
        recipe(name, exempt, f"dtype: {dtype}")
        short_run.done(name, target="tune")
        lines = short_run.metrics(name, "tune")
        far = max(abs(line["loss"] - loss) for line, loss in zip(lines, losses))
        say(f"exempt: {exempt}, {dtype}: {STEPS} losses equal",
            len(lines) == STEPS and far < allowed, (far, losses[:3], [line["loss"] for line in lines[:3]]))
        print(f"largest difference of a loss: {far:.1e}", file=sys.stderr)
        norm = max(abs(line["gradient_norm"] / norm - 1) for line, norm in zip(lines, norms))
        say(f"exempt: {exempt}, {dtype}: norms equal", norm < 10 * allowed, norm)
    say(f"exempt: {exempt}: the loss falls", losses[-1] < losses[0] - 0.1, (losses[0], losses[-1]))
    say(f"exempt: {exempt}: some steps are clipped and some rates differ", max(norms) > CLIP, max(norms))
