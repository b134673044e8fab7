#!/usr/bin/env python3
"""Reads every recipe with the TextMate grammar, as an editor would.

A walker for the part of TextMate that the grammar uses: `match` with captures, `begin`/`end`, `include`.
It fails where a character other than a blank gets no scope, where a definition's name is not coloured
as one, and where the grammar's reserved words are not those of the parser.
"""
import json
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
grammar = json.loads((root / "editors/roux.tmLanguage.json").read_text())
repository = grammar["repository"]


def flatten(patterns):
    for pattern in patterns:
        if "include" in pattern:
            target = repository[pattern["include"][1:]]
            yield from flatten([target] if "match" in target or "begin" in target else target["patterns"])
        else:
            yield pattern


def compiled(patterns):
    return [(re.compile(p.get("match", p.get("begin"))), p) for p in flatten(patterns)]


top = compiled(grammar["patterns"])
inner = {id(p): (compiled(p["patterns"]), re.compile(p["end"])) for _, p in top if "begin" in p}


def tokenise(text):
    """Yields (line number, text, scope) and (line number, character, None) where nothing matches."""
    stack = []
    for number, line in enumerate(text.splitlines(), 1):
        at = 0
        while at <= len(line):
            patterns, end = (inner[id(stack[-1])] if stack else (top, None))
            best = None
            for expression, pattern in patterns:
                found = expression.search(line, at)
                if found and (best is None or found.start() < best[0].start()):
                    best = (found, pattern)
            closes = end.search(line, at) if end else None
            if closes and (best is None or closes.start() <= best[0].start()):
                yield number, line[at:closes.end()], stack.pop()["name"]
                at = closes.end()
                if at == len(line):
                    break
                continue
            if best is None:
                if stack:
                    yield number, line[at:], stack[-1]["name"]
                else:
                    yield from ((number, c, None) for c in line[at:] if not c.isspace())
                break
            found, pattern = best
            gap = line[at:found.start()]
            if stack:
                yield number, gap, stack[-1]["name"]
            else:
                yield from ((number, c, None) for c in gap if not c.isspace())
            if "begin" in pattern:
                stack.append(pattern)
            elif "captures" in pattern:
                for group, capture in pattern["captures"].items():
                    if found.group(int(group)):
                        yield number, found.group(int(group)), capture["name"]
            else:
                yield number, found.group(), pattern["name"]
            at = max(found.end(), at + (found.end() == at))
    if stack:
        yield number, "a text that never ends", None


failures = []
recipes = sorted((root / "recipes").rglob("*.recipe")) + [root / "tests/frontend/fuzz/corpus/objective.recipe",
                                                          root / "tests/frontend/fuzz/corpus/score.recipe"]
for recipe in recipes:
    text = recipe.read_text()
    tokens = list(tokenise(text))
    failures += [f"{recipe}:{line}: no scope for {what!r}" for line, what, scope in tokens if scope is None]
    named = {what for _, what, scope in tokens if scope == "entity.name.type.recipe"}
    # Written apart from the grammar: a definition begins its line without a blank before it.
    kinds = "param|prompt|tokenizer|model|data|score|train|eval"
    for name in re.findall(rf"^(?:{kinds})\s+(\w+)\s*[={{]", text, re.M):
        if name not in named:
            failures.append(f"{recipe}: the definition '{name}' is not seen as one")

words = (root / "compiler/frontend/Words.cpp").read_text()
for word in re.findall(r'"(\w+)"', words[words.index("kinds[]"):words.index("static bool has")]):
    scopes = {scope for text in (f"{word} x = 1", f"{word} {{", f"a {word} b", f"{word}") for _, what, scope in tokenise(text)
              if what == word}
    if scopes <= {"variable.other.recipe"}:
        failures.append(f"the reserved word '{word}' is coloured as any other")

print("\n".join(failures) or f"{len(recipes)} recipes tokenised")
sys.exit(bool(failures))
