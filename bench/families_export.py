"""Do models of every family that `roux run` trained load in transformers, with equal likelihoods, ids and chats?

    V/bin/python bench/families_export.py FAMILIES [NAME ...]     (V: a virtual environment with torch and transformers)

FAMILIES is the reference data's models/families; roux on PATH; works in a temporary folder. Each config there is a model
of 258 tokens with weights from a fixed seed, written by transformers with a tokenizer and a chat template; so is each of
VARIANTS, which are the same with other switches. Roux trains it for two steps and the folder that it leaves is read by
transformers: nothing may be missing or left over. A config that Roux refuses is printed with what it says.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT / "tests/systems/inputs")
os.environ["HF_HUB_OFFLINE"] = os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
import torch
import transformers

import toy

transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
CHAT = [{"role": "user", "content": "Where is the cat?"}, {"role": "assistant", "content": "In the garden."}]
TEXTS = ["Once upon a time, there was a cat.", "  two  spaces\nand lines\n", "héllo ☃ 123", " x", "日本語 mixed text 0xFF"]
# Of a config's folder: what else its family can be.
VARIANTS = {
    "llama-llama3": [{"attention_bias": True, "mlp_bias": True}, {"tie_word_embeddings": True}, {"hidden_act": "gelu"},
                     {"head_dim": 20}, {"rope_parameters": {"rope_type": "linear", "rope_theta": 1e4, "factor": 2.0}},
                     {"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0,
                                          "original_max_position_embeddings": 64}}],
    "mistral-window": [{"sliding_window": None}, {"tie_word_embeddings": True}],
    "qwen2-mixed": [{"use_sliding_window": False}, {"tie_word_embeddings": True}],
    "qwen3-linear": [{"attention_bias": True}, {"tie_word_embeddings": True}],
    "gemma2": [{"attn_logit_softcapping": None}, {"final_logit_softcapping": None}, {"query_pre_attn_scalar": 4},
               {"attention_bias": True}, {"sliding_window": 4}, {"tie_word_embeddings": False}],
    "gemma3": [{"sliding_window": 4}, {"attn_logit_softcapping": 20.0}, {"final_logit_softcapping": 10.0},
               {"query_pre_attn_scalar": 7}, {"attention_bias": True}, {"use_bidirectional_attention": True}],
    "glm4": [{"attention_bias": False}, {"tie_word_embeddings": True}],
    "gpt2": [{"scale_attn_weights": False}, {"scale_attn_by_inverse_layer_idx": True}, {"activation_function": "relu"},
             {"n_inner": 60}, {"add_cross_attention": True}, {"tie_word_embeddings": False}],
    "gpt_neox": [{"use_parallel_residual": False}, {"use_parallel_residual": True}, {"attention_bias": False},
                 {"hidden_act": "gelu_new"}, {"tie_word_embeddings": True}],
    "granite": [{"attention_bias": True}, {"mlp_bias": True}, {"logits_scaling": 3.0}, {"residual_multiplier": 0.3},
                {"embedding_multiplier": 2.0}, {"attention_multiplier": 0.5}, {"tie_word_embeddings": False}],
    "olmo2": [{"attention_bias": True}, {"tie_word_embeddings": True}],
    "opt-pre": [{"enable_bias": False}, {"layer_norm_elementwise_affine": False}, {"tie_word_embeddings": False},
                {"activation_function": "gelu"}, {"_remove_final_layer_norm": True}],
    "opt-post": [{"word_embed_proj_dim": 20}],
    "phi3-longrope": [{"partial_rotary_factor": 1.0, "rope_parameters": {"rope_type": "default", "rope_theta": 1e4}},
                      {"sliding_window": 5}, {"tie_word_embeddings": True}],
    "smollm3": [{"use_sliding_window": True, "sliding_window": 5}, {"attention_bias": True}, {"mlp_bias": True},
                {"tie_word_embeddings": False}],
}
# Families that the reference data has no folder of: a config's text.
SMALL = {"vocab_size": 258, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
         "num_key_value_heads": 2, "max_position_embeddings": 128, "bos_token_id": 256, "eos_token_id": 257,
         "pad_token_id": None}
OWN = {
    "phi": [{}, {"qk_layernorm": True}, {"partial_rotary_factor": 0.25}, {"tie_word_embeddings": True}],
    "olmo3": [{"sliding_window": 5}, {"attention_bias": True}],
    "starcoder2": [{"use_bias": True}, {"use_bias": False, "sliding_window": 6}, {"tie_word_embeddings": False}],
    "stablelm": [{}, {"use_qkv_bias": True}, {"qk_layernorm": True}, {"use_parallel_residual": True},
                 {"partial_rotary_factor": 0.5}],
    "cohere": [{}, {"attention_bias": True}, {"logit_scale": 0.5}, {"tie_word_embeddings": False}, {"use_qk_norm": True}],
    "llama": [{}], "mistral": [{"head_dim": 12}], "qwen2": [{}], "qwen3": [{"head_dim": 12}],
    "glm": [{}], "mixtral": [{}], "gemma": [{}], "olmo": [{}],
}


def roux(*arguments, lines=None):
    text = None if lines is None else "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run(["roux", *arguments], input=text, text=True, capture_output=True)
    return done.returncode, done.stdout, done.stderr


def configs(families, names):
    for folder in sorted((families / "A").iterdir()):
        text = json.loads((folder / "config.json").read_text())
        for changes in [{}, *VARIANTS.get(folder.name, [])]:
            yield folder.name, changes, {**text, "vocab_size": 258, "bos_token_id": 256, "eos_token_id": 257,
                                         "pad_token_id": None}
    for name, variants in OWN.items():
        for changes in variants:
            yield name, changes, {**SMALL, "model_type": name}


def write_model(folder, text, changes):
    if "rope_parameters" in changes:
        text = {key: value for key, value in text.items() if key not in ("rope_scaling", "rope_theta")}
    kind = text["model_type"]
    config = transformers.AutoConfig.for_model(kind, **{k: v for k, v in {**text, **changes}.items() if k != "model_type"})
    if kind == "gemma3_text":
        config.architectures = ["Gemma3ForCausalLM"]
    torch.manual_seed(1)
    model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager", dtype=torch.float32)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.normal_(0, 0.2)
            if weight.dim() == 1 and name.endswith("weight") and "gemma" not in kind:
                weight.add_(1)
    model.save_pretrained(folder)
    toy.write_tokenizer(folder)


def nll_of(model, ids):
    with torch.no_grad():
        logp = torch.log_softmax(model(torch.tensor([ids])).logits[0].double(), -1)
    return [-logp[i, ids[i + 1]].item() for i in range(len(ids) - 1)]


def train(folder):
    toy.texts("docs.jsonl", [30, 45, 60])
    pathlib.Path("r.recipe").write_text(f"""model base = load("{folder}")
