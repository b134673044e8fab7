"""A training of seconds through `roux run`, for scripts that do something to it.

The first train of tiny.recipe with its keys replaced, in the current folder; roux on PATH.
"""
import atexit
import json
import os
import pathlib
import re
import subprocess


def write(name, recipes, run="", steps=30, extra="", **keys):
    """NAME.recipe: RECIPES/tiny.recipe with train keys replaced and a run block."""
    text = (pathlib.Path(recipes) / "tiny.recipe").read_text().replace('"tiny/', f'"{recipes}/tiny/')
    head, train = text.split("train read {", 1)
    train, rest = train.split("}\n", 1)
    for key, value in {"length": f"{steps} steps", **keys}.items():
        train = re.sub(rf"(?m)^  {key}:.*\n", "", train) + (f"  {key}: {value}\n" if value else "")
    text = head + "train read {" + train + "}\n" + rest + extra + (f"\nrun {{ {run} }}\n" if run else "")
    pathlib.Path(f"{name}.recipe").write_text(text)


def start(name, *arguments, target="read"):
    return subprocess.Popen(["roux", "run", f"{name}.recipe", "--target", target, *arguments],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def run(name, *arguments, target="read"):
    """The exit status and all that was said."""
    process = start(name, *arguments, target=target)
    said = process.communicate()[0]
    return process.returncode, said


def done(name, *arguments, target="read"):
    status, said = run(name, *arguments, target=target)
    assert status == 0, said
    return said


def folder(name, train="read"):
    """Where the train is."""
    found = list(pathlib.Path("runs", name).glob(f"{train}-*"))
    assert len(found) == 1, found
    return found[0]


def weights(name, train="read"):
    return (folder(name, train) / "model/model.safetensors").read_bytes()


def metrics(name, train="read"):
    return [json.loads(line) for line in (folder(name, train) / "metrics.jsonl").read_text().splitlines()]


def leftovers(where="runs"):
    return [str(path) for path in pathlib.Path(where).rglob("*.tmp*")]


def resident(process):
    """Bytes of a process in memory."""
    return int(pathlib.Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def say(claim, holds, otherwise=""):
    """Prints the claim, or what was found instead, and then the script fails at its end."""
    print(claim if holds else f"not: {claim}: {otherwise}", flush=True)
    if not holds:
        atexit.register(os._exit, 1)
