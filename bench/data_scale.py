#!/usr/bin/env python3
"""What data cost at scale: bench/data_scale.py [--bytes 2e9] [--sequences 1e6 1e7] [--roux PATH] [--before PATH]

Writes corpora of its own to a temporary folder (TMPDIR) and prints a table: tokens a second of tokenizing with 1 and 2
threads, by the clock and of processor time, in alternation with an older build if one is named; the first and the later
`roux check` of unchanged JSONL; bytes of the store a token; memory of the process a sequence (the peak of its own pages:
what is mapped from files is not counted). Needs Python 3 and a build (build/dev/bin/roux, or --roux).
"""
import argparse, json, os, random, resource, shutil, struct, subprocess, sys, tempfile, threading, time
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
  batch:     {batch}
  optimizer: adamw(lr: 1e-3)
  length:    1 epochs
}}
run {{ dtype: f32 }}
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


def run(roux, folder, *words, threads=None):
    """Seconds by the clock and by processor time, the largest anonymous memory of the process in bytes, its output."""
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    pin = (lambda: os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])) if threads else None
    process = subprocess.Popen([roux, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               preexec_fn=pin)
    peak, done = [0], threading.Event()

    def watch():
        while not done.wait(0.005):
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


def line(what, value):
    print(f"| {what} | {value} |", flush=True)


def recipe(folder, name, data, batch="tokens(16Ki tokens, overflow: cut(right), last: keep)", steps=""):
    (folder / f"{name}.recipe").write_text(RECIPE.format(model="model", data=data, batch=batch, steps=steps))


def tokens_of(text):
    row = next(line for line in text.splitlines() if line.startswith("  d "))
    return int(row.split()[1]), int(row.split()[3])


def median(values):
    return sorted(values)[len(values) // 2]


def measure_speed(given, folder):
    """A preview makes the store and the plan, and compiles nothing."""
    corpus(folder / "speed.jsonl", size=given.speed)
    recipe(folder, "speed", "speed.jsonl")
    tokens = None
    builds = {"now": given.roux} | ({"before": given.before} if given.before else {})
    for threads in (1, 2):
        found = {name: [] for name in builds}
        for _ in range(given.rounds):
            for name, roux in builds.items():
                shutil.rmtree(folder / "runs", ignore_errors=True)
                found[name].append(run(roux, folder, "preview", "speed.recipe", threads=threads)[:2])
        if not tokens:
            tokens = store_of(folder, "speed")[1]
        for name, times in found.items():
            line(f"tokenizing {given.speed / 1e6:.0f} MB, {threads} thread{'s' * (threads > 1)}, {name}: M tokens/s by the "
                 f"clock; of processor time (median, least, most of {given.rounds})",
                 "; ".join(f"{median(each):.2f} ({min(each):.2f} to {max(each):.2f})" for each in
                           ([tokens / time[kind] / 1e6 for time in times] for kind in (0, 1))))
    shutil.rmtree(folder / "runs")
    os.remove(folder / "speed.jsonl")


def store_of(folder, name):
    """Bytes, tokens and sequences of a run's only store, from its own table."""
    path = next((folder / "runs" / name / "data").glob("*.store"))
    with open(path, "rb") as store:
        header = struct.unpack("<QIIQQQQQQ", store.read(64))
        count, table = header[5], header[6]
        tokens = 0
        store.seek(table)
        for first in range(0, count, 1 << 14):
            block = store.read(64 * min(1 << 14, count - first))
            tokens += sum(struct.unpack_from("<I", block, at + 24)[0] for at in range(0, len(block), 64))
    return path.stat().st_size, tokens, count


def measure_check(given, folder, words, other):
    corpus(folder / "large.jsonl", size=given.bytes, words=words, other=other)
    recipe(folder, "large", "large.jsonl")
    clock, processor, _, text = run(given.roux, folder, "check", "large.recipe")
    sequences, tokens = tokens_of(text)
    line(f"first check of {given.bytes / 1e9:.1f} GB, {sequences} records of {tokens / sequences:.0f} tokens: s by the clock; "
         "of processor", f"{clock:.1f}; {processor:.1f}")
    again = [run(given.roux, folder, "check", "large.recipe") for _ in range(6)]
    line("the second check: s by the clock; of processor", f"{again[0][0]:.2f}; {again[0][1]:.2f}")
    clocks, processors = [each[0] for each in again[1:]], [each[1] for each in again[1:]]
    line("five more: s by the clock; of processor (median, least, most)",
         "; ".join(f"{median(each):.2f} ({min(each):.2f} to {max(each):.2f})" for each in (clocks, processors)))
    size = next((folder / "runs/large/data").glob("*.store")).stat().st_size
    line(f"bytes of the store a token, {tokens / sequences:.0f} tokens a sequence", f"{size / tokens:.2f}")
    shutil.rmtree(folder / "runs")
    os.remove(folder / "large.jsonl")


def measure_memory(given, folder):
    policies = {"tokens(16Ki), in order": "tokens(16Ki tokens, overflow: cut(right), last: keep)",
                "2 * pack(16Ki, fit: decreasing)":
                "2 * pack(16Ki tokens, fit: decreasing, overflow: cut(right), last: keep)"}
    steps = " | where(sequence.tokens > 1) | shuffle"
    for name, batch in policies.items():
        (folder / "none.jsonl").write_text('{"text": " the of and"}\n' * 100)
        recipe(folder, "none", "none.jsonl", batch, steps)
        base = run(given.roux, folder, "preview", "none.recipe")[2]
        for count in given.sequences:
            corpus(folder / "many.jsonl", records=count, words=6)
            recipe(folder, "many", "many.jsonl", batch, steps)
            clock, processor, peak, _ = run(given.roux, folder, "preview", "many.recipe")
            line(f"{int(count)} sequences, where, shuffle, {name}: bytes of memory a sequence above those of 100; s of "
                 "processor", f"{(peak - base) / count:.1f}; {processor:.1f}")
            shutil.rmtree(folder / "runs")
            os.remove(folder / "many.jsonl")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--bytes", type=float, default=2e9)
    arguments.add_argument("--speed", type=float, default=1e8, help="bytes of the corpus that tokenizing is timed with")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--sequences", type=float, nargs="*", default=[1e6, 1e7])
    arguments.add_argument("--roux", default=str(Path(__file__).resolve().parents[1] / "build/dev/bin/roux"))
    arguments.add_argument("--before", help="the roux of another build")
    given = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="roux-scale-"))
    try:
        model(folder / "model")
        print("| measured | value |\n|---|---|", flush=True)
        measure_speed(given, folder)
        if given.bytes:
            measure_check(given, folder, 60, 0)
            measure_check(given, folder, 60, 1500)
        measure_memory(given, folder)
    finally:
        shutil.rmtree(folder)


main()
