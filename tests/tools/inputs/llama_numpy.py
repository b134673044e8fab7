"""A Llama and AdamW in float64 NumPy, forward and backward by hand: what compiled training is compared with.

Written from the papers and Hugging Face's file layout; nothing of Roux is used.
"""
import json
import pathlib
import struct

import numpy as np


def read_safetensors(path):
    raw = pathlib.Path(path).read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + size])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            assert entry["dtype"] == "F32", entry
            begin, end = entry["data_offsets"]
            values = np.frombuffer(raw[8 + size + begin:8 + size + end], "<f4")
            tensors[name] = values.reshape(entry["shape"]).astype(np.float64)
    return tensors


def norm(x, weight, epsilon):
    scale = 1 / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon)
    return x * scale * weight, (x, scale, weight)


def norm_back(d, kept):
    x, scale, weight = kept
    inner = d * weight
    dx = scale * inner - x * scale ** 3 * (inner * x).mean(-1, keepdims=True)
    return dx, (d * x * scale).sum(0)


def rotate(x, base, back=False):
    """(tokens, heads, channels), the halves of a head turned against each other."""
    half = x.shape[-1] // 2
    angle = np.arange(x.shape[0])[:, None] * base ** (-np.arange(half) / half)
    cosine, sine = np.cos(angle)[:, None], np.sin(angle)[:, None] * (-1 if back else 1)
    a, b = x[..., :half], x[..., half:]
    return np.concatenate([a * cosine - b * sine, b * cosine + a * sine], -1)


def heads_first(x):
    """(tokens, heads, channels) to (heads, tokens, channels), and back."""
    return x.swapaxes(0, 1)


