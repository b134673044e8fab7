"""Typical mistakes in recipes, each with the first error's text; most name the cause, none is said twice.

    typical_mistakes.py     (roux on PATH; works in the current folder)

A row is what is written, around it a recipe that is right, and a part of what must be said. Prints all of it.
"""
import pathlib
import re
import subprocess
import sys

KEYS = {
    "model": "base", "data": "chats", "target": "role == assistant", "weight": "1 / step.targets",
    "batch": "8 * pack(4Ki tokens, fit: best, overflow: drop, last: keep)", "optimizer": "adamw(lr: 1e-5)",
    "length": "2 epochs",
}


def recipe(place, text):
    """The recipe with `text` at its place: a key of a train, a value, a key of run or an eval, a line of the file."""
    keys, model, data, run, unseen, lines = dict(KEYS), 'load("m")', 'chat("c.jsonl")', "", "", ""
    if place == "train":
        name = re.match(r"\w*", text).group()
        keys.pop(name, None)
        keys["#"] = text
    elif place == "without":
        for name in text.split():
            keys.pop(name)
    elif place == "model":
        model = text
    elif place == "data":
        data = text
    elif place == "run":
        run = f"run {{\n  {text}\n}}\n"
    elif place == "eval":
        unseen = f"eval e {{\n  model: sft\n  {text}\n}}\n"
    elif place == "file":
        lines = text + "\n"
    elif place == "all":
        return text
    body = "\n".join(f"  {value}" if key == "#" else f"  {key}: {value}" for key, value in keys.items())
    return f"seed 7\nmodel base = {model}\ndata chats = {data}\n{lines}train sft {{\n{body}\n}}\n{unseen}{run}"


