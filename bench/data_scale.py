#!/usr/bin/env python3
"""What data cost at scale: bench/data_scale.py [--bytes 2e9] [--sequences 1e6 1e7] [--roux PATH]

Writes corpora of its own to a temporary folder (TMPDIR) and prints a table: the first and the second `roux check` of
unchanged JSONL, bytes of the store a token, memory of the process a sequence (the peak of its own pages: what is mapped
from files is not counted), and tokens a second of tokenizing with 1 and 2 threads, by the clock and by processor time.
Needs Python 3 and a build (build/dev/bin/roux, or --roux).
"""
import argparse, json, os, random, resource, shutil, subprocess, sys, tempfile, threading, time
from pathlib import Path

WORDS = [w for w in ("the of and to in that he shall unto for i his a lord they be is him not them it with all thou "
                     "was thy which my me said but as ye their have from upon will by are were this when you out up "
                     "there her had us one come into then before go has also against man your what people").split()]
RECIPE = """seed 1
model m = load("{model}")
data d = text("{data}", ends: none){steps}
train t {{
  model:     m
  data:      d
  target:    true
  weight:    1 / step.targets
  batch:     tokens(16Ki tokens, overflow: cut(right), last: keep)
  optimizer: adamw(lr: 1e-3)
  length:    1 epochs
}}
run {{ dtype: f32, threads: {threads} }}
"""


def model(folder):
    """A folder whose tokenizer has a token a byte, and a config; no weights are needed to check."""
    folder.mkdir()
    printed = [*range(33, 127), *range(161, 173), *range(174, 256)]
    other = [b for b in range(256) if b not in printed]
    letter = {b: chr(b) for b in printed} | {b: chr(256 + i) for i, b in enumerate(other)}
    vocab = {letter[b]: b for b in range(256)}
    merges = []
    for word in WORDS:  # each of the corpus's words becomes one token
        made = "Ġ"
        for part in word:
            if made + part not in vocab:
                vocab[made + part] = len(vocab)
                merges.append([made, part])
            made += part
    (folder / "tokenizer.json").write_text(json.dumps({
        "version": "1.0", "added_tokens": [], "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "post_processor": None, "decoder": {"type": "ByteLevel"},
        "model": {"type": "BPE", "vocab": vocab, "merges": merges}}))
    (folder / "config.json").write_text(json.dumps({
        "model_type": "llama", "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1,
        "num_attention_heads": 2, "vocab_size": len(vocab), "max_position_embeddings": 4096}))


def corpus(path, size=None, records=None, words=120, other=0):
    """JSONL of random words until `size` bytes or `records` lines; `other` bytes of a record are of keys not read."""
    random.seed(7)
    more = {"meta": {"note": "x" * other}} if other else {}
    lines = [json.dumps({"text": " " + " ".join(random.choices(WORDS, k=words)), **more}) + "\n" for _ in range(2000)]
    block = "".join(lines)
    with open(path, "w") as out:
        written = 0
        while (size and written < size) or (records and written < records):
            out.write(block)
            written += len(block) if size else len(lines)
    os.utime(path)


def run(roux, folder, *words):
    """Seconds by the clock and by processor time, and the largest anonymous memory of the process in bytes."""
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen([roux, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    peak, done = [0], threading.Event()

    def watch():
        while not done.wait(0.02):
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
                peak[0] = max(peak[0], int(status.split("RssAnon:")[1].split()[0]) * 1024)
            except (OSError, IndexError):
                pass
    watcher = threading.Thread(target=watch)
    watcher.start()
    text = process.communicate()[0]
    done.set()
    watcher.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        sys.exit(f"{' '.join(words)}: {text}")
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - started, processor, peak[0], text


def tokens_of(text):
    row = next(line for line in text.splitlines() if line.startswith("  d "))
    return int(row.split()[1]), int(row.split()[3])


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--bytes", type=float, default=2e9)
    arguments.add_argument("--other", type=int, default=0, help="bytes of a record that are of keys not read")
    arguments.add_argument("--speed", type=float, default=1e8, help="bytes of the corpus that tokenizing is timed with")
    arguments.add_argument("--sequences", type=float, nargs="*", default=[1e6, 1e7])
    arguments.add_argument("--roux", default=str(Path(__file__).resolve().parents[1] / "build/dev/bin/roux"))
    given = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="roux-scale-"))
    try:
        model(folder / "model")

        def recipe(name, data, threads, steps=""):
            (folder / f"{name}.recipe").write_text(
                RECIPE.format(model="model", data=data, threads=threads, steps=steps))

        def line(what, value):
            print(f"| {what} | {value} |", flush=True)

        print("| measured | value |\n|---|---|", flush=True)
        corpus(folder / "speed.jsonl", size=given.speed)
        time.sleep(2.5)
        for threads in (1, 2):
            recipe(f"speed{threads}", "speed.jsonl", threads)
            clock, processor, _, text = run(given.roux, folder, "check", f"speed{threads}.recipe")
            tokens = tokens_of(text)[1]
            line(f"first check of {given.speed / 1e6:.0f} MB, {threads} threads: M tokens/s by the clock; s of processor",
                 f"{tokens / clock / 1e6:.2f}; {processor:.1f}")
        corpus(folder / "large.jsonl", size=given.bytes, words=60, other=given.other)
        time.sleep(2.5)
        recipe("large", "large.jsonl", 2)
        clock, processor, _, text = run(given.roux, folder, "check", "large.recipe")
        sequences, tokens = tokens_of(text)
        line(f"first check of {given.bytes / 1e9:.1f} GB, {sequences} records, {given.other} bytes of each not read: s by the clock; of processor",
             f"{clock:.1f}; {processor:.1f}")
        again = [run(given.roux, folder, "check", "large.recipe") for _ in range(5)]
        line("second check, 5 times: s by the clock, least, median, most; median of processor",
             "; ".join([", ".join(f"{c[0]:.2f}" for c in (lambda s: (s[0], s[2], s[4]))(sorted(again))),
                        f"{sorted(c[1] for c in again)[2]:.2f}"]))
        store = next((folder / "runs/large/data").glob("*.store"))
        line(f"bytes of the store a token, {tokens / sequences:.0f} tokens a sequence",
             f"{store.stat().st_size / tokens:.2f}")
        for count in given.sequences:
            name = f"many{int(count)}"
            corpus(folder / f"{name}.jsonl", records=count, words=6)
            time.sleep(2.5)
            recipe(name, f"{name}.jsonl", 2, " | where(sequence.tokens > 1) | shuffle")
            peak = run(given.roux, folder, "check", f"{name}.recipe")[2]
            recipe("none", "none.jsonl", 2, " | where(sequence.tokens > 1) | shuffle")
            (folder / "none.jsonl").write_text('{"text": " the of and"}\n' * 100)
            base = run(given.roux, folder, "check", "none.recipe")[2]
            line(f"memory of checking {int(count)} sequences, above that of 100: bytes a sequence",
                 f"{(peak - base) / count:.1f}")
            os.remove(folder / f"{name}.jsonl")
            shutil.rmtree(folder / "runs" / name)
    finally:
        shutil.rmtree(folder)


main()
