"""Are twenty steps of Roux those of PyTorch and PEFT, and does PEFT load what Roux trained?

    V/bin/python bench/torch_steps.py     (V: a virtual environment with torch, transformers and peft)

roux on PATH; works in a temporary folder. Models are small and random. Every step is of the same three texts, so both
sides see the same sums; weights are compared after twenty of them, by the largest |difference| over the largest |weight|
of each tensor. torch.optim.Muon rounds its iteration to bf16, which is kept from it here; torch has no bf16 moments beside
f32 weights, so those are held to a formula in the tests alone.
"""
import inspect
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT / "tests/systems/inputs")
os.environ["HF_HUB_OFFLINE"] = os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
import peft
import torch
import transformers
from safetensors.torch import load_file, save_file

import toy

transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
warnings.filterwarnings("ignore")
STEPS, LIMIT = 20, 1e-5
SINGLE = 2e-4  # of adapters in f32: AdamW makes a whole update of a gradient that is rounding alone
TYPES = {"f32": torch.float32, "f64": torch.float64}
FAMILIES = {
    "llama": {}, "qwen2": {}, "gemma2": {"head_dim": 8, "query_pre_attn_scalar": 8}, "phi3": {}, "gpt2": {
        "n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 128}, "opt": {"ffn_dim": 48, "word_embed_proj_dim": 32},
    "gpt_neox": {}}


def roux(*arguments, lines=None):
    text = None if lines is None else "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run(["roux", *arguments], input=text, text=True, capture_output=True)
    if done.returncode:
        sys.exit(f"roux {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def write_base(family, changes):
    small = {"vocab_size": 258, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
             "num_key_value_heads": 2, "max_position_embeddings": 128, "bos_token_id": 256, "eos_token_id": 257,
             "pad_token_id": None}
    torch.manual_seed(1)
    config = transformers.AutoConfig.for_model(family, **small, **changes)
    model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager", dtype=torch.float32)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.normal_(0, 0.1)
            if weight.dim() == 1 and name.endswith("weight") and "gemma" not in family:
                weight.add_(1)
    model.save_pretrained("base")
    toy.write_tokenizer(pathlib.Path("base"))
    toy.texts("docs.jsonl", [30, 45, 60])


def train(model, optimizer, dtype, clip=""):
    pathlib.Path("r.recipe").write_text(f"""model base = load("base")
data docs = text("docs.jsonl", ends: both)
train tuned {{
  model:     {model}
  data:      docs
  target:    true
  weight:    1 / step.targets
  batch:     each(3 sequences, overflow: error, last: keep)
  optimizer: {optimizer}
  schedule:  [warmup(5 steps), linear(to: 10%)]
  clip:      0.5
  length:    {STEPS} steps
}}
run {{ dtype: {dtype}, threads: 2, memory: 4GB }}
""")
    for old in pathlib.Path(".").glob("runs/r/tuned-*"):
        subprocess.run(["rm", "-r", str(old)], check=True)
    roux("run", "r.recipe")
    return next(pathlib.Path("runs/r").glob("tuned-*"))


def theirs(dtype):
    return transformers.AutoModelForCausalLM.from_pretrained("base", dtype=TYPES[dtype], attn_implementation="eager")


def texts():
    lines = [json.loads(line)["text"] for line in pathlib.Path("docs.jsonl").read_text().splitlines()]
    return [torch.tensor([[256, *text.encode(), 257]]) for text in lines]


def train_theirs(model, rates, optimizers):
    """`optimizers`, each with its peak rate in its groups, over the steps whose share of the peak is `rates`."""
    peaks = [[group["lr"] for group in each.param_groups] for each in optimizers]
    batch, losses = texts(), []
    targets = sum(ids.shape[1] - 1 for ids in batch)
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    model.eval()  # without the dropout that some families' configs ask for
    for share in rates:
        loss = 0
        for ids in batch:
            logits = model(ids).logits[0, :-1]
            loss = loss + torch.nn.functional.cross_entropy(logits, ids[0, 1:], reduction="sum") / targets
        model.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 0.5)
        for each, of in zip(optimizers, peaks):
            for group, peak in zip(each.param_groups, of):
                group["lr"] = peak * share
            each.step()
        losses.append(loss.item())
    return losses


def rates_of(folder, peak):
    return [json.loads(line)["rate"] / peak for line in (folder / "metrics.jsonl").read_text().splitlines()]


def differences(found, expected):
    worst = 0
    for name, tensor in expected.items():
        a, b = found[name].double(), tensor.detach().double()
        worst = max(worst, ((a - b).abs().max() / b.abs().max()).item())
    return worst


def row(what, worst, limit=LIMIT):
    print(f"| {what} | {worst:.1e} | {'equal' if worst <= limit else 'DIFFERENT'} |", flush=True)
    return worst > limit


# What is compared: the recipe's words, and torch's optimizers with a peak of 0.01.
def adamw(model):
    return [torch.optim.AdamW(groups(model, lambda name, weight: (1, 0.1 if weight.dim() > 1 else 0)), betas=(0.9, 0.95))]


def grouped(model):
    def of(name, weight):
        if "embed" in name or "lm_head" in name:
            return 0.1, 0
        return (1, 0.3) if weight.dim() == 1 else (2 if "mlp" in name else 1, 0.1)
    return [torch.optim.AdamW(groups(model, of), betas=(0.9, 0.95))]


def groups(model, of, peak=0.01):
    return [{"params": [weight], "lr": peak * of(name, weight)[0], "weight_decay": of(name, weight)[1]}
            for name, weight in model.named_parameters() if weight.requires_grad]


def muon(adjust, **more):
    def make(model):
        matrices = [weight for name, weight in model.named_parameters() if "layers" in name and weight.dim() == 2]
        ids = {id(weight) for weight in matrices}
        rest = [{"params": [weight], "lr": 0.005, "weight_decay": 0.1 if weight.dim() > 1 else 0}
                for weight in model.parameters() if id(weight) not in ids]
        return [torch.optim.Muon(matrices, lr=0.01, weight_decay=0.2, adjust_lr_fn=adjust, **more),
                torch.optim.AdamW(rest, betas=(0.9, 0.95))]
    return make


REST = "adamw(lr: 0.005, betas: [0.9, 0.95], decay: 0.1)"
OPTIMIZERS = {
    "adamw(lr: 0.01, betas: [0.9, 0.95], decay: 0.1)": adamw,
    "adamw(lr: 0.01, betas: [0.9, 0.95], decay: 0.1, groups: [group([embeddings, head], lr: 0.001, decay: 0), "
    "group(norms, decay: 0.3), group(feed_forward, lr: 0.02)])": grouped,
    f"muon(lr: 0.01, decay: 0.2, rest: {REST})": muon("original"),
    f"muon(lr: 0.01, decay: 0.2, momentum: 0.9, nesterov: false, scale: adamw, rest: {REST})":
        muon("match_rms_adamw", momentum=0.9, nesterov=False),
}


def keep_muon_whole():
    """Torch's own iteration, in the type that it is given."""
    module = sys.modules["torch.optim._muon"]
    source = inspect.getsource(module._zeropower_via_newtonschulz)
    assert source.count("dtype=torch.bfloat16") == 1, source
    exec(source.replace("dtype=torch.bfloat16", "dtype=grad.dtype"), module.__dict__)


def compare_optimizers():
    bad = False
    write_base("llama", {})
    keep_muon_whole()
    for words, make in OPTIMIZERS.items():
        for dtype in TYPES:
            folder, model = train("base", words, dtype), theirs(dtype)
            train_theirs(model, rates_of(folder, 0.01), make(model))
            found = load_file(folder / "model/model.safetensors")
            bad |= row(f"`{words}`, {dtype}", differences(found, dict(model.named_parameters())))
    return bad


def compare_adapters():
    bad = False
    for family, changes in FAMILIES.items():
        write_base(family, changes)
        for dtype, more in (("f64", {"use_rslora": True}), ("f32", {})):
            model = theirs(dtype)
            targets = "all-linear"
            wrapped = peft.get_peft_model(model, peft.LoraConfig(r=4, lora_alpha=6, target_modules=targets,
                                                                 task_type="CAUSAL_LM", **more))
            with torch.no_grad():  # a fresh adapter's B is zero, whose gradient's first sign decides an AdamW update
                for name, weight in wrapped.named_parameters():
                    if "lora_" in name:
                        weight.copy_(weight.normal_(0, 0.1).float())
            wrapped.save_pretrained("peft")
            file = "peft/adapter_model.safetensors"  # which Roux reads in f32
            save_file({name: weight.float() for name, weight in load_file(file).items()}, file)
            config = json.loads(pathlib.Path("peft/adapter_config.json").read_text())
            config["base_model_name_or_path"] = "../base"
            pathlib.Path("peft/adapter_config.json").write_text(json.dumps(config))
            rslora = ", rslora: true" if more else ""
            folder = train(f'base {{ adapt: lora(rank: 4, alpha: 6{rslora}, from: "peft") }}',
                           "adamw(lr: 0.01, betas: [0.9, 0.95], decay: 0.1)", dtype)
            optimizer = torch.optim.AdamW(groups(wrapped, lambda name, weight: (1, 0.1)), betas=(0.9, 0.95))
            train_theirs(wrapped, rates_of(folder, 0.01), [optimizer])
            expected = {name.replace(".default", ""): weight for name, weight in wrapped.named_parameters() if "lora_" in name}
            bad |= row(f"{family}, a PEFT adapter of every matrix trained on{rslora}, {dtype}",
                       differences(load_file(folder / "adapter/adapter_model.safetensors"), expected),
                       LIMIT if dtype == "f64" else SINGLE)
        bad |= compare_export(family, folder)
    return bad


def compare_export(family, folder):
    loaded = peft.PeftModel.from_pretrained(theirs("f32"), folder / "adapter").eval()
    merged = transformers.AutoModelForCausalLM.from_pretrained(folder / "model", dtype=torch.float32, attn_implementation="eager")
    ids = texts()[2]
    with torch.no_grad():
        a, b = loaded(ids).logits, merged.eval()(ids).logits
    bad = row(f"{family}, logits: PEFT with Roux's adapter, transformers with Roux's merged model",
              ((a - b).abs().max() / b.abs().max()).item())
    logp = torch.log_softmax(a[0].double(), -1)
    reference = [-logp[i, ids[0, i + 1]].item() for i in range(ids.shape[1] - 1)]
    found = json.loads(roux("score", str(folder / "model"), lines=[{"tokens": ids[0].tolist()}]))["nll"]
    return bad | row(f"{family}, mean NLL: PEFT with Roux's adapter, `roux score` of the merged model",
                     abs(sum(found) / sum(reference) - 1))


def main():
    print(f"transformers {transformers.__version__}, torch {torch.__version__}, peft {peft.__version__}\n")
    print("| what | largest relative difference | |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        bad = compare_optimizers() if "adapters" not in sys.argv else False
        bad |= compare_adapters() if "optimizers" not in sys.argv else False
        os.chdir("/")
    sys.exit(bad)


main()
