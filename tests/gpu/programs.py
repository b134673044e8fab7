"""Recipes as code of a GPU, and the shape of their model where it is not here."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
LLAMA_8B = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336,
    "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256,
    "max_position_embeddings": 65536, "rms_norm_eps": 1e-5, "rope_theta": 500000.0, "hidden_act": "silu",
    "tie_word_embeddings": False,
}
PROGRAMS = {"tiny": None, "longalign": LLAMA_8B}
OTHERS = dict.fromkeys(("longalign_table", "prolong", "decomposition", "longrecipe", "miner", "skipalign", "llama2_long"),
                       LLAMA_8B)


def ran(command, what, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **more)
    if done.returncode:
        sys.exit(f"{what}: {done.stderr}")
    return done.stdout


def inspected(roux, recipe, shape, folder, *options):
    command = [roux, "inspect", ROOT / "recipes" / f"{recipe}.recipe", *options]
    if shape:
        config, own = folder / "config.json", folder / f"{threading.get_ident()}.json"
        own.write_text(json.dumps(shape))
        own.replace(config)  # whole at any time: others may be reading it
        command += ["--config", config]
    return ran(command, f"{recipe} {' '.join(options)}")


def emitted(roux, recipe, shape, stage, architecture, folder):
    """What `roux inspect --emit=stage` prints of recipes/recipe.recipe."""
    return inspected(roux, recipe, shape, folder, f"--emit={stage}", f"--arch={architecture}")


def few_rows(roux, recipe, shape, architecture, folder):
    """PTX of the kernels that a program which writes sequences would launch. A train has no such program, so: of those that
    its model's logits take, told apart by the pass that tells them. `roux` has the compiler's other tools beside it."""
    tools = pathlib.Path(shutil.which(str(roux))).parent
    text = inspected(roux, recipe, shape, folder, "--emit=kernel", "--device=simt")
    logits = re.search(r"^  kernel\.program @logits \{\n.*?^  \}\n", text, re.M | re.S)[0]
    text = text.replace(logits, logits + logits.replace("@logits", "@decode", 1))
    marked = ran([tools / "roux-opt", "--kernel-mark-few-rows=apart=true"], recipe, input=text)
    own = re.findall(r"^  kernel\.func @\S+_few_rows\(.*?^  \}\n", marked, re.M | re.S)
    return ran([tools / "roux-translate", "--kernel-to-ptx", f"--arch={architecture}"], recipe, input="".join(own))
