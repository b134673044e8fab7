"""Do the models that `roux run` leaves behind load in transformers, with the same ids, chats and logits?

    python -m venv V && V/bin/pip install torch transformers && V/bin/python bench/transformers_load.py [REFERENCE]

Works in a temporary folder; roux on PATH. Trains tiny.recipe, and fine-tunes stories260K of REFERENCE, the reference
data, where it is given. A model is compared by the negative log-likelihood of every token (`roux score`) and by the
greedy continuation's logits through them; ids by `roux tokenize`.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
import transformers

TEXTS = ["Once upon a time, there was a cat.", "  two  spaces\nand lines\n", "héllo ☃ 123", "", " x", "user: Hi\n",
         "tabs\tand </s> in it", "日本語 mixed ▁ text 0xFF"]


def roux(*arguments, lines=None):
    text = None if lines is None else "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run(["roux", *arguments], input=text, text=True, capture_output=True)
    if done.returncode:
        sys.exit(f"roux {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def compare(what, folder, tokenizer_file):
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model, info = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32,
                                                                    output_loading_info=True)
    model.eval()
    unread = {name: list(names) for name, names in info.items() if names}
    print(f"{what}: {type(model).__name__}, {type(tokenizer).__name__}, not loaded: {unread or 'nothing'}")
    said = roux("tokenize", "--tokenizer", str(tokenizer_file), lines=[{"text": text} for text in TEXTS])
    ours = [json.loads(line)["ids"] for line in said.splitlines()]
    theirs = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in TEXTS]
    different = [text for text, a, b in zip(TEXTS, ours, theirs) if a != b]
    print(f"  ids of {len(TEXTS)} texts: {'equal' if not different else f'differ for {different}'}")
    print(f"  begin and end: {tokenizer.bos_token_id}, {tokenizer.eos_token_id}; generation: "
          f"{model.generation_config.bos_token_id}, {model.generation_config.eos_token_id}")
    chat = [{"role": "user", "content": "Where is the cat?"}, {"role": "assistant", "content": "In the garden."}]
    if tokenizer.chat_template:
        print(f"  chat: {tokenizer.apply_chat_template(chat, tokenize=False)!r}")
    else:
        print("  chat: no template")
    torch.manual_seed(1)
    ids = torch.randint(3, model.config.vocab_size, (200,)).tolist()
    nll = json.loads(roux("score", str(folder), lines=[{"tokens": ids}]))["nll"]
    with torch.no_grad():
        logp = torch.log_softmax(model(torch.tensor([ids])).logits[0].double(), -1)
    reference = [-logp[i, ids[i + 1]].item() for i in range(len(ids) - 1)]
    print(f"  largest difference of a log-likelihood over {len(nll)} random tokens: "
          f"{max(abs(a - b) for a, b in zip(nll, reference)):.1e}")
    return different


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    reference = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None
    print(f"transformers {transformers.__version__}, torch {torch.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        roux("run", str(root / "recipes/tiny.recipe"), "--target", "talk")
        (model,) = pathlib.Path("runs/tiny").glob("talk-*/model")
        (tokenizer,) = pathlib.Path("runs/tiny/data").glob("tokenizer-*.model")
        bad = compare("trained from scratch", model, tokenizer)
        if reference:
            stories = reference / "models/stories260K"
            pathlib.Path("tuned.recipe").write_text(f"""
tokenizer words = load("{stories}/tok512.reconstructed.model")
model stories = load("{stories}") {{
  tokenizer: words
  template: llama2
}}
data chats = chat("{root}/recipes/tiny/chats.jsonl")
train tune {{
  model: stories
  data: chats
  target: role == assistant
  weight: 1 / step.targets
  batch: each(4 sequences, overflow: drop, last: keep)
  optimizer: adamw(lr: 1e-3)
  length: 10 steps
}}
""")
            roux("run", "tuned.recipe")
            (model,) = pathlib.Path("runs/tuned").glob("tune-*/model")
            bad += compare("fine-tuned", model, stories / "tok512.reconstructed.model")
    sys.exit(bool(bad))


main()