class Llama:
    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.config = json.loads((folder / "config.json").read_text())
        self.weights = read_safetensors(folder / "model.safetensors")
        self.heads, self.shared = self.config["num_attention_heads"], self.config["num_key_value_heads"]

    def layer(self, x, at):
        w = lambda name: self.weights[f"model.layers.{at}.{name}.weight"]
        epsilon, base = self.config["rms_norm_eps"], self.config["rope_theta"]
        tokens = len(x)
        h, first = norm(x, w("input_layernorm"), epsilon)
        q = rotate((h @ w("self_attn.q_proj").T).reshape(tokens, self.heads, -1), base)
        k = rotate((h @ w("self_attn.k_proj").T).reshape(tokens, self.shared, -1), base)
        v = (h @ w("self_attn.v_proj").T).reshape(tokens, self.shared, -1)
        group = self.heads // self.shared
        wide_k, wide_v = np.repeat(k, group, 1), np.repeat(v, group, 1)
        scores = heads_first(q) @ wide_k.transpose(1, 2, 0) / np.sqrt(q.shape[-1])
        scores += np.where(np.tri(tokens, dtype=bool), 0, -np.inf)
        share = np.exp(scores - scores.max(-1, keepdims=True))
        share /= share.sum(-1, keepdims=True)
        mixed = heads_first(share @ heads_first(wide_v)).reshape(tokens, -1)
        x = x + mixed @ w("self_attn.o_proj").T
        f, second = norm(x, w("post_attention_layernorm"), epsilon)
        gate, up = f @ w("mlp.gate_proj").T, f @ w("mlp.up_proj").T
        sigmoid = 1 / (1 + np.exp(-gate))
        kept = (h, first, q, wide_k, wide_v, share, mixed, f, second, gate, up, sigmoid)
        return x + (gate * sigmoid * up) @ w("mlp.down_proj").T, kept

    def layer_back(self, d, at, kept, gradients):
        h, first, q, wide_k, wide_v, share, mixed, f, second, gate, up, sigmoid = kept
        w = lambda name: self.weights[f"model.layers.{at}.{name}.weight"]
        base, tokens = self.config["rope_theta"], len(d)

        def add(name, gradient):
            gradients[f"model.layers.{at}.{name}.weight"] += gradient

        add("mlp.down_proj", d.T @ (gate * sigmoid * up))
        inner = d @ w("mlp.down_proj")
        d_up = inner * gate * sigmoid
        d_gate = inner * up * sigmoid * (1 + gate * (1 - sigmoid))
        add("mlp.gate_proj", d_gate.T @ f)
        add("mlp.up_proj", d_up.T @ f)
        dx, scale = norm_back(d_gate @ w("mlp.gate_proj") + d_up @ w("mlp.up_proj"), second)
        add("post_attention_layernorm", scale)
        d = d + dx
        add("self_attn.o_proj", d.T @ mixed)
        d_mixed = (d @ w("self_attn.o_proj")).reshape(tokens, self.heads, -1)
        d_share = heads_first(d_mixed) @ wide_v.transpose(1, 2, 0)
        d_scores = share * (d_share - (d_share * share).sum(-1, keepdims=True)) / np.sqrt(q.shape[-1])
        narrow = lambda wide: wide.reshape(tokens, self.shared, -1, wide.shape[-1]).sum(2)
        d_q = rotate(heads_first(d_scores @ heads_first(wide_k)), base, back=True)
        d_k = rotate(narrow(heads_first(d_scores.swapaxes(1, 2) @ heads_first(q))), base, back=True)
        d_v = narrow(heads_first(share.swapaxes(1, 2) @ heads_first(d_mixed)))
        d_h = 0
        for name, each in (("q", d_q), ("k", d_k), ("v", d_v)):
            flat = each.reshape(tokens, -1)
            add(f"self_attn.{name}_proj", flat.T @ h)
            d_h = d_h + flat @ w(f"self_attn.{name}_proj")
        dx, scale = norm_back(d_h, first)
        add("input_layernorm", scale)
        return d + dx

    def add_gradient(self, ids, weights, gradients):
        """weights[i] is of predicting ids[i]; the sum of weight * -log p, gradients added."""
        table = self.weights["model.embed_tokens.weight"]
        x, kept = table[ids], []
        for at in range(self.config["num_hidden_layers"]):
            x, each = self.layer(x, at)
            kept.append(each)
        last, final = norm(x, self.weights["model.norm.weight"], self.config["rms_norm_eps"])
        logits = last[:-1] @ table.T
        logits -= logits.max(-1, keepdims=True)
        logp = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        labels, weights = np.asarray(ids[1:]), np.asarray(weights[1:])
        rows = np.arange(len(labels))
        d_logits = np.exp(logp) * weights[:, None]
        d_logits[rows, labels] -= weights
        gradients["model.embed_tokens.weight"] += d_logits.T @ last[:-1]
        d = np.zeros_like(x)
        d[:-1] = d_logits @ table
        d, scale = norm_back(d, final)
        gradients["model.norm.weight"] += scale
        for at in reversed(range(len(kept))):
            d = self.layer_back(d, at, kept[at], gradients)
        np.add.at(gradients["model.embed_tokens.weight"], ids, d)
        return float(-(weights * logp[rows, labels]).sum())


class AdamW:
    def __init__(self, weights, betas, epsilon, decay, decays_vectors, clip):
        self.weights, self.betas, self.epsilon = weights, betas, epsilon
        self.decay, self.decays_vectors, self.clip = decay, decays_vectors, clip
        self.first = {name: np.zeros_like(each) for name, each in weights.items()}
        self.second = {name: np.zeros_like(each) for name, each in weights.items()}
        self.updates = 0

    def update(self, gradients, rate):
        """The norm before clipping."""
        length = np.sqrt(sum((each ** 2).sum() for each in gradients.values()))
        factor = min(1, self.clip / length)
        self.updates += 1
        one, two = self.betas
        for name, weight in self.weights.items():
            g, m, v = gradients[name] * factor, self.first[name], self.second[name]
            m += (1 - one) * (g - m)
            v += (1 - two) * (g * g - v)
            if weight.ndim > 1 or self.decays_vectors:
                weight *= 1 - rate * self.decay
            weight -= rate * (m / (1 - one ** self.updates)) / (
                np.sqrt(v / (1 - two ** self.updates)) + self.epsilon)
        return length
