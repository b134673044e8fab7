#!/usr/bin/env python3
"""Diagnostics of recipes that no test shows: each is listed, and any of the front end makes this fail.

    unexercised.py [--all]     (--all: those of the plan and the tools, which need data or a model, are listed too)

A diagnostic is a call that reports (`error`, `mismatch`, `RefusedRecipe`, …); it is shown by a test that holds one of the
pieces of its text without a value in it.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
REPORTS = re.compile(r"(?:\.error|\berror|\bmismatch|\breport|\brefuse|\bRefusedRecipe|\bexpected|\bexpectedFirst)\(")
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
SHORTEST = 12  # below, a piece is found anywhere


def joined(text):
    """`text` with string literals that stand side by side as one."""
    return re.sub(r'"\s*\n\s*"', "", text)


def call(text, start):
    """The arguments of the call that is open at `start`."""
    depth, at = 1, start
    while depth and at < len(text):
        if text[at] == '"':
            at = LITERAL.match(text, at).end() - 1 if LITERAL.match(text, at) else at
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
    return text[start:at - 1]


def pieces(arguments):
    for literal in LITERAL.findall(arguments):
        plain = literal.replace('\\"', '"').replace("{{", "\0").replace("}}", "\1")
        yield from re.split(r"\{[^{}]*\}|\\.", plain)


def shown(path):
    return joined(path.read_text(errors="ignore")).replace('\\"', '"')


tests = "\n".join(shown(path) for path in sorted((ROOT / "tests").rglob("*"))
                  if path.suffix in (".cpp", ".h", ".py", ".test", ".recipe", ".mlir", ".txt") and path.is_file()
                  and path != pathlib.Path(__file__).resolve())
count, missing = 0, []
for folder in ("compiler/frontend", "compiler/plan", "compiler/tools")[:3 if "--all" in sys.argv else 1]:
    for path in sorted((ROOT / folder).rglob("*.cpp")):
        original = path.read_text()
        text = joined(original)
        for found in REPORTS.finditer(text):
            texts = [piece.replace("\0", "{").replace("\1", "}").strip(" (") for piece in pieces(call(text, found.end()))]
            texts = sorted((piece for piece in texts if len(piece) >= SHORTEST), key=len, reverse=True)
            if not texts:
                continue  # it passes on what was said elsewhere
            count += 1
            if not any(piece in tests for piece in texts):
                missing.append(f"{path.relative_to(ROOT)}: {texts[0]!r}")
print("\n".join(missing))
print(f"{count} diagnostics, {len(missing)} that no test shows")
sys.exit(1 if missing else 0)
