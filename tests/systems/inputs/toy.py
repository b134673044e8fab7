"""What the tests of the shipped recipes share: a model of a few thousand weights whose tokens are bytes, and small data.

Everything is drawn from a fixed seed; a model that has learnt nothing is enough to see which rows, positions, weights and
scores it is given.
"""
import json
import pathlib
import random
import re
import subprocess
import sys

import numpy

SPECIALS = ["<s>", "</s>"]
TEMPLATE = ("{{ bos_token }}{% for m in messages %}{{ '[' + m['role'] + ']' }}{{ m['content'] }}"
            "{% if m['role'] == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}")


def byte_letters():
    """GPT-2's letter for each byte."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters, other = {}, 0
    for byte in range(256):
        letters[byte] = chr(byte) if byte in plain else chr(256 + other)
        other += byte not in plain
    return letters


def write_tokenizer(folder):
    letters = byte_letters()
    vocabulary = {letters[byte]: byte for byte in range(256)}
    added = [{"id": 256 + i, "content": word, "special": True, "single_word": False, "lstrip": False, "rstrip": False,
              "normalized": False} for i, word in enumerate(SPECIALS)]
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    (folder / "tokenizer.json").write_text(json.dumps({
        "version": "1.0", "added_tokens": added, "normalizer": None, "pre_tokenizer": level, "post_processor": None,
        "decoder": level, "model": {"type": "BPE", "vocab": vocabulary, "merges": []}}))
    (folder / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>",
        "chat_template": TEMPLATE}))


def write_tensors(path, tensors):
    table, at = {}, 0
    for name, tensor in tensors.items():
        table[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [at, at + tensor.nbytes]}
        at += tensor.nbytes
    head = json.dumps(table).encode()
    head += b" " * (-len(head) % 8)
    path.write_bytes(len(head).to_bytes(8, "little") + head + b"".join(tensor.tobytes() for tensor in tensors.values()))


def write_model(path, context=512, seed=1, scale=0.2, layers=1, dim=32, heads=2, ffn=48):
    """A Llama of random weights in Hugging Face's layout; its parameters by name."""
    folder = pathlib.Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    draw = numpy.random.default_rng(seed)
    rows = 256 + len(SPECIALS)
    shapes = {"model.embed_tokens.weight": (rows, dim), "model.norm.weight": (dim,), "lm_head.weight": (rows, dim)}
    for layer in range(layers):
        prefix = f"model.layers.{layer}."
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            shapes[f"{prefix}self_attn.{name}.weight"] = (dim, dim)
        shapes |= {f"{prefix}mlp.gate_proj.weight": (ffn, dim), f"{prefix}mlp.up_proj.weight": (ffn, dim),
                   f"{prefix}mlp.down_proj.weight": (dim, ffn), f"{prefix}input_layernorm.weight": (dim,),
                   f"{prefix}post_attention_layernorm.weight": (dim,)}
    tensors = {name: (numpy.ones(shape) if len(shape) == 1 else draw.normal(0, scale, shape)).astype("<f4")
               for name, shape in shapes.items()}
    write_tensors(folder / "model.safetensors", tensors)
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": dim, "intermediate_size": ffn,
        "num_hidden_layers": layers, "num_attention_heads": heads, "num_key_value_heads": heads, "vocab_size": rows,
        "max_position_embeddings": context, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu",
        "tie_word_embeddings": False, "torch_dtype": "float32", "bos_token_id": 256, "eos_token_id": 257}))
    write_tokenizer(folder)
    return tensors


# Rows of an answering model beside those of its tokenizer, which its attention writes to.
SPARE = 8


