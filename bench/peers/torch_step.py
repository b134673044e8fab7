#!/usr/bin/env python3
"""The steps that step-bench left in FOLDER, by PyTorch: the same weights, tokens, loss and AdamW.

    torch_step.py FOLDER f32|bf16 eager|compiled [threads] [steps] [cpu|cuda] [recomputed]

Attention runs segment by segment, the fastest way PyTorch has for a pack, and over all at once where they are of one length. bf16 is autocast over f32 weights. On a CPU the
whole loss is compiled, on a GPU each layer and the head, which is faster there; `recomputed` computes each layer again for
its gradient. One line of JSON, as step-bench's last.
"""
import contextlib
import json
import pathlib
import resource
import sys
import time

import torch
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

folder, dtype, mode = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
threads = int(sys.argv[4]) if len(sys.argv) > 4 else 2
steps = int(sys.argv[5]) if len(sys.argv) > 5 else 5
device = sys.argv[6] if len(sys.argv) > 6 else "cpu"
recomputes = "recomputed" in sys.argv
torch.set_num_threads(threads)
DTYPES = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16}


def load_file(path):
    """The tensors of a safetensors file: the package is not everywhere that PyTorch is."""
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
    header.pop("__metadata__", None)
    stored = torch.from_file(str(path), shared=False, size=path.stat().st_size, dtype=torch.uint8, device="cpu")[8 + size:]
    return {name: stored[slice(*about["data_offsets"])].clone().view(DTYPES[about["dtype"]]).view(about["shape"])
            for name, about in header.items()}


torch.set_default_device(device)
step = json.loads((folder / "step.json").read_text())
weights = {k: v.float().to(device).requires_grad_() for k, v in load_file(folder / "weights.safetensors").items()}
heads, kv_heads = step["heads"], step["kv_heads"]
head = step["channels"] // heads
tokens, positions = torch.tensor(step["tokens"]), torch.tensor(step["positions"])
labels = torch.tensor(step["labels"])
segments = step["segments"]
bounds = list(zip(segments[:-1], segments[1:]))
rows = len(bounds) if len({end - begin for begin, end in bounds}) == 1 else 1  # of one length
gpt2 = step.get("type") == "gpt2"
at_layer = "transformer.h.{}." if gpt2 else "model.layers.{}."
table = weights["transformer.wte.weight" if gpt2 else "model.embed_tokens.weight"]
final = "transformer.ln_f" if gpt2 else "model.norm"
head_weight = weights.get("lm_head.weight", table)
angles = positions.float()[:, None] / step["theta"] ** (torch.arange(0, head, 2) / head)
cosine, sine = angles.cos()[:, None], angles.sin()[:, None]


def norm(x, weight, bias=None):
    if bias is not None:
        return F.layer_norm(x.float(), (x.shape[-1],), weight, bias, step["epsilon"]).to(x.dtype)
    return F.rms_norm(x.float(), (x.shape[-1],), weight, step["epsilon"]).to(x.dtype)


def rotate(x):
    a, b = x.float().chunk(2, -1)
    return torch.cat([a * cosine - b * sine, b * cosine + a * sine], -1).to(x.dtype)


def attention(q, k, v):
    if rows > 1:
        part = [t.unflatten(0, (rows, -1)).transpose(1, 2) for t in (q, k, v)]
        o = F.scaled_dot_product_attention(*part, is_causal=True, enable_gqa=heads != kv_heads)
        return o.transpose(1, 2).flatten(0, 1).flatten(1)
    outputs = []
    for begin, end in bounds:
        part = [t[begin:end].transpose(0, 1)[None] for t in (q, k, v)]
        outputs.append(F.scaled_dot_product_attention(*part, is_causal=True, enable_gqa=heads != kv_heads)[0].transpose(0, 1))
    return torch.cat(outputs).flatten(1)


def layer_of_gpt2(x, own):  # matrices are (inputs, outputs)
    w = own.__getitem__
    linear = lambda x, name: torch.addmm(w(name + ".bias"), x, w(name + ".weight"))
    h = norm(x, w("ln_1.weight"), w("ln_1.bias"))
    q, k, v = linear(h, "attn.c_attn").unflatten(1, (3, -1, head)).unbind(1)
    x = x + linear(attention(q, k, v), "attn.c_proj")
    h = norm(x, w("ln_2.weight"), w("ln_2.bias"))
    return x + linear(F.gelu(linear(h, "mlp.c_fc"), approximate="tanh"), "mlp.c_proj")


def layer(x, own):
    if gpt2:
        return layer_of_gpt2(x, own)
    w = lambda name: own[name + ".weight"]
    h = norm(x, w("input_layernorm"))
    q, k, v = (F.linear(h, w(f"self_attn.{n}_proj")).unflatten(1, (-1, head)) for n in "qkv")
    x = x + F.linear(attention(rotate(q), rotate(k), v), w("self_attn.o_proj"))
    h = norm(x, w("post_attention_layernorm"))
    return x + F.linear(F.silu(F.linear(h, w("mlp.gate_proj"))) * F.linear(h, w("mlp.up_proj")), w("mlp.down_proj"))


def loss_of_hidden(x, head, *gain):
    return F.cross_entropy(F.linear(norm(x, *gain), head).float(), labels, ignore_index=-1, reduction="sum") / step["targets"]


layers = [{k.removeprefix(at): v for k, v in weights.items() if k.startswith(at)}
          for at in (at_layer.format(i) for i in range(step["layers"]))]
gain = [v for k, v in sorted(weights.items(), reverse=True) if k.startswith(final + ".")]  # the weight, then a bias
compiles = mode == "compiled" and device != "cpu"
layer_of = torch.compile(layer) if compiles else layer
hidden_loss = torch.compile(loss_of_hidden) if compiles else loss_of_hidden


def loss_of():
    x = F.embedding(tokens, table)
    if gpt2:
        x = x + F.embedding(positions, weights["transformer.wpe.weight"])
    if dtype == "bf16":
        x = x.bfloat16()
    for own in layers:
        x = checkpoint(layer_of, x, own, use_reentrant=False) if recomputes else layer_of(x, own)
    return hidden_loss(x, head_weight, *gain)


run = torch.compile(loss_of) if mode == "compiled" and device == "cpu" else loss_of
optimizer = torch.optim.AdamW(weights.values(), lr=step["rate"], betas=step["betas"], eps=1e-8, weight_decay=0, fused=True)
losses, wall, core = [], [], []
for _ in range(steps + 1):
    clock, processor = time.perf_counter(), time.process_time()
    optimizer.zero_grad()
    with torch.autocast(device, torch.bfloat16) if dtype == "bf16" else contextlib.nullcontext():
        loss = run()
    loss.backward()
    optimizer.step()
    losses.append(float(loss))
    if device != "cpu":
        torch.cuda.synchronize()
    wall.append(time.perf_counter() - clock)
    core.append(time.process_time() - processor)
print(json.dumps({"losses": losses, "wall": wall[1:], "core": core[1:], "compile": wall[0],
                  "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 if device == "cpu" else
                  torch.cuda.max_memory_allocated() / 2**20, "torch": torch.__version__}))
