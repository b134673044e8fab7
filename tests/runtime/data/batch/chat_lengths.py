"""Lengths and target counts of the reference chats, under a fixed tokenization: four bytes a token.

Which tokenizer it is does not matter to a packer; that it is the same on both sides does.
"""
import json
import os
import subprocess
import sys


def chats(data):
    """(tokens, targets) of each record, targets last; the EOS after the last answer is one of them."""
    path = os.path.join(data, "chat", "mixed_chat.jsonl")
    if not os.path.exists(path):
        print(f"skipped: {path} is absent")
        sys.exit(77)
    rows = []
    for line in open(path, encoding="utf-8"):
        asked = answered = 0
        for message in json.loads(line)["messages"]:
            size = -(-len(message["content"].encode()) // 4)
            if message["role"] == "assistant":
                answered += size + 1
            else:
                asked += size + 2
        rows.append((asked + answered, answered))
    return rows


def plan(program, sequences, *options):
    """What the library plans: `sequences` are lines of record, part, tokens, targets[, "label"]."""
    text = "\n".join(" ".join(map(str, sequence)) for sequence in sequences)
    done = subprocess.run([program, *map(str, options)], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def records(pack):
    return [sequence[0] for sequence in pack["sequences"]]


def ledger(plan, fate, rule):
    for line in plan["ledger"]:
        if line["fate"] == fate and line["rule"] == rule:
            return line
    return {"sequences": 0, "tokens": 0, "targets": 0}