def write_answerer(path, answers, context=1024, veto=None):
    """A model that answers by rule: `answers` maps the last letter of what it is asked to all that it says then. `veto` is
    a letter, the last letter of a question, and what is said instead where the letter stands anywhere before it."""
    folder = pathlib.Path(path)
    tensors = write_model(folder, context=context)
    said = list(dict.fromkeys([*answers.values(), *([veto[2]] if veto else [])]))
    rows = 256 + len(SPECIALS) + len(said)
    dim = (rows + SPARE + 7) // 8 * 8
    ids = {text: 256 + len(SPECIALS) + i for i, text in enumerate(said)}
    shapes = {name: tuple({32: dim, 48: 8, 258: rows}[n] for n in tensor.shape) for name, tensor in tensors.items()}
    made = {name: numpy.ones(shape, "<f4") if len(shape) == 1 else numpy.zeros(shape, "<f4") for name, shape in shapes.items()}
    embed, head = made["model.embed_tokens.weight"], made["lm_head.weight"]
    embed[range(rows), range(rows)] = 1
    for letter, text in answers.items():
        head[ids[text], ord(letter)] = 1 if veto and letter == veto[1] else 1e6
    for text in said:
        head[257, ids[text]] = 1e6
    if veto:  # every token sees how much of what is before it is the letter
        layer = "model.layers.0.self_attn."
        made[layer + "v_proj.weight"][rows, ord(veto[0])] = 1e3
        made[layer + "o_proj.weight"][rows, rows] = 1
        head[ids[veto[2]], rows] = 1
    write_tensors(folder / "model.safetensors", made)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "hidden_size": dim, "intermediate_size": 8, "vocab_size": rows}))
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["added_tokens"] += [{"id": i, "content": text, "special": False, "single_word": False, "lstrip": False,
                                   "rstrip": False, "normalized": False} for text, i in ids.items()]
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    template = "{% for m in messages %}{{ m['content'] }}{% if m['role'] == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
    (folder / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>", "chat_template": template}))


WORDS = ("the old king of a far land sent his youngest son to find what no one had seen and he went over hills and rivers "
         "until night fell then a small bird sang of gold under the stone by the well").split()


def prose(length, seed):
    """Sentences of exactly `length` bytes."""
    draw, text = random.Random(seed), ""
    while len(text) < length:
        sentence = " ".join(draw.choice(WORDS) for _ in range(draw.randint(4, 9))) + ". "
        text += sentence.capitalize()
    return text[:length]


def lines(path, *records):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def texts(path, lengths, seed=0, **fields):
    lines(path, *({"text": prose(length, f"{seed} {path} {i}"), **{k: v(i) for k, v in fields.items()}}
                  for i, length in enumerate(lengths)))


def chats(path, count, longest, seed=0, empty=0):
    """Conversations; the last `empty` have an answer without words."""
    draw, records = random.Random(f"{seed} {path}"), []
    for i in range(count + empty):
        ask, answer = prose(draw.randint(10, longest), f"q{seed}{i}"), prose(draw.randint(10, 60), f"a{seed}{i}")
        records.append({"messages": [{"role": "user", "content": ask},
                                     {"role": "assistant", "content": answer if i < count else ""}]})
    lines(path, *records)


class Recipe:
    """A shipped recipe, unchanged, in the current folder, with values for its params and keys of run."""

    def __init__(self, recipes, name, run="--dtype f32 --threads 1 --save none --memory 4GB", **params):
        for file in pathlib.Path(recipes).glob("*.recipe"):
            pathlib.Path(file.name).write_bytes(file.read_bytes())
        self.name = name
        self.set = [word for key, value in params.items() for word in ("--set", f"{key}={value}")]
        self.run_keys = run.split()

    def roux(self, verb, *words, fails=False):
        """What the verb says; its failure ends the test, unless it must fail."""
        keys = self.run_keys if verb in ("run", "check", "eval") else []  # of others they change nothing
        said = subprocess.run(["roux", verb, f"{self.name}.recipe", *words, *self.set, *keys], capture_output=True,
                              text=True)
        text = said.stdout + said.stderr
        assert (said.returncode != 0) == fails, f"roux {verb} {self.name}: {said.returncode}\n{text}"
        return text

    def run(self, *words):
        said = self.roux("run", *words)
        assert "report: " in said, said
        return said

    def steps(self, train):
        """The plan of a train: for each step its packs, each a list of sequences."""
        plan = self.roux("inspect", "--emit=plan", "--target", train)
        found = []
        for line in plan.splitlines():
            if re.match(r"^step \d+:", line):
                found.append([])
            elif re.match(r"^  pack \d+:", line):
                found[-1].append([])
            elif placed := re.match(r"^    @(\d+) ([^:]+):(\d+)(.*?): (\d+) tokens, (\d+) positions, (\d+) targets(.*)", line):
                found[-1] = found[-1] or [[]]
                found[-1][-1].append({"offset": int(placed[1]), "source": placed[2], "record": int(placed[3]),
                                      "whole": "[" not in placed[4], "tokens": int(placed[5]), "positions": int(placed[6]),
                                      "targets": int(placed[7]), "gaps": placed[8]})
        return found, plan

    def folder(self, name):
        found = [path for path in pathlib.Path("runs", self.name).glob(f"{name}-*") if path.is_dir()]
        assert len(found) == 1, (name, found)
        return found[0]

    def metrics(self, train):
        return [json.loads(line) for line in (self.folder(train) / "metrics.jsonl").read_text().splitlines()]

    def eval(self, name):
        found = list(pathlib.Path("runs", self.name, "evals").glob(f"{name}-*.json"))
        assert len(found) == 1, (name, found)
        return {task["name"]: task for task in json.loads(found[0].read_text())["tasks"]}

    def tensors(self, name):
        return read_tensors(self.folder(name) / "model/model.safetensors")


def read_tensors(path):
    data = pathlib.Path(path).read_bytes()
    size = int.from_bytes(data[:8], "little")
    found = {}
    for name, entry in json.loads(data[8:8 + size]).items():
        if name == "__metadata__":
            continue
        first, last = entry["data_offsets"]
        bits = numpy.frombuffer(data[8 + size + first:8 + size + last], "<u2" if entry["dtype"] == "BF16" else "<f4")
        if entry["dtype"] == "BF16":
            bits = (bits.astype("<u4") << 16).view("<f4")
        found[name] = bits.reshape(entry["shape"])
    return found


def check(claim, holds, otherwise=""):
    if not holds:
        sys.exit(f"not: {claim}: {otherwise}")
    print(claim, flush=True)
