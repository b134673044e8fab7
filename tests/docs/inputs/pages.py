"""Every `roux` command in the ```sh blocks of the README and of docs/, run in a folder with the files they name; every
relative link leads to a file.

    pages.py PROJECT
"""
import pathlib
import re
import shlex
import subprocess
import sys

from toy_cookbook import sizes, toy, write_files

project = pathlib.Path(sys.argv[1]).resolve()
pages = [project / "README.md", *sorted((project / "docs").glob("*.md"))]
write_files()
pathlib.Path("questions.txt").write_text("Where is the bird?\n")
for recipe in (project / "docs/cookbook").glob("*.recipe"):
    pathlib.Path(recipe.name).write_bytes(recipe.read_bytes())

commands = recipes = 0
for page in pages:
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if "://" not in target:
            toy.check(f"{page.name}: {target} is there", (page.parent / target).exists())
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S):
        for line in block.splitlines():
            words = shlex.split(line)
            assert words[0] == "roux", line
            if words[1] != "runs" and not any(word.startswith("window=") for word in words):
                for name, value in sizes(pathlib.Path(words[2])).items():
                    at = words.index("<") if "<" in words else len(words)
                    words[at:at] = ["--set", f"{name}={value}"]
            answered = None
            if "<" in words:
                at = words.index("<")
                answered = open(words[at + 1])
                del words[at:at + 2]
            said = subprocess.run(words, stdin=answered, capture_output=True, text=True)
            commands += 1
            toy.check(line, said.returncode == 0, said.stdout + said.stderr)
    # What stands in a line or a table is not whole, but its verbs and flags are there.
    for line in re.findall(r"`(roux [a-z][^`]*)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)):
        words = line.replace("\\|", " ").split()
        verb = words[1]
        known = subprocess.run(["roux", verb, "--help"], capture_output=True, text=True)
        toy.check(f"{page.name}: there is a verb '{verb}'", known.returncode == 0, line)
        for flag in re.findall(r"(?<![\w-])--[a-z][a-z_-]*", line):
            toy.check(f"{page.name}: {verb} has {flag}", flag.replace("-", "_") in known.stdout.replace("-", "_"), line)
    # A recipe, or a part of one, is laid out as roux fmt would.
    for block in re.findall(r"^```\n(.*?)^```", text, re.M | re.S):
        if re.match(r"(data|train|model|eval|param|seed) ?\S+ ?[={]", block) and page.name != "mistakes.md":
            said = subprocess.run(["roux", "fmt", "-"], input=block, capture_output=True, text=True)
            toy.check(f"{page.name}: a recipe that is one", said.returncode == 0, said.stderr)
            recipes += 1
toy.check("there were commands and recipes", commands > 0 and recipes > 0)
