#!/usr/bin/env python3
"""Training steps of one pack by `roux run` and by PyTorch: the same weights, tokens, loss and AdamW.

    bench/gpu/step.py SHAPE [--device cuda|cpu|simt] [--steps 4] [--roux build/dev/bin/roux] [--peers eager,compiled] [--folder F]
    bench/gpu/step.py SHAPE --prepare --folder F    then, in F: roux inspect step.recipe --emit=table --arch sm_90a --memory 80GB

SHAPE is tiny, small32k or llama1b (Llama 3.2 1B's, 65 536 tokens in 12 segments). Losses are compared first: a row whose losses
differ shows nothing. bf16 products over f32 weights on both sides. The last line is JSON; `peak_fraction` is of 989 TFLOP/s on
an H100 or H200, useful operations only: 6 a matrix element and token, and attention's causal half. PyTorch has the GPU's
fastest way it has for a pack: attention segment by segment, layers compiled, each computed again for its gradient where a
step would not fit otherwise. It runs in the Python that runs this, with nothing compiled before. `--prepare` writes the
recipe, data and model and runs nothing; its weights are zeros that take no room on the disk: for what asks the compiler only.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
TWELVE = [700, 512, 256, 160, 128, 96, 64, 48, 32, 24, 16, 12]  # a pack of long-context fine-tuning
SHAPES = {  # layers, channels, heads, heads of keys, feed-forward, vocabulary, tied, segments
    "tiny": (2, 64, 4, 2, 176, 512, False, [33, 20, 11]),
    "small32k": (6, 384, 6, 2, 1024, 32000, False, TWELVE),
    "llama1b": (16, 2048, 32, 8, 8192, 128256, True, [32 * n for n in TWELVE]),
}
RECOMPUTED = {"llama1b"}  # by PyTorch: what its layers keep does not fit
RATE, BETAS, EPSILON, THETA = 1e-3, (0.9, 0.95), 1e-5, 500000.0
PEAK = 989e12
TOLERANCE = (2e-3, 1e-2)  # of the first loss, of the later ones
RECIPE = """# {steps} steps of one pack: what bench/gpu/step.py times.
seed 7
model base = load("model") {{ template: plain }}
data  packs = tokens("ids.jsonl")
train timed {{
  model:     base
  data:      packs
  target:    true
  weight:    1 / step.targets
  batch:     pack({tokens} tokens, fit: next, overflow: error, last: keep)
  optimizer: adamw(lr: {rate}, betas: [{b1}, {b2}], decay: 0)
  length:    {steps} steps
}}
run {{ dtype: bf16, device: {device}, save: none }}
"""


def tensors_of(shape):
    """Names and sizes; what has one dimension is a norm's."""
    layers, dim, heads, kv_heads, ffn, vocabulary, tied, _ = shape
    keys = dim // heads * kv_heads
    yield "model.embed_tokens.weight", (vocabulary, dim)
    for i in range(layers):
        at = f"model.layers.{i}."
        for name, rows, columns in (("self_attn.q_proj", dim, dim), ("self_attn.k_proj", keys, dim),
                                    ("self_attn.v_proj", keys, dim), ("self_attn.o_proj", dim, dim),
                                    ("mlp.gate_proj", ffn, dim), ("mlp.up_proj", ffn, dim),
                                    ("mlp.down_proj", dim, ffn)):
            yield f"{at}{name}.weight", (rows, columns)
        yield f"{at}input_layernorm.weight", (dim,)
        yield f"{at}post_attention_layernorm.weight", (dim,)
    yield "model.norm.weight", (dim,)
    if not tied:
        yield "lm_head.weight", (vocabulary, dim)


