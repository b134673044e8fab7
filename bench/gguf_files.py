"""python -P gguf_files.py REFERENCE ROUX: writes GGUF files of reference models with the format's own package and
compares what `roux score` says of them and of the folders that they were made of.

Needs numpy, safetensors and gguf (PyPI) in the Python that runs it.
"""
import json
import math
import pathlib
import subprocess
import sys
import tempfile

import gguf
import numpy
from safetensors.numpy import load_file

models = [("A/llama-llama3", "llama"), ("E/llama-theta-beside", "llama"), ("A/qwen2-yarn", "qwen2"),
          ("A/qwen3-linear", "qwen3")]
kinds = {"llama": gguf.MODEL_ARCH.LLAMA, "qwen2": gguf.MODEL_ARCH.QWEN2, "qwen3": gguf.MODEL_ARCH.QWEN3}
LIMITS = {"f32": 1e-5, "f16": 2e-2, "q8_0": 0.2}  # of a token's nll: q8_0 rounds to a 127th


def llama3_factors(scaling, base, head):
    """What the converters store instead of the four numbers."""
    low, high, factor, old = (scaling[k] for k in ("low_freq_factor", "high_freq_factor", "factor",
                                                   "original_max_position_embeddings"))
    factors = []
    for frequency in 1.0 / base ** (numpy.arange(0, head, 2) / head):
        length = 2 * math.pi / frequency
        smooth = min(max((old / length - low) / (high - low), 0), 1)
        factors.append(1 / ((1 - smooth) / factor + smooth))
    return numpy.array(factors, dtype=numpy.float32)


def write(folder, architecture, path, kind):
    config = json.loads((folder / "config.json").read_text())
    rope = config.get("rope_parameters") or {}
    scaling = config.get("rope_scaling") or (rope if rope.get("rope_type", "default") != "default" else {})
    base = config.get("rope_theta") or rope.get("rope_theta", 10000.0)
    heads, layers = config["num_attention_heads"], config["num_hidden_layers"]
    groups = config.get("num_key_value_heads", heads)
    head = config.get("head_dim") or config["hidden_size"] // heads
    out = gguf.GGUFWriter(path, architecture)
    out.add_context_length(config["max_position_embeddings"])
    out.add_embedding_length(config["hidden_size"])
    out.add_block_count(layers)
    out.add_feed_forward_length(config["intermediate_size"])
    out.add_head_count(heads)
    out.add_head_count_kv(groups)
    out.add_layer_norm_rms_eps(config["rms_norm_eps"])
    out.add_rope_freq_base(base)
    out.add_key_length(head)
    out.add_value_length(head)
    out.add_rope_dimension_count(head)
    out.add_vocab_size(config["vocab_size"])
    sort = scaling.get("rope_type") or scaling.get("type")
    if sort in ("linear", "yarn"):
        out.add_rope_scaling_type(gguf.RopeScalingType[sort.upper()])
        out.add_rope_scaling_factor(scaling["factor"])
        if "original_max_position_embeddings" in scaling:
            out.add_rope_scaling_orig_ctx_len(scaling["original_max_position_embeddings"])
    elif sort == "llama3":
        out.add_tensor("rope_freqs.weight", llama3_factors(scaling, base, head))
    names = gguf.get_tensor_name_map(kinds[architecture], layers)
    for name, tensor in load_file(folder / "model.safetensors").items():
        if architecture == "llama" and ("q_proj" in name or "k_proj" in name):
            count = heads if "q_proj" in name else groups
            tensor = tensor.reshape(count, 2, len(tensor) // count // 2, *tensor.shape[1:]).swapaxes(1, 2)
            tensor = tensor.reshape(-1, *tensor.shape[3:])
        tensor = numpy.ascontiguousarray(tensor)
        other = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if kind == "q8_0" and tensor.ndim == 2 and tensor.shape[1] % 32 == 0:
            quantised = gguf.quants.quantize(tensor, gguf.GGMLQuantizationType.Q8_0)
            out.add_tensor(other, quantised, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
        else:
            out.add_tensor(other, tensor.astype(numpy.float16) if kind == "f16" and tensor.ndim == 2 else tensor)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def scores(roux, model, tokens):
    done = subprocess.run([roux, "score", str(model)], stdin=tokens.open(), capture_output=True, text=True, check=True)
    return [value for line in done.stdout.splitlines() for value in json.loads(line)["nll"]]


def main():
    reference, roux = pathlib.Path(sys.argv[1]) / "models/families", sys.argv[2]
    for name, architecture in models:
        folder = reference / name
        expected = scores(roux, folder, folder / "tokens.jsonl")
        for kind, limit in LIMITS.items():
            with tempfile.TemporaryDirectory() as place:
                path = pathlib.Path(place) / "model.gguf"
                write(folder, architecture, path, kind)
                found = scores(roux, path, folder / "tokens.jsonl")
            apart = max(abs(a - b) for a, b in zip(found, expected, strict=True))
            print(f"{name:24} {kind:5} {len(found)} tokens, nll at most {apart:.1e} apart")
            assert apart <= limit, "further than the type's rounding"


main()
