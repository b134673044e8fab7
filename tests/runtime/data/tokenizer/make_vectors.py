#!/usr/bin/env python3
"""Writes vectors.jsonl: small tokenizers with the ids that the PyPI package `tokenizers` gives.

  python3 -m venv V && V/bin/pip install tokenizers==0.23.3 && V/bin/python make_vectors.py

One line a tokenizer: {"name", "tokenizer" (a tokenizer.json), "cases": [{"text", "surround", "ids",
"decoded"}]}. Each is shaped like a published family or holds one feature. "decoded" is absent where
the package decodes otherwise on purpose (see the README's list of differences).
"""
import json, os
from tokenizers import AddedToken, Regex, Tokenizer, models, trainers
from tokenizers import decoders as D, normalizers as N, pre_tokenizers as P, processors as R

here = os.path.dirname(os.path.abspath(__file__))
TEXTS = [
    "", " ", "   ", "Hello world", " Hello  world!", "it's IT'S we'LL I\u017f'\u017f", "a\n\nb \n c\r\n  ",
    "12345 1,234.5 \u0663\u2167\u00bd\u00b2", "caf\u00e9 cafe\u0301 \u00c5\u212b \ufb01 \u0130", "\u65e5\u672c\u8a9e\u3067\u3059\u3002\ud55c\uad6d\uc5b4 \u1112\u1161\u11ab",
    "\U0001f642\U0001f469\u200d\U0001f469\u200d\U0001f467 \u200b\u00a0\u3000x", "<s>x</s> <tok> a<tok>b  [X]", "\u2581\u2581a \u2581b", "tab\tand\u0085nel",
    "def f(x):\n    return x_1 + 0xAB  # '''", "\x00\x01", "The the THE thethe", "e" * 70, "<0x41> \u0120\u010a",
]
TRAINING = [t * 3 for t in TEXTS] + open(os.path.abspath(__file__), encoding="utf-8").read().split("\n")
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
BYTES = P.ByteLevel(add_prefix_space=False, use_regex=False)
LLAMA2 = dict(normalizer=N.Sequence([N.Prepend("\u2581"), N.Replace(" ", "\u2581")]),
              decoder=D.Sequence([D.Replace("\u2581", " "), D.ByteFallback(), D.Fuse(), D.Strip(" ", 1, 0)]),
              model=dict(byte_fallback=True, unk_token="<unk>", fuse_unk=True))


def split(pattern, behavior="isolated", invert=False):
    return P.Split(pattern if len(pattern) == 1 else Regex(pattern), behavior, invert)


def byte_level(*steps, **more):
    return dict(pre=P.Sequence([*steps, BYTES]), decoder=D.ByteLevel(), bytes=True, **more)