data docs = text("docs.jsonl", ends: both)
train tuned {{
  model:     base
  data:      docs
  target:    true
  weight:    1 / step.targets
  batch:     each(3 sequences, overflow: error, last: keep)
  optimizer: adamw(lr: 1e-2)
  length:    2 steps
}}
run {{ dtype: f32, threads: 2, memory: 4GB }}
""")
    code, _, said = roux("run", "r.recipe")
    return next(pathlib.Path("runs/r").glob("tuned-*/model")) if code == 0 else said


def compare(folder):
    """What differs, and the largest relative difference of a mean likelihood."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model, info = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    model.eval()
    wrong = [f"{name}: {sorted(names)[:3]}" for name, names in info.items() if names]
    said = roux("tokenize", "--tokenizer", str(folder / "tokenizer.json"), lines=[{"text": text} for text in TEXTS])[1]
    ours = [json.loads(line)["ids"] for line in said.splitlines()]
    theirs = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in TEXTS]
    wrong += [f"ids of {text!r}" for text, a, b in zip(TEXTS, ours, theirs) if a != b]
    if tokenizer.chat_template != toy.TEMPLATE or not tokenizer.apply_chat_template(CHAT, tokenize=False).endswith("</s>"):
        wrong.append("the chat template")
    worst = 0
    for ids in theirs:
        reference = nll_of(model, ids) if len(ids) > 1 else []
        if not reference:
            continue
        code, said, error = roux("score", str(folder), lines=[{"tokens": ids}])
        if code:
            return [error.strip()], 0
        found = json.loads(said)["nll"]
        worst = max(worst, abs(sum(found) / sum(reference) - 1))
    if worst > 1e-5:
        wrong.append("likelihoods")
    return wrong, worst


def main():
    families, names = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    print(f"transformers {transformers.__version__}, torch {torch.__version__}\n")
    print("| config | with | mean NLL, relative difference | |\n|---|---|---|---|")
    bad = 0
    for name, changes, text in configs(families, names):
        if names and name not in names:
            continue
        label = f"| {name} | {' '.join(f'`{key}: {json.dumps(value)}`' for key, value in changes.items())} "
        with tempfile.TemporaryDirectory() as place:
            os.chdir(place)
            try:
                write_model(pathlib.Path("base"), text, changes)
            except Exception as error:
                print(f"{label}| | transformers makes none: {str(error).splitlines()[0][:80]} |", flush=True)
                continue
            made = train("base")
            if isinstance(made, str):
                print(f"{label}| | refused: {made.strip().splitlines()[-1].replace(place + '/', '')} |", flush=True)
            else:
                wrong, worst = compare(made)
                bad += bool(wrong)
                print(f"{label}| {worst:.1e} | {'; '.join(wrong) or 'equal'} |", flush=True)
            os.chdir("/")
    sys.exit(bad != 0)


main()
