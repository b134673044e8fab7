"""Models of a few thousand random weights, biases and gains of three families, whose tokens are bytes."""
import json
import pathlib
import sys

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "systems/inputs"))
import toy  # noqa: E402

ROWS, DIM, HEADS, CHANNELS, FFN, LAYERS, CONTEXT = 256 + len(toy.SPECIALS), 32, 2, 16, 48, 2, 192


def write(path, shapes, gain, **config):
    """Vectors are drawn around `gain` where they are norms', around 0 where they are biases."""
    folder, draw = pathlib.Path(path), numpy.random.default_rng(5)
    folder.mkdir()
    tensors = {}
    for name, shape in shapes.items():
        around = gain if len(shape) == 1 and not name.endswith("bias") else 0
        tensors[name] = draw.normal(around, 0.2, shape).astype("<f4")
    toy.write_tensors(folder / "model.safetensors", tensors)
    (folder / "config.json").write_text(json.dumps({"vocab_size": ROWS, "bos_token_id": 256, "eos_token_id": 257,
                                                    "torch_dtype": "float32", **config}))
    toy.write_tokenizer(folder)


def like_llama(norms, key_heads):
    """The matrices of layers like Llama's, and vectors of the given names and lengths."""
    shapes = {"model.embed_tokens.weight": (ROWS, DIM), "model.norm.weight": (DIM,)}
    for layer in range(LAYERS):
        prefix = f"model.layers.{layer}."
        shapes |= {f"{prefix}self_attn.q_proj.weight": (HEADS * CHANNELS, DIM),
                   f"{prefix}self_attn.k_proj.weight": (key_heads * CHANNELS, DIM),
                   f"{prefix}self_attn.v_proj.weight": (key_heads * CHANNELS, DIM),
                   f"{prefix}self_attn.o_proj.weight": (DIM, HEADS * CHANNELS),
                   f"{prefix}mlp.gate_proj.weight": (FFN, DIM), f"{prefix}mlp.up_proj.weight": (FFN, DIM),
                   f"{prefix}mlp.down_proj.weight": (DIM, FFN)}
        shapes |= {f"{prefix}{name}.weight": (length,) for name, length in norms.items()}
    return shapes


def config_like_llama(architecture, kind, key_heads):
    return {"architectures": [architecture], "model_type": kind, "hidden_size": DIM, "intermediate_size": FFN,
            "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": key_heads, "head_dim": CHANNELS,
            "max_position_embeddings": CONTEXT, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": True}


def write_gemma2(path):
    """A layer with a window, then one that sees all; scores and logits capped where random ones are."""
    norms = dict.fromkeys(("input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm"), DIM)
    write(path, like_llama(norms, 1), 0, **config_like_llama("Gemma2ForCausalLM", "gemma2", 1), sliding_window=12,
          layer_types=["sliding_attention", "full_attention"], query_pre_attn_scalar=CHANNELS, attn_logit_softcapping=2.0,
          final_logit_softcapping=4.0, hidden_activation="gelu_pytorch_tanh")


def write_qwen3(path):
    """Each head's queries and keys have norms of their own."""
    norms = {"input_layernorm": DIM, "post_attention_layernorm": DIM, "self_attn.q_norm": CHANNELS, "self_attn.k_norm": CHANNELS}
    write(path, like_llama(norms, 1), 1, **config_like_llama("Qwen3ForCausalLM", "qwen3", 1), hidden_act="silu")


def write_gpt2(path):
    """LayerNorm, biases everywhere, learned positions, matrices the other way round."""
    shapes = {"transformer.wte.weight": (ROWS, DIM), "transformer.wpe.weight": (CONTEXT, DIM),
              "transformer.ln_f.weight": (DIM,), "transformer.ln_f.bias": (DIM,)}
    for layer in range(LAYERS):
        prefix = f"transformer.h.{layer}."
        for name, rows, columns in (("attn.c_attn", DIM, 3 * DIM), ("attn.c_proj", DIM, DIM), ("mlp.c_fc", DIM, 4 * DIM),
                                    ("mlp.c_proj", 4 * DIM, DIM)):
            shapes |= {f"{prefix}{name}.weight": (rows, columns), f"{prefix}{name}.bias": (columns,)}
        for name in ("ln_1", "ln_2"):
            shapes |= {f"{prefix}{name}.weight": (DIM,), f"{prefix}{name}.bias": (DIM,)}
    write(path, shapes, 1, architectures=["GPT2LMHeadModel"], model_type="gpt2", n_embd=DIM, n_layer=LAYERS, n_head=HEADS,
          n_positions=CONTEXT, layer_norm_epsilon=1e-5, activation_function="gelu_new", tie_word_embeddings=True)