CASES = {
    "gpt2": dict(pre=P.ByteLevel(add_prefix_space=False), decoder=D.ByteLevel(), bytes=True),
    "roberta-prefix": dict(pre=P.ByteLevel(add_prefix_space=True), decoder=D.ByteLevel(), bytes=True),
    "neox": dict(pre=P.ByteLevel(add_prefix_space=False), decoder=D.ByteLevel(), bytes=True,
                 normalizer=N.NFC(), added=[AddedToken("  ", normalized=True), AddedToken("   ", normalized=True)]),
    "llama3": byte_level(split(LLAMA3), model=dict(ignore_merges=True), surround="<s> $A"),
    "qwen2": byte_level(split(LLAMA3.replace("{1,3}", "")), normalizer=N.NFC()),
    "gpt4-removed-invert": byte_level(split(LLAMA3, "removed", True)),
    "o200k": byte_level(split(O200K)),
    "deepseek": byte_level(split(r"\p{N}{1,3}"), split("[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"), split(GPT2)),
    "starcoder": byte_level(P.Digits(individual_digits=True), split(GPT2)),
    "llama2": dict(**LLAMA2, surround="<s> $A </s>"),
    "llama2-pairs": dict(**LLAMA2, merges_as_text=False),
    "mistral-first": dict(pre=P.Metaspace("\u2581", "first", split=False), decoder=D.Metaspace("\u2581", "first"),
                          model=dict(byte_fallback=True, unk_token="<unk>", fuse_unk=True), decodes=False),
    "metaspace-always": dict(pre=P.Metaspace("\u2581", "always"), model=dict(unk_token="<unk>"), decodes=False),
    "metaspace-never": dict(pre=P.Metaspace("\u2581", "never"), decoder=D.Metaspace("\u2581", "never"),
                            model=dict(unk_token="<unk>", fuse_unk=True)),
    "whitespace": dict(pre=P.Whitespace(), model=dict(unk_token="<unk>")),
    "whitespace-split": dict(pre=P.Sequence([P.WhitespaceSplit(), P.Punctuation()]), model=dict(unk_token="<unk>")),
    "punctuation": byte_level(P.Punctuation("merged_with_previous"), P.CharDelimiterSplit("e")),
    "nfkc-lower-strip": byte_level(normalizer=N.Sequence([N.NFKC(), N.Lowercase(), N.Strip()]), decodes=False),
    "nfd-no-accents": byte_level(normalizer=N.Sequence([N.NFD(), N.StripAccents()])),
    "nfkd-replace": byte_level(normalizer=N.Sequence([N.NFKD(), N.Replace(Regex(r"\s+"), "_")])),
    "added-flags": dict(pre=P.ByteLevel(add_prefix_space=False), decoder=D.ByteLevel(), bytes=True,
                        added=[AddedToken("<tok>", lstrip=True, rstrip=True), AddedToken("the", single_word=True),
                               AddedToken("[X]", normalized=False)]),
    "words-and-hex": byte_level(split(r"\w+|\h"), split(r"^.|x$", "removed")),
    **{f"split-{behavior}{'-invert' if invert else ''}": byte_level(split(r"\s+|\d", behavior, invert))
       for behavior in ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous")
       for invert in (False, True)},
}


def build(normalizer=None, pre=None, decoder=None, model={}, bytes=False, added=(), surround=None,
          merges_as_text=True, decodes=True):
    tokenizer = Tokenizer(models.BPE(**model))
    if normalizer: tokenizer.normalizer = normalizer
    if pre: tokenizer.pre_tokenizer = pre
    if decoder: tokenizer.decoder = decoder
    fallback = [f"<0x{b:02X}>" for b in range(256)] if model.get("byte_fallback") else []
    specials = ["<s>", "</s>", "<unk>"] + fallback
    tokenizer.train_from_iterator(TRAINING, trainers.BpeTrainer(
        vocab_size=60 + (256 if bytes else 0) + len(specials) + (60 if not bytes else 0), special_tokens=specials,
        limit_alphabet=1000 if bytes else 60, initial_alphabet=P.ByteLevel.alphabet() if bytes else [], show_progress=False))
    tokenizer.add_tokens(list(added))
    if surround:
        tokenizer.post_processor = R.TemplateProcessing(
            single=surround, special_tokens=[(t, tokenizer.token_to_id(t)) for t in ("<s>", "</s>")])
    file = json.loads(tokenizer.to_str())
    # Llama's byte tokens are pieces of the model, not tokens to look for.
    file["added_tokens"] = [t for t in file["added_tokens"] if t["content"] not in fallback]
    if merges_as_text and not any(" " in half for pair in file["model"]["merges"] for half in pair):
        file["model"]["merges"] = [" ".join(pair) for pair in file["model"]["merges"]]
    return file, decodes


def cases(file, decodes):
    tokenizer = Tokenizer.from_str(json.dumps(file))
    for text in TEXTS:
        for surround in (False, True) if file["post_processor"] else (False,):
            ids = tokenizer.encode(text, add_special_tokens=surround).ids
            decoded = tokenizer.decode(ids, skip_special_tokens=False)
            known = decodes and "\ufffd" not in decoded
            yield dict(text=text, surround=surround, ids=ids, **(dict(decoded=decoded) if known else {}))


with open(os.path.join(here, "vectors.jsonl"), "w", encoding="utf-8") as out:
    for name, shape in CASES.items():
        file, decodes = build(**shape)
        out.write(json.dumps(dict(name=name, tokenizer=file, cases=list(cases(file, decodes))),
                             ensure_ascii=True, separators=(",", ":")) + "\n")
