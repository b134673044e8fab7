#!/usr/bin/env python3
"""Tokenizes the same texts with Roux and with the PyPI package `tokenizers`, in one run.

  python3 -m venv V && V/bin/pip install tokenizers
  cmake --build --preset dev --target tokenize-bench
  V/bin/python bench/tokenizer_speed.py [--rounds 9] [--texts FILE.jsonl] [TOKENIZER.json …]

Rounds are interleaved (Roux on one thread, on two, the package on one), because the machine may be
shared; printed are medians, the spread from lowest to highest, and the ratios of the medians. The
package runs encode_batch_fast, its quickest call, which leaves out offsets. Ids are compared first.
"""
import argparse, gzip, json, os, statistics, subprocess, sys, tempfile, time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
import tokenizers

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
reference = os.path.join(root, "..", "shared", "data")


def texts_of(path):
    """The strings of a JSONL file, one text a record: its "text", or its messages one after another."""
    texts = []
    for line in open(path, encoding="utf-8"):
        record = json.loads(line)
        if "text" in record:
            texts.append(record["text"])
        else:
            turns = record.get("messages") or record.get("conversations") or []
            texts.append("\n".join(t.get("content") or t.get("value") or "" for t in turns))
    return [t for t in texts if t]


def package(path):
    opened = gzip.open if path.endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8") as file:
        return tokenizers.Tokenizer.from_str(file.read())


class Roux:
    def __init__(self, path, texts_file):
        program = os.path.join(root, "build", "dev", "bin", "tokenize-bench")
        self.process = subprocess.Popen([program, path, texts_file], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def run(self, threads):
        self.process.stdin.write(f"{threads}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        if not answer:
            sys.exit("error: tokenize-bench stopped")
        return float(answer[0]), float(answer[1]), int(answer[2])


def measure(path, texts, texts_file, rounds):
    theirs, ours = package(path), Roux(path, texts_file)
    size = sum(len(t.encode()) for t in texts) / 1e6
    times = {"roux, 1 thread": [], "roux, 2 threads": [], "tokenizers, 1 thread": []}
    work = []  # processor seconds on one thread over those on two
    for turn in range(rounds + 1):  # the first warms caches and compares
        one, oneWork, tokens = ours.run(1)
        two, twoWork, _ = ours.run(2)
        begin = time.perf_counter()
        encodings = theirs.encode_batch_fast(texts, add_special_tokens=False)
        other = time.perf_counter() - begin
        if turn == 0:
            if (count := sum(len(e.ids) for e in encodings)) != tokens:
                sys.exit(f"error: {path}: {tokens} tokens here, {count} there")
        else:
            work.append(oneWork / twoWork)
            for name, seconds in zip(times, (one, two, other)):
                times[name].append(seconds)
        del encodings
    print(f"{os.path.relpath(path, reference)}: {size:.1f} MB, {len(texts)} texts, {tokens} tokens")
    median = {name: statistics.median(seconds) for name, seconds in times.items()}
    for name, seconds in times.items():
        print(f"  {name:<22} {size / median[name]:7.1f} MB/s   "
              f"({size / max(seconds):.1f} to {size / min(seconds):.1f}, {rounds} rounds)")
    one, two, other = median.values()
    print(f"  roux / tokenizers      {other / one:7.2f} x on one thread")
    print(f"  two threads / one      {one / two:7.2f} x   "
          f"({2 * statistics.median(work):.2f} x were both processors free, by processor time)")


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--texts", default=os.path.join(reference, "chat", "mixed_chat.jsonl"))
    options.add_argument("tokenizers", nargs="*", default=[
        os.path.join(reference, "tokenizers", name) for name in
        ("gpt2/tokenizer.json.gz", "dolma2-cl100k/tokenizer.json", "gpt-neox-olmo/tokenizer.json")])
    given = options.parse_args()
    texts = texts_of(given.texts)
    print(f"tokenizers {tokenizers.__version__}, {os.cpu_count()} CPUs")
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.writelines(json.dumps({"text": t}) + "\n" for t in texts)
        file.flush()
        for path in given.tokenizers:
            measure(path, texts, file.name, given.rounds)


main()
