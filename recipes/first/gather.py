#!/usr/bin/python3
# What recipes/first.recipe reads, made from two Debian packages: books and manual pages as plain text, and
# conversations about them. Nothing else is asked of the network, so the first run is the same everywhere. Written
# into data/ beside this file, whole or not at all; when nothing would change, nothing is written.
import json
import os
import random
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import bible
import facts
import manual
from missing import Missing


def conversation(source, turns):
    messages = [{"role": role, "content": text} for turn in turns for role, text in zip(("user", "assistant"), turn)]
    return json.dumps({"messages": messages, "source": source}, ensure_ascii=False)


def files():
    """Path below data/ -> bytes. The order of conversations is drawn once, with a seed of its own."""
    draw = random.Random(20240131)
    verses, pages, said = bible.verses(), manual.pages(), facts.said(random.Random(20261130))
    out = {f"bible/{name}.txt": text for name, text in bible.books(verses)}
    out |= {f"manual/{name}.txt": text for name, text in pages.items() if manual.is_read(name, text)}
    conversations = {
        "quotes": [("bible", turns) for turns in bible.quotations(verses, draw)],
        "modules": [("manual", turns) for turns in manual.questions(pages)],
        "short": [("bible", turns) for turns in bible.completions(verses, draw)]
        + [("manual", turns) for turns in manual.terms()],
        "facts": [("facts", turns) for turns in facts.conversations(said["taught"])],
    }
    for name, rows in conversations.items():
        draw.shuffle(rows)
        out[f"chats/{name}.jsonl"] = "".join(conversation(source, turns) + "\n" for source, turns in rows)
    out["facts.jsonl"] = "".join(json.dumps({"text": text}) + "\n" for text in facts.read(said["read"]))
    out["asked.jsonl"] = "".join(json.dumps(each) + "\n" for each in facts.questions(said["asked"]))
    return {name: text.encode() for name, text in out.items()}


def present(folder):
    found = {}
    for at, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(at, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = file.read()
    return found


def write(folder, contents):
    """A new folder beside the old one, then two renames: a reader never sees half of it."""
    fresh, old = folder + ".new", folder + ".old"
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    for name, text in contents.items():
        path = os.path.join(fresh, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(text)
    if os.path.exists(folder):
        os.rename(folder, old)
    os.rename(fresh, folder)
    shutil.rmtree(old, ignore_errors=True)


def main(arguments):
    if len(arguments) > 1:
        sys.exit("usage: gather.py [FOLDER]")
    folder = arguments[0] if arguments else os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
    folder = folder.rstrip("/")
    try:
        contents = files()
        unchanged = present(folder) == contents
        if not unchanged:
            write(folder, contents)
    except (Missing, OSError) as error:
        sys.exit(f"gather.py: error: {error}")
    size = sum(len(text) for text in contents.values()) / 1e6
    shown = os.path.relpath(folder)
    print(f"{shown}: " + ("nothing changed" if unchanged else f"{len(contents)} files, {size:.1f} MB"))


if __name__ == "__main__":
    main(sys.argv[1:])
