"""`roux import` on configs as people have them.

    import_configs.py FOLDER

Each becomes a recipe without errors, or is refused by name. No key is passed over in silence: another value of it changes
the recipe or the list of what was decided, or the list names it.
"""
import pathlib
import subprocess
import sys

import yaml

REFUSED = {"axolotl-dpo": "'rl: dpo' is a loss of pairs of answers", "factory-dpo": "'stage: dpo' is a loss of pairs of answers",
           "trl-grpo": "'num_generations' is of an objective"}
MADE = {
    "axolotl-full-packed": ["units  = 8", "pack(window, fit: best, overflow: drop", "all | sample(5%)" , "warmup(3%), cosine(to: 0)",
                            "adamw(lr: 2e-05, decay: 0.1)", "length:    3 epochs", "recompute: layers"],
    "axolotl-pretrain": ["text(\"corpus/books.jsonl\", ends: eos)", "target:    true", "length:    2000 steps",
                         "betas: [0.9, 0.95]", "epsilon: 1e-05", "save: every(500 steps, keep: 2)", "warmup(100 steps)"],
    "axolotl-unpacked": ["where(sequence.tokens <= window)", "each(units", "concat(", "template: chatml", "constant]"],
    "axolotl-inputs": ["target:    true", "sorted(group: 8", "seed 7"],
    "axolotl-lora": ["adapt: lora(rank: 16, alpha: 32, on: [gate, down, query], dropout: 0.05)"],
    "factory-lora": ["role == assistant and turn.index == turns - 1", "overflow: cut(right)", "adapt: lora(rank: 8, alpha: 16)",
                     "during: every(100 steps)"],
    "factory-full": ["cut(window, side: right)", "warmup(10%)", "template: llama3"],
    "trl-sft": ["target:    true"],
    "trl-assistant": ["target:    role == assistant", "clip:      0.5", "schedule:  [constant]", "seed 3"],
}


def imported(path):
    return subprocess.run(["roux", "import", path], capture_output=True, text=True)


def other(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value * 2 + 1
    if isinstance(value, str):
        return "something"
    return None


count = 0
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.yaml")):
    said = imported(path)
    if path.stem in REFUSED:
        assert said.returncode == 1 and REFUSED[path.stem] in said.stderr and f"{path.name}:" in said.stderr, said
        continue
    assert said.returncode == 0, (path, said)
    recipe = pathlib.Path(f"{path.stem}.recipe")
    recipe.write_text(said.stdout)
    checked = subprocess.run(["roux", "check", "--no-files", recipe], capture_output=True, text=True)
    assert checked.returncode == 0, (path, checked, said.stdout)
    formatted = subprocess.run(["roux", "fmt", "--check", recipe], capture_output=True, text=True)
    assert formatted.returncode == 0, (path, said.stdout)
    for text in MADE.get(path.stem, []):
        text = text.replace("all | sample", "source1 | sample")
        assert text in said.stdout, (path, text, said.stdout)
    for line in said.stderr.splitlines():
        kind = line.split()[0]
        assert kind in ("decided", "missing", "unknown", "harmless"), line
        assert kind == "harmless" or line in said.stdout, (line, said.stdout)
    keys = yaml.safe_load(path.read_text())
    for key, value in keys.items():
        count += 1
        if value is None or key in ("base_model", "model_name_or_path") or f" {key}: " in said.stderr:
            continue
        changed = dict(keys)
        if (value := other(value)) is None:
            changed.pop(key)
        else:
            changed[key] = value
        pathlib.Path("changed.yaml").write_text(yaml.safe_dump(changed))
        again = imported("changed.yaml")
        names = lambda text: text.replace("changed.yaml", "").replace(str(path), "")
        same = names(again.stdout) == names(said.stdout) and names(again.stderr) == names(said.stderr)
        assert not same, (path.stem, key, value, "passed over in silence")

for text, expected in (("a: [", "no YAML"), ("- 1\n- 2\n", "expected keys with values"), ("x: 1\n", "no config of axolotl"),
                       ("base_model: m\n", "it names no data"),
                       ("base_model: m\ndatasets: [a.jsonl]\nlearning_rate: fast\n", "bad.yaml:3: expected a number"),
                       ("x: &a [1]\n" + "".join(f"k{i}: [*a, *a]\n" for i in range(9)), "no config of axolotl"),
                       ("[" * 100000, "no YAML"), ("a" * 2000000, "more than a megabyte"), ("", "is empty")):
    pathlib.Path("bad.yaml").write_text(text)
    said = imported("bad.yaml")
    assert said.returncode == 1 and expected in said.stderr, (text[:40], said)
hostile = pathlib.Path("quoted.yaml")
hostile.write_text(yaml.safe_dump({"base_model": 'm"}\n#x', "datasets": ['a"\\{b}.jsonl'], "my\nkey": 1}))
said = imported(hostile)
pathlib.Path("quoted.recipe").write_text(said.stdout)
checked = subprocess.run(["roux", "check", "--no-files", "quoted.recipe"], capture_output=True, text=True)
assert checked.returncode == 0, (said.stdout, checked)
print(count, "keys")