MISTAKES = [
    # Typing.
    ("train", "lenght: 2 epochs", "did you mean 'length'?"),
    ("train", "wieght: 1 / step.targets", "did you mean 'weight'?"),
    ("train", "optimiser: adamw(lr: 1e-5)", "did you mean 'optimizer'?"),
    ("train", "Length: 2 epochs", "did you mean 'length'?"),
    ("train", "target: role == asistant", "did you mean 'assistant'?"),
    ("train", "optimizer: AdamW(lr: 1e-5)", "did you mean 'adamw'?"),
    ("train", "batch: 8 * packed(4Ki tokens, overflow: drop, last: keep)", "did you mean 'pack'?"),
    ("train", "model: bsae", "did you mean 'base'?"),
    ("train", "weight: 1 / step.tragets", "did you mean 'targets'?"),
    ("train", "gradient_acumulation_steps: 4", "a step is what batch says"),
    ("run", "precission: bf16", "write dtype: bf16"),
    ("file", "modle big = load(\"m\")", "did you mean 'model'?"),
    ("data", 'chat("c.jsonl") | shuffel', "did you mean 'shuffle'?"),
    ("model", 'load("m") { template: chatlm }', "did you mean 'chatml'?"),
    # Units.
    ("train", "length: 1 epoch", "did you mean 'epochs'?"),
    ("train", "length: 512", "expected tokens, steps or epochs"),
    ("train", "length: 3epochs", "'3 epochs'"),
    ("train", 'length: "3 epochs"', "found a text; a number has no quotes"),
    ("train", "length: 2 iterations", "did you mean 'steps'?"),
    ("train", "schedule: [warmup(3 %), cosine(to: 0)]", "a percent sign touches its number"),
    ("train", "schedule: [warmup(100), cosine(to: 0)]", "expected a percentage, tokens, steps or epochs"),
    ("train", "batch: 8 * pack(4K tokens, overflow: drop, last: keep)", "'Ki' (1024)"),
    ("train", "batch: 8 * pack(4096 token, overflow: drop, last: keep)", "did you mean 'tokens'?"),
    ("train", "batch: each(8 examples, overflow: drop, last: keep)", "did you mean 'sequences'?"),
    ("train", "clip: 1 %", "a percent sign touches its number"),
    ("run", "memory: 80", "bytes are written 80GB"),
    ("run", "memory: 80 GB", "touches its number"),
    ("run", "save: 100", "every("),
    ("run", "save: every(100)", "expected steps, epochs, minutes or hours"),
    ("run", "log: every(1 epoch)", "did you mean 'epochs'?"),
    ("data", 'chat("c.jsonl") | sample(110%)', "at most 100%"),
    # Other tools' words.
    ("train", "epochs: 3", "write length: 2 epochs"),
    ("train", "num_train_epochs: 3", "write length: 2 epochs"),
    ("train", "max_steps: 100", "write length: 500 steps"),
    ("train", "gradient_accumulation: 4", "a step is what batch says"),
    ("train", "per_device_train_batch_size: 4", "write batch:"),
    ("train", "per_device_eval_batch_size: 4", "how an eval is cut follows"),
    ("train", "micro_batch_size: 4", "a key of run"),
    ("train", "learning_rate: 2e-5", "adamw(lr: 2e-5)"),
    ("train", "weight_decay: 0.1", "decay: 0.1"),
    ("train", "eps: 1e-8", "adamw(lr: 2e-5, epsilon: 1e-8)"),
    ("train", "betas: [0.9, 0.95]", "adamw(lr: 2e-5, betas: [0.9, 0.95])"),
    ("train", "optimizer: adamw(lr: 1e-5, eps: 1e-8)", "write epsilon"),
    ("train", "optimizer: sgd(lr: 1e-3)", "the optimizers here are adamw"),
    ("train", "warmup_ratio: 0.03", "schedule: [warmup(3%), cosine(to: 0)]"),
    ("train", "lr_scheduler_type: cosine", "schedule: [warmup(3%), cosine(to: 0)]"),
    ("train", "max_grad_norm: 1", "write clip: 1"),
    ("train", "sequence_len: 4096", "the length of a pack"),
    ("train", "sample_packing: true", "batch: 8 * pack("),
    ("train", "train_on_inputs: false", "target: role == assistant"),
    ("train", "val_set_size: 0.05", "loss(held)"),
    ("train", "eval_steps: 50", "during: every(50 steps)"),
    ("train", "precision: bf16", "write dtype: bf16 in run"),
    ("train", "bf16: true", "write dtype: bf16 in run"),
    ("train", "gpus: 8", "devices: 8 in run"),
    ("train", "lora_r: 16", "adapt: lora(rank: 16)"),
    ("train", "load_in_4bit: true", "never in fewer bits"),
    ("train", "output_dir: out", "results lie in runs/"),
    ("train", "save_steps: 100", "save: every(200 steps) in run"),
    ("train", "gradient_checkpointing: true", "recompute: layers in run"),
    ("train", "wandb_project: sft", "TensorBoard"),
    ("train", "neftune_noise_alpha: 5", "there is none of it"),
    ("train", "rl: dpo", "chosen.logp"),
    ("train", "template: chatml", "in a block behind: load(\"folder\")"),
    ("train", "save: every(100 steps)", "run has it"),
    ("run", "epochs: 3", "write length: 2 epochs"),
    ("run", "device: gpu", "write cuda"),
    ("run", "dtype: fp16", "write bf16"),
    ("run", "parallel: fsdp", "write shard"),
    ("run", "num_workers: 4", "write threads"),
    ("data", 'chat("c.jsonl") | filter(turns > 1)', "write where("),
    ("data", 'chat("c.jsonl") | take(100)', "write sample("),
    ("data", 'chat("c.jsonl") | map(f)', "records are read as they are"),
    ("data", 'chat("c.jsonl") | dedup', "without(others)"),
    ("data", 'load_dataset("c.jsonl")', "write chat("),
    ("data", 'chat("c.jsonl", split: "train")', "a split is a file of its own"),
    ("data", 'chat("hf:/me/chats")', "nothing is fetched"),
    ("model", 'AutoModel.from_pretrained("m")', "write load(\"folder\")"),
    ("model", 'load("m", torch_dtype: bf16)', "write dtype: bf16 in run"),
    ("model", 'load("m") { max_position_embeddings: 8Ki }', "context: 64Ki"),
    ("model", 'load("m") { adapt: lora(r: 8) }', "write rank"),
    ("model", 'load("m") { adapt: lora(rank: 8, on: [q_proj]) }', "write query"),
    ("eval", "unseen: perplexity(chats)", "write loss(held)"),
    ("eval", 's: samples(["a"], max_new_tokens: 30)', "write tokens"),
    # Formulas.
    ("train", "target: assistant", "write role == assistant"),
    ("train", 'target: "assistant"', "expected a truth"),
    ("train", "target: role = assistant", "'==' compares"),
    ("train", "target: role is assistant", "'==' compares"),
    ("train", "target: role == gpt", "write assistant"),
    ("train", "target: role == assistant && turns > 1", "write 'and'"),
    ("train", "target: role == assistant and turn.last", "turn.index == turns - 1"),
    ("train", "target: all", "write true"),
    ("train", "weight: mean", "write 1 / step.targets"),
    ("train", "weight: 1 / batch.tokens", "write step"),
    ("train", "weight: role == assistant ? 1 : 0", "if … then … else"),
    ("train", "loss: cross_entropy", "write token.nll"),
    ("data", 'chat("c.jsonl") | where(turns => 2)', "write '>='"),
    ("data", 'chat("c.jsonl") | where(role == assistant)', "any(… over sequence)"),
    ("data", 'chat("c.jsonl") | where(lang == "en")', 'field("lang")'),
    ("data", 'chat("c.jsonl") | where(len(turns) > 1)', "sequence.tokens, turns"),
    ("train", "weight: 1 / N", "counts are attributes: sequence.tokens"),
    ("train", "weight: 1 / sqrt(sequence.targets over step)", "'over' stands only in a reduction"),
    ("train", "loss_fn: nll", "write loss: token.nll"),
    ("data", 'chat("c.jsonl") | where(tokens < 4Ki)', "write sequence.tokens"),
    ("data", 'chat("c.jsonl") | where(length < 4Ki)', "counts are attributes: sequence.tokens"),
    # Sorts of values.
    ("train", "batch: 32", "each("),
    ("train", "optimizer: adamw", "adamw(lr: 2e-5"),
    ("train", 'optimizer: "adamw"', "adamw(lr: 2e-5"),
    ("train", "optimizer: adamw(1e-5)", "write 'lr:'"),
    ("train", "optimizer: adamw(lr=1e-5)", "write lr: …"),
    ("train", "optimizer: adamw(lr: 1e-5, betas: 0.9)", "two numbers"),
    ("train", "schedule: cosine", "cosine(to: 10%)"),
    ("train", "schedule: warmup(3%), cosine(to: 0)", "a list"),
    ("train", "keep: best", "best(unseen)"),
    ("train", "keep: first", "expected last or best(…)"),
    ("train", "freeze: layers(12)", "a range a..b"),
    ("train", "batch: pack(4Ki tokens, overflow: drop, last: keep) * 8", "8 * pack("),
    ("run", 'dtype: "bf16"', "without quotes"),
    ("run", "recompute: true", "write layers"),
    ("model", '"m"', "write load("),
    ("model", "load(m)", "a path in quotes"),
    ("model", 'load "m"', "write load(\"m\")"),
    ("model", "meta-llama/Llama-3-8B", "load(\"folder\")"),
    ("model", 'load("m") { rope: yarn(4) }', "write 'factor:'"),
    ("data", '"c.jsonl"', "write chat("),
    ("data", "chat(c.jsonl)", "a path in quotes"),
    ("data", 'chat("c.jsonl").shuffle()', "behind '|'"),
    ("data", 'chat("c.jsonl") shuffle', "behind '|'"),
    ("eval", "unseen: loss", "loss("),
    ("eval", "loss(chats)", "key: value"),
    # What is missing, and the order of things.
    ("without", "target", "train needs 'target:'"),
    ("without", "weight", "train needs 'weight:'"),
    ("without", "batch", "train needs 'batch:'"),
    ("without", "length", "train needs 'length:'"),
    ("without", "optimizer length", "train needs 'optimizer:', the update; and 'length:'"),
    ("train", "batch: 8 * pack(4Ki tokens)", "pack needs 'overflow:'"),
    ("model", "new(llama)", "new needs 'tokenizer:'"),
    ("train", "length 2 epochs", "expected ':' after the key 'length'"),
    ("train", "length = 2 epochs", "expected ':' after the key 'length'"),
    ("data", 'chat("c.jsonl"', "expected ')' to close the call of 'chat'"),
    ("file", "param rate: 1e-5", "expected '=' or '{'"),
    ("file", "param rate = 1e-5", "nothing uses the param 'rate'"),
    ("file", "data a = b | shuffle\ndata b = a", "cyclic definition"),
    ("file", "data chats = text(\"a.txt\", ends: eos)", "'chats' is defined twice"),
    ("file", "import \"parts.recipe\"", "use \"parts.recipe\""),
    ("train", "gradient_clipping: 1.0", "write clip: 1"),
    ("train", "optimizer: adam(lr: 1e-5)", "the optimizers here are adamw"),
    ("train", "optimizer: adamw(lr: 1e-5, beta1: 0.9)", "write betas: [0.9, 0.999]"),
    ("train", "schedule: [cosine(to: 0), warmup(3%)]", "warmup stands first"),
    ("train", "length: -1 steps", "more than zero"),
    ("train", "length: 1M", "expected tokens, steps or epochs"),
    ("train", "batch: 8 * pack(4Ki tokens, overflow: truncate, last: keep)", "write cut("),
    ("train", "batch: 8 * pack(4Ki tokens, overflow: drop, drop_last: true)", "write last: drop"),
    ("train", "freeze: embedding", "did you mean 'embeddings'?"),
    ("train", "keep: best(eval_loss)", "no eval measures 'eval_loss'"),
    ("train", "export_dtype: f32", "run has it"),
    ("run", "save_dtype: bf16", "write export_dtype: bf16"),
    ("run", "export_dtype: fp16", "expected base, f32, bf16 or f16"),
    ("run", "threads: all", "write auto"),
    ("run", "report_to: wandb", "TensorBoard"),
    ("run", "flash_attention: true", "there is nothing to turn on"),
    ("run", "save: 500 steps", "expected every(…)"),
    ("run", "memory: 16 GiB", "touches its number"),
    ("model", 'load("m", lora: 16)', "adapt: lora(rank: 16)"),
    ("model", 'load("m") { adapt: qlora(rank: 16) }', "adapt: lora(rank: 16)"),
    ("model", 'load("m") { max_seq_len: 8Ki }', "context: 64Ki"),
    ("model", 'load("m") { dtype: bf16 }', "write dtype: bf16 in run"),
    ("data", 'load("c.jsonl")', "write chat("),
    ("data", 'chat("c.jsonl") | sample(0.1)', "a share is written 10%"),
    ("data", 'chat("c.jsonl") | shuffle(seed: 1)', "write seed 7"),
    ("eval", "x: accuracy(chats)", "write task("),
    ("eval", "every: 50 steps", "during: every(50 steps)"),
    ("file", "dataset x = chats", "write data"),
    ("file", "let lr = 1e-5", "write param"),
    ("file", "// comment", "a comment starts with '#'"),
    ("file", "data held = chats | sample 5%", "write sample(5%)"),
    ("all", "seed: 7\n", "write seed 7"),
    ("all", "base_model: m\ndatasets:\n  - path: c.jsonl\n", "roux import"),
    ("all", "seed 7\ntrain sft {\n  model: base\n}\nmodel base = load(\"m\")\n", "train needs 'data:'"),
]
FILES = [
    ("model", 'load("nowhere")', "there is no file or folder 'nowhere'; a model is a folder on disk"),
    ("data", 'chat("nowhere.jsonl")', "there is no file or folder 'nowhere.jsonl'"),
]


def errors(place, text, *flags):
    pathlib.Path("typical.recipe").write_text(recipe(place, text))
    said = subprocess.run(["roux", "check", *flags, "typical.recipe"], capture_output=True, text=True)
    assert said.returncode == 1, (text, said)
    return [line.partition(": error: ")[2] for line in said.stderr.splitlines() if ": error: " in line]


pathlib.Path("m").mkdir()
pathlib.Path("c.jsonl").write_text("")
pathlib.Path("typical.recipe").write_text(recipe("", ""))
fine = subprocess.run(["roux", "check", "--no-files", "typical.recipe"], capture_output=True, text=True)
assert fine.returncode == 0, fine
wrong = []
for place, text, cause in MISTAKES + FILES:
    found = errors(place, text, *([] if (place, text, cause) in FILES else ["--no-files"]))
    print(f"{text!r}\n    {found[0]}")
    if cause not in found[0]:
        wrong.append(f"{text!r}: expected {cause!r}, found {found[0]!r}")
    if len(found) != 1:
        wrong.append(f"{text!r}: {len(found)} errors: {found}")
print(f"{len(MISTAKES + FILES)} mistakes, {len(wrong)} without their cause first or with more than one error")
sys.exit("\n".join(wrong) or 0)
