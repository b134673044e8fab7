"""The files that the recipes of the cookbook name, and sizes that fit them."""
import pathlib
import random
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "systems/inputs"))
import toy  # noqa: E402

SIZES = {"window": 512, "short": 100, "lengths": "[250, 400]"}


def conversations(path, count, seed):
    """Of one to three questions each."""
    draw, records = random.Random(seed), []
    for i in range(count):
        messages = []
        for turn in range(draw.randint(1, 3)):
            messages += [{"role": "user", "content": toy.prose(draw.randint(10, 60), f"q{seed}{i}{turn}")},
                         {"role": "assistant", "content": toy.prose(draw.randint(10, 60), f"a{seed}{i}{turn}")}]
        records.append({"messages": messages})
    toy.lines(path, *records)


def write_files():
    toy.write_model("model", context=512)
    conversations("chats.jsonl", 80, 1)
    conversations("more.jsonl", 60, 2)
    toy.lines("docs.jsonl", *({"text": f"{toy.prose(150, i)}```x = {i}```{toy.prose(40, -i)}"} for i in range(60)))
    toy.lines("preferences.jsonl", *({"prompt": toy.prose(30, i), "chosen": toy.prose(20, -i), "rejected": toy.prose(25, i + 1)}
                                     for i in range(40)))
    toy.lines("pairs.jsonl", *({"prompt": toy.prose(30, i), "completion": toy.prose(20, -i)} for i in range(40)))


def sizes(recipe):
    """The toy's value of each param that `recipe`, a path, has."""
    names = re.findall(r"^param (\w+)", recipe.read_text(), re.M)
    return {name: SIZES[name] for name in names if name in SIZES}