def write_safetensors(path, shape, is_drawn):
    header, at, rng = {}, 0, np.random.default_rng(7)
    for name, size in tensors_of(shape):
        header[name] = {"dtype": "F32", "shape": size, "data_offsets": [at, at + 4 * int(np.prod(size))]}
        at = header[name]["data_offsets"][1]
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        if not is_drawn:
            file.truncate(file.tell() + at)
            return
        for _, size in tensors_of(shape):
            file.write(np.ones(size, np.float32) if len(size) == 1 else rng.standard_normal(size, np.float32) * np.float32(0.02))


def write_model(folder, shape, is_drawn):
    layers, dim, heads, kv_heads, ffn, vocabulary, tied, segments = shape
    folder.mkdir()
    write_safetensors(folder / "model.safetensors", shape, is_drawn)
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": dim, "intermediate_size": ffn,
        "num_hidden_layers": layers, "num_attention_heads": heads, "num_key_value_heads": kv_heads,
        "vocab_size": vocabulary, "max_position_embeddings": max(segments), "rms_norm_eps": EPSILON, "rope_theta": THETA,
        "hidden_act": "silu", "tie_word_embeddings": tied, "torch_dtype": "float32"}))


def write_tokenizer(folder, vocabulary):
    """Records are ids, but a model that is trained brings a tokenizer: all bytes, and a word for every other id."""
    letters = [chr(n) if 33 <= n <= 126 or 161 <= n <= 172 or n >= 174 else "" for n in range(256)]
    spare = iter(range(256, 512))
    vocab = {letter or chr(next(spare)): n for n, letter in enumerate(letters)}
    vocab.update((f"word{n}", n) for n in range(256, vocabulary))
    (folder / "tokenizer.json").write_text(json.dumps({
        "version": "1.0", "added_tokens": [], "normalizer": None, "post_processor": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True},
        "decoder": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": vocab, "merges": []}}))


def write_step(folder, shape, steps):
    """The pack, as records for us and as columns for the peer."""
    layers, dim, heads, kv_heads, _, vocabulary, _, segments = shape
    rng = np.random.default_rng(8)
    ids = [rng.integers(0, vocabulary, n).tolist() for n in segments]
    (folder / "ids.jsonl").write_text("".join(json.dumps({"ids": each}) + "\n" for each in ids))
    bounds = np.cumsum([0, *segments]).tolist()
    step = {"layers": layers, "channels": dim, "heads": heads, "kv_heads": kv_heads, "theta": THETA, "epsilon": EPSILON,
            "rate": RATE, "betas": BETAS, "tokens": sum(ids, []), "labels": sum((each[1:] + [-1] for each in ids), []),
            "positions": sum((list(range(n)) for n in segments), []), "segments": bounds,
            "targets": sum(segments) - len(segments), "vocabulary": vocabulary}
    (folder / "step.json").write_text(json.dumps(step))
    (folder / "weights.safetensors").symlink_to(folder / "model/model.safetensors")


def operations(shape):
    layers, dim, heads, kv_heads, ffn, vocabulary, _, segments = shape
    matrices = layers * (2 * dim * dim + 2 * dim * (dim // heads * kv_heads) + 3 * dim * ffn) + dim * vocabulary
    return 6 * matrices * sum(segments) + 6 * layers * dim * sum(n * n for n in segments)


def last_json(command, **environment):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, env={**os.environ, **environment})
    if done.returncode:
        return {"error": (done.stderr or done.stdout)[-800:]}
    return json.loads(done.stdout.strip().splitlines()[-1])


class MemoryWatch:
    """The most memory of the GPU, in MiB, that is in use at any quarter of a second while this is open; None without one."""
    ASKED = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "--id=0"]

    def __enter__(self):
        self.most, self.before, self.over = None, self.now(), threading.Event()
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def now(self):
        try:
            return int(subprocess.run(self.ASKED, capture_output=True, text=True).stdout.split()[0])
        except (OSError, ValueError, IndexError):
            return None

    def follow(self):
        while self.before is not None and not self.over.wait(0.25):
            self.most = max(self.most or 0, (self.now() or self.before) - self.before)


def ours(roux, folder, steps):
    with MemoryWatch() as watch:
        done = subprocess.run([roux, "run", "step.recipe"], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        return {"error": done.stderr[-800:]}
    metrics = next((folder / "runs").glob("step/timed-*/metrics.jsonl"))
    lines = [json.loads(line) for line in metrics.read_text().splitlines()]
    return {"losses": [line["loss"] for line in lines], "wall": [line["seconds"] for line in lines[1:]],
            "first": lines[0]["seconds"], "megabytes": watch.most, "said": done.stdout.splitlines()[:6]}


def compared(row, mine, peers, shape):
    tokens, middle = sum(shape[-1]), lambda one: statistics.median(one["wall"])
    row["ms"] = round(1e3 * middle(mine), 2)
    row["ours"] = round(tokens / middle(mine), 1)
    row["peak_fraction"] = round(operations(shape) / middle(mine) / PEAK, 4)
    row["spread"] = round(max(mine["wall"]) / min(mine["wall"]) - 1, 3)
    row["first_step_seconds"] = round(mine["first"], 3)
    row["megabytes"] = mine["megabytes"]
    ran = {mode: peer for mode, peer in peers.items() if "losses" in peer}
    row["errors"] = {mode: peer["error"] for mode, peer in peers.items() if "error" in peer}
    row["peers"] = {mode: round(tokens / middle(peer), 1) for mode, peer in ran.items()}
    row["peer_megabytes"] = {mode: round(peer["megabytes"]) for mode, peer in ran.items()}
    row["peer_first_step_seconds"] = {mode: round(peer["compile"], 3) for mode, peer in ran.items()}
    if not ran:
        return row
    row["ratio"] = round(row["ours"] / max(row["peers"].values()), 3)
    gaps = [abs(a - b) / abs(b) for a, b in zip(mine["losses"], next(iter(ran.values()))["losses"])]
    row["loss_gap"] = float(f"{max(gaps):.2g}")
    row["loss_equal"] = gaps[0] <= TOLERANCE[0] and max(gaps) <= TOLERANCE[1]
    return row


def prepare(folder, given, shape):
    folder.mkdir(parents=True, exist_ok=True)
    write_model(folder / "model", shape, is_drawn=not given.prepare)
    write_tokenizer(folder / "model", shape[5])
    write_step(folder, shape, given.steps)
    (folder / "step.recipe").write_text(RECIPE.format(steps=given.steps, tokens=sum(shape[-1]), rate=RATE, b1=BETAS[0],
                                                      b2=BETAS[1], device=given.device))


def by_torch(folder, given, mode):
    caches = {name: str(folder / "torch") for name in ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR")}
    command = [sys.executable, HERE.parent / "peers/torch_step.py", folder, "bf16", mode, 2, given.steps - 1, given.device]
    return last_json(command + (["recomputed"] if given.shape in RECOMPUTED else []), **caches)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--roux", type=pathlib.Path, default=HERE.parents[1] / "build/dev/bin/roux")
    parser.add_argument("--peers", default="eager,compiled")
    parser.add_argument("--folder", type=pathlib.Path, help="where the recipe is left")
    parser.add_argument("--prepare", action="store_true", help="write --folder and run nothing")
    given = parser.parse_args()
    if given.prepare and not given.folder:
        parser.error("--prepare needs --folder, where it writes to")
    shape, peers = SHAPES[given.shape], {}
    row = {"row": "G4", "shape": given.shape, "device": given.device, "tokens": sum(shape[-1])}
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or pathlib.Path(temporary)
        prepare(folder, given, shape)
        if given.prepare:
            return
        mine = ours(given.roux.resolve(), folder, given.steps)
        for mode in [None, *filter(None, given.peers.split(","))]:
            if mode:
                peers[mode] = by_torch(folder, given, mode)
            # At once: who kills this has what there was.
            print(json.dumps({**row, **mine} if "error" in mine else compared(dict(row), mine, peers, shape)), flush=True)


if __name__ == "__main__":
    main()
