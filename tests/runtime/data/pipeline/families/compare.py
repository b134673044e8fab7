#!/usr/bin/env python3
"""Holds Roux's renderings, ids and targets of chats against PyPI's `jinja2` and `tokenizers` (and, with
--transformers, against `apply_chat_template` and its masks): templates.py has templates of our own in the manner
of published families, chats.py conversations.

    compare.py RENDERCHATS [--transformers]

An answer's targets are, by the rule of rendering prefixes, what stands behind the rendering that asks for it, up to
and with the last end token before the next message; where its turn has none, the control token that it ends in, or that
stands next; with generation blocks, what those rendered. A null key is an absent key. Either side may refuse; what
both render has to be equal."""
import json, os, re, subprocess, sys, tempfile
from pathlib import Path

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

sys.path.insert(0, str(Path(__file__).parent))
from chats import CHATS
from newer_templates import NEWER_ENDS, NEWER_TEMPLATES
from templates import CONTROLS, ENDS, TEMPLATES

TEMPLATES.update(NEWER_TEMPLATES)
ENDS.update(NEWER_ENDS)

BEGIN, END = "\x01", "\x02"  # around what a generation block rendered
SPECIAL = "|".join(re.escape(text) for text, special in CONTROLS if special)


NAMED = {"chatml": "<|im_end|>", "llama2": "</s>", "llama3": "<|eot_id|>", "mistral": "</s>", "plain": "</s>"}


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("mark"), [], [], body).set_lineno(line)

    def mark(self, caller):
        return BEGIN + caller() + END


def environment():
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])

    def refuse(message):
        raise jinja2.TemplateError(message)

    env.filters["tojson"] = lambda x, ensure_ascii=False, indent=None, separators=None, sort_keys=False: json.dumps(
        x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
    env.globals["raise_exception"] = refuse
    return env


def make_tokenizer():
    """Bytes, merges learnt from the chats, and every family's control tokens; some of them not "special"."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=420, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator([json.dumps(chat, ensure_ascii=False) for chat in CHATS.values()], trainer)
    tokenizer.add_tokens([AddedToken(text, special=special, normalized=False) for text, special in CONTROLS])
    return tokenizer


def without_nulls(record, source):
    keeps = re.search(r"content['\"\]]*\s+(is|==|!=)\s+(not\s+)?none", source, re.I)
    messages = [{k: v for k, v in m.items() if v is not None or (k == "content" and keeps)} for m in record["messages"]]
    return {**{k: v for k, v in record.items() if v is not None}, "messages": messages}


class Family:
    """A template by jinja2."""

    def __init__(self, name):
        self.source, self.end = TEMPLATES[name], ENDS.get(name, "<|im_end|>")
        self.template = environment().from_string(self.source)

    def render(self, record, count=None, asked=False):
        record = without_nulls(record, self.source)
        record["messages"] = record["messages"][:count]
        more = record.pop("chat_template_kwargs", {})
        return self.template.render(**{"tools": None, "documents": None, **record, **more}, bos_token="<s>", eos_token=self.end, add_generation_prompt=asked)

    def spans(self, record):
        """The rendering, and the stretches that are answers'; None where history is rewritten."""
        marked = self.render(record)
        if "generation %}" in self.source:
            spans, text, begin = [], "", None
            for piece in re.split(f"([{BEGIN}{END}])", marked):
                if piece == BEGIN:
                    begin = len(text)
                elif piece == END:
                    spans.append((begin, len(text)))
                else:
                    text += piece
            return text, spans
        text, spans = marked, []
        for index, message in enumerate(record["messages"]):
            if message["role"] != "assistant":
                continue
            try:
                asked, before = self.render(record, index, True), self.render(record, index)
                whole = self.render(record, index + 1)
            except jinja2.TemplateError:
                return text, None
            if asked == before and "add_generation_prompt" in self.source:
                return text, None  # it says nothing here
            begin = len(asked.rstrip(" "))
            end = len(os.path.commonprefix([whole, text]))
            last = text.rfind(self.end, begin, end)
            if not text.startswith(asked.rstrip(" ")) or (end < len(whole) and last < 0):
                return text, None
            own = list(re.finditer(rf"({SPECIAL})[ \t\r\n]*$", text[begin:end]))
            if last >= 0:
                end = last + len(self.end)
            elif own:
                end = begin + own[-1].end(1)
            elif whole == before:  # nothing is written for it
                pass
            elif next := re.match(rf"[ \t\r\n]*({SPECIAL}|{re.escape(self.end)})", text[end:]):
                end += next.end()
            spans.append((begin, end))
        return text, spans


class TransformersFamily(Family):
    """The same by transformers' own rendering, ids and masks of generation blocks."""

    def __init__(self, name, tokenizer):
        from transformers import PreTrainedTokenizerFast
        super().__init__(name)
        self.plain = Family(name)
        self.fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token=self.end)

    def render(self, record, count=None, asked=False):
        if "generation %}" in self.source or count == 0:  # it renders no conversation without messages
            return super().render(record, count, asked)
        record = without_nulls(record, self.source)
        return self.fast.apply_chat_template(record["messages"][:count], tools=record.get("tools"), documents=record.get("documents"),
                                             chat_template=self.source, add_generation_prompt=asked, tokenize=False,
                                             **record.get("chat_template_kwargs", {}))

    def tokens(self, record):
        if "generation %}" not in self.source:
            try:
                return tokens_of(self.fast.backend_tokenizer, *self.spans(record))
            except jinja2.TemplateError:  # it takes a null content out, which this template asks for
                if all(message.get("content", "") is not None for message in record["messages"]):
                    raise
                return tokens_of(self.fast.backend_tokenizer, *self.plain.spans(record))
        record = without_nulls(record, self.source)
        made = self.fast.apply_chat_template(record["messages"], tools=record.get("tools"), documents=record.get("documents"),
                                             chat_template=self.source, tokenize=True, return_dict=True,
                                             return_assistant_tokens_mask=True, **record.get("chat_template_kwargs", {}))
        return made["input_ids"], made["assistant_masks"]


