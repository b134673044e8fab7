"""Recipes as code of a GPU, and the shape of their model where it is not here."""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LLAMA_8B = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336,
    "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256,
    "max_position_embeddings": 65536, "rms_norm_eps": 1e-5, "rope_theta": 500000.0, "hidden_act": "silu",
    "tie_word_embeddings": False,
}
PROGRAMS = {"tiny": None, "longalign": LLAMA_8B}
OTHERS = dict.fromkeys(("longalign_table", "prolong", "decomposition", "longrecipe", "miner", "skipalign", "llama2_long"), LLAMA_8B)


def emitted(roux, recipe, shape, stage, architecture, folder):
    """What `roux inspect --emit=stage` prints of recipes/recipe.recipe."""
    command = [roux, "inspect", ROOT / f"recipes/{recipe}.recipe", f"--emit={stage}", f"--arch={architecture}"]
    if shape:
        config = folder / "config.json"
        config.write_text(json.dumps(shape))
        command += ["--config", config]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{recipe} for {architecture}: {done.stderr}")
    return done.stdout