def tokens_of(tokenizer, text, spans):
    encoded = tokenizer.encode(text, add_special_tokens=False)
    if spans is None:
        return encoded.ids, None
    return encoded.ids, [int(any(b < e2 and b2 < e for b2, e2 in spans)) for b, e in encoded.offsets]


def compare(program, folder, by_transformers):
    tokenizer = make_tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "chats.jsonl").write_text("".join(json.dumps(c, ensure_ascii=False) + "\n" for c in CHATS.values()))
    equal, refused, rewritten, wrong = 0, 0, 0, []
    for name, end in NAMED.items():  # those that trained models are exported with
        ENDS["our " + name] = end
        TEMPLATES["our " + name] = subprocess.run([program, name], capture_output=True, text=True, check=True).stdout
    for name in TEMPLATES:
        family = TransformersFamily(name, tokenizer) if by_transformers else Family(name)
        (folder / "template.jinja").write_text(family.source)
        (folder / "tokenizer_config.json").write_text(json.dumps({"bos_token": "<s>", "eos_token": family.end}))
        ran = subprocess.run([program, folder / "tokenizer.json", folder / "template.jinja", folder / "chats.jsonl"],
                             capture_output=True, text=True)
        if ran.returncode:
            wrong.append(f"{name}: {ran.stderr.strip()}")
            continue
        for (chat, record), line in zip(CHATS.items(), ran.stdout.splitlines(), strict=True):
            got = json.loads(line)
            try:
                ids, mask = family.tokens(record) if by_transformers else tokens_of(tokenizer, *family.spans(record))
            except (jinja2.TemplateError, TypeError) as error:
                ids, mask = None, str(error)
            if "error" in got:
                refused += 1
                if ids is not None:
                    wrong.append(f"{name}, {chat}: refused: {got['error']}")
            elif ids is None:
                wrong.append(f"{name}, {chat}: jinja2 refuses: {mask}")
            elif got["ids"] != ids:
                wrong.append(f"{name}, {chat}: {tokenizer.decode(got['ids'], False)!r}, expected {tokenizer.decode(ids, False)!r}")
            elif mask is None:
                rewritten += 1
            elif got["trained"] != mask:
                show = lambda marks: "".join(f"[{t}]" if m else t for t, m in zip(map(lambda i: tokenizer.decode([i], False), ids), marks))
                wrong.append(f"{name}, {chat}: {show(got['trained'])!r}, expected {show(mask)!r}")
            else:
                equal += 1
    for line in wrong:
        print(line)
    print(f"{len(TEMPLATES)} templates, {len(CHATS)} chats: {equal} equal, {refused} refused by both, {rewritten} equal in "
          f"ids where no prefix tells the targets, {len(wrong)} wrong")
    return not wrong


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(not compare(sys.argv[1], Path(folder), "--transformers" in sys.argv))
