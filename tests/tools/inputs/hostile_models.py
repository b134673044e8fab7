"""Small inputs that say large things: chat templates, regular expressions of recipes and tokenizers, compressed data, deep and
wide JSON, YAML that names itself. Each is refused with the limit's name, or is read, in bounded memory and work (bounded.py).

    hostile_models.py RECIPES [NAME ...]     (roux on PATH; works in the current folder)
"""
import gzip
import json
import pathlib
import shutil
import sys

import bounded
import short_run
from bounded import ends, refused

recipes, bounded.only = sys.argv[1], sys.argv[2:]
recipe = """%s
%s
train read {
  model: base, data: docs, target: true, weight: 1 / step.targets
  batch: 2 * pack(64 tokens, fit: next, overflow: split, last: keep)
  optimizer: adamw(lr: 1e-3), length: 2 steps
}
"""
chats = json.dumps({"messages": [{"role": "user", "content": "a b"}, {"role": "assistant", "content": "c"}]}) + "\n"
CHECK = ("check", "case.recipe")


def fresh(data='data docs = text("docs.jsonl", ends: both)', model='model base = load("model") { template: plain }', docs='{"text": "Once there was a cat."}\n'):
    """The model's folder as a short run left it, a recipe and its data."""
    for name in ("model", "runs"):
        shutil.rmtree(name, ignore_errors=True)
    shutil.copytree("made", "model")
    pathlib.Path("case.recipe").write_text(recipe % (model, data))
    pathlib.Path("docs.jsonl").write_text(docs)


def edit_json(name, change):
    path = pathlib.Path("model", name)
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def wanted(what):
    return not bounded.only or what in bounded.only


def template(what, source, said="docs.jsonl:1"):
    what = f"a template: {what}"
    if not wanted(what):
        return
    fresh('data docs = chat("docs.jsonl")', 'model base = load("model")', chats)
    pathlib.Path("model/chat_template.jinja").write_bytes(source if isinstance(source, bytes) else source.encode())
    refused(what, said, *CHECK, most=400, limit="10 M steps, 80 MB of texts, 1000 deep")


short_run.write("first", recipes, steps=1, run="threads: 1")
short_run.done("first")
shutil.rmtree("made", ignore_errors=True)
shutil.copytree(short_run.folder("first") / "model", "made")

# What a template does.
doubled = "{% set a=[1] %}{% set b=[1] %}" + "{% set a=[a,a] %}{% set b=[b,b] %}" * 60
for what, source in [
        ("equal lists that double", doubled + "{{ a == b }}"),
        ("a list in a list that doubles", doubled + "{{ b in [a] }}"),
        ("lists sorted that double", doubled + "{{ [a, b] | sort }}"),
        ("a list printed that doubles", doubled + "{{ a }}"),
        ("a list as JSON that doubles", doubled + "{{ a | tojson }}"),
        ("unique lists that double", doubled + "{{ [a, b] | unique | list | length }}"),
        ("a list counted that doubles", doubled + "{{ [b].count(a) }}"),
        ("a text that doubles", "{% set a='ab' %}" + "{% set a=a+a %}" * 40),
        ("a text that doubles in a block", "{% set a='ab' %}" + "{% set a %}{{ a }}{{ a }}{% endset %}" * 40),
        ("a product of products", "{% set a=10 %}" + "{% set a=a*a %}" * 40 + "{{ a }}"),
        ("a power of powers", "{{ 10 ** (10 ** 10) }}"),
        ("the digits of a power", "{{ 3 ** 99999 }}"),
        ("a text times a million million", "{{ 'a' * 1000000000000 }}"),
        ("a list times a million million", "{{ [1] * 1000000000000 }}"),
        ("a range of a million million", "{{ range(1000000000000) | list }}"),
        ("loops in loops", "{% for i in range(99999) %}" * 4 + "{% endfor %}" * 4),
        ("a macro that calls itself", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"),
        ("a macro that calls itself twice", "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(60) }}"),
        ("replacing nothing by much", "{{ ('a' * 9999999).replace('', 'b' * 9999999) }}"),
        ("joining much by much", "{{ range(99999) | join('b' * 99999) }}"),
        ("an indent", "{{ ('a\n' * 99999) | indent(99999) }}"),
        ("JSON's indent", "{{ [[1]] | tojson(indent=9000000000000000000) }}"),
        ("splitting at every letter, many times", "{% for i in range(99999) %}{{ ('a,' * 99999).split(',') | length }}{% endfor %}"),
        ("a namespace that holds itself", "{% set n=namespace() %}{% set n.a=n %}{{ n }}{{ [n] == [n] }}{{ n.a | tojson }}"),
        ("a list searched for every item", "{% set l=range(99999) | list %}{% for i in l %}{{ l.index(i) if false else (i in l) }}{% endfor %}"),
        ("unique of many lists", "{{ range(99999) | map('string') | map('list') | unique | list | length }}"),
        ("a number of a million letters", "{{ ('9' * 1000000) | int(default='none') + 1 }}"),
        ("a value a million deep", "{% set n=namespace(a=[]) %}{% for i in range(99999) %}{% for j in range(10) %}{% set n.a=[n.a] %}{% endfor %}{% endfor %}{{ n.a }}"),
        ("bytes that are no UTF-8", b"{{ '\xff\xff\xff\xffa'[::-1] }}"),
        ("half a megabyte of words", "{{ 'a' }}" * 70_000)]:
    template(what, source, "model: chat template 'default': " if what.startswith(("bytes", "half")) else "docs.jsonl:1: chat template: ")
many = 100_000
for what, source in [
        ("brackets", "{{ " + "(" * many + "1" + ")" * many + " }}"), ("lists", "{{ " + "[" * many + "]" * many + " }}"),
        ("maps", "{{ " + "{'a':" * many + "1" + "}" * many + " }}"), ("negations", "{{ " + "not " * many + "1 }}"),
        ("signs", "{{ " + "-" * many + "1 }}"), ("members", "{{ a" + ".a" * many + " }}"), ("filters", "{{ a" + "|trim" * many + " }}"),
        ("calls", "{{ a" + "()" * many + " }}"), ("indices", "{{ a" + "[0]" * many + " }}"), ("sums", "{{ 1" + "+1" * many + " }}"),
        ("texts side by side", "{{ 'a'" + "~'a'" * many + " }}"), ("powers", "{{ 1" + "**1" * many + " }}"), ("choices", "{{ 1" + " if 1 else 1" * many + " }}"),
        ("comparisons", "{{ 1" + "<2" * many + " }}"), ("ifs", "{% if 1 %}" * 40_000 + "{% endif %}" * 40_000), ("targets", "{% for " + "(" * many + "a" + ")" * many + " in b %}{% endfor %}"),
        ("other ifs", "{% if 0 %}" + "{% elif 0 %}" * 40_000 + "{% endif %"), ("macros", "{% macro f() %}" * 20_000 + "{% endmacro %}" * 20_000),
        ("arguments", "{{ f(" + "a=(" * many + "1" + ")" * many + ") }}"), ("tests", "{{ 1" + " is defined" * many + " }}")]:
    what = f"a template of 100 000 {what}"
    if wanted(what):
        fresh('data docs = chat("docs.jsonl")', 'model base = load("model")', chats)
        pathlib.Path("model/chat_template.jinja").write_text(source)
        ends(what, lambda status, said: status == 1 and "model: chat template 'default': " in said, *CHECK, most=400, limit="200 expressions or blocks inside each other, 512 KiB")

# Regular expressions: of recipes, over 100 kB of letters; of tokenizers, over the same.
patterns = ["(a+)+$", "(a|a)*b", "(a|aa)+$", "(?:(?:a{1,99}){1,99}){1,99}b", "(a?){50}a{50}b", r"(a*)\1\1\1b", "(?R)?a+b", "(a(?1)?)+b", "(*LIMIT_MATCH=4000000000)(a+)+$",
            "(?=(a+))a*b", "(.*)(.*)(.*)(.*)x", "(?s).*.*.*.*.*x", "(a*)*(a*)*(a*)*x", "(*LIMIT_HEAP=4000000000)(a|b|(?1))+$", "((((((a*)*)*)*)*)*)*x", "(?i)(a|A|á)+x",
            r"(?<=a{1,200})x", r"(?=a\K)", r"\C\C\Cx", "(?C1)a", "(*ACCEPT)", "(?:)*", "(?|(a)|(b))*x", "a{65535}{65535}", "(?:a{65535}){65535}", "(" * 5000 + "a" + ")" * 5000,
            "a" * 1_000_000, "(?:" + "|".join(f"{i}a" for i in range(100_000)) + ")", "[" + "".join(chr(0x100 + 2 * i) for i in range(20_000)) + "]+x", "a{1,65535}" * 500, "(", "a**", "[z-a]", r"\p{Nope}", "(?<n>a)(?<n>b)", "\\"]
letters = json.dumps({"text": "a" * 100_000 + "!", "also": "a" * 100_000 + "!"}) + "\n"
for number, pattern in enumerate(patterns):
    shown = f"{number + 1} {pattern[:24]}"
    if wanted(f"matches {shown}"):
        quoted = json.dumps(pattern, ensure_ascii=False)
        fresh(f'data all = text("docs.jsonl", ends: both)\ndata docs = all | where(matches(field("also"), {quoted}))', docs=letters)
        ends(f"matches {shown}", lambda status, said: status == 0 or status == 1 and ("docs.jsonl:1: matches() cannot decide" in said or "not a regular expression" in said or "hold no sequence" in said), *CHECK, limit="a million tries a record")
    for kind, change in [("split", lambda file: file.update(pre_tokenizer={"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False})),
                         ("replace", lambda file: file.update(normalizer={"type": "Replace", "pattern": {"Regex": pattern}, "content": "b"}))]:
        if wanted(f"{kind} {shown}"):
            fresh(docs=letters)
            edit_json("tokenizer.json", change)
            ends(f"{kind} {shown}", lambda status, said: status in (0, 1) and (status == 0 or "docs.jsonl" in said or "tokenizer.json" in said), *CHECK, limit="a million tries a text")


def compressed(what, said, name, write, most=600, **more):
    if wanted(what):
        fresh(f'data docs = text("{name}", ends: both)')
        write(pathlib.Path(name))
        refused(what, said, *CHECK, most=most, limit="100 times its size", **more)


def gzip_of(piece, count):
    def write(path):
        with gzip.open(path, "wb", compresslevel=1) as file:
            for _ in range(count):
                file.write(piece)
    return write


def zstd_of(letter, size):
    """A frame of blocks that repeat one byte: 128 KiB from four bytes."""
    def write(path):
        blocks = size >> 17
        block = ((1 << 17) << 3 | 1 << 1).to_bytes(3, "little") + letter
        last = ((1 << 17) << 3 | 1 << 1 | 1).to_bytes(3, "little") + letter
        path.write_bytes(b"\x28\xb5\x2f\xfd\x00\x58" + block * (blocks - 1) + last)
    return write


compressed("gzip of empty lines", "docs.jsonl.gz", "docs.jsonl.gz", gzip_of(b"\n" * 1_000_000, 300))
compressed("gzip of one line", "docs.jsonl.gz", "docs.jsonl.gz", gzip_of(b"a" * 1_000_000, 300))
compressed("gzip of small records", "docs.jsonl.gz", "docs.jsonl.gz", gzip_of(b'{"text": "a"}\n' * 100_000, 200))
compressed("zstd of empty lines", "docs.jsonl.zst", "docs.jsonl.zst", zstd_of(b"\n", 4 << 30))
compressed("zstd of one line", "docs.jsonl.zst", "docs.jsonl.zst", zstd_of(b"a", 4 << 30))
compressed("zstd with a window of 2 GiB", "docs.jsonl.zst", "docs.jsonl.zst", lambda path: path.write_bytes(b"\x28\xb5\x2f\xfd\x00\xa8" + b"\x01\x00\x00"))
compressed("a million empty members of gzip", "hold no sequence", "docs.jsonl.gz", lambda path: path.write_bytes(gzip.compress(b"") * 1_000_000))
compressed("a million empty frames of zstd", "hold no sequence", "docs.jsonl.zst", lambda path: path.write_bytes(b"\x28\xb5\x2f\xfd\x00\x58\x01\x00\x00" + b"\x50\x2a\x4d\x18\x00\x00\x00\x00" * 1_000_000))

# Deep and wide JSON, in data and in a model's folder.
deep = "[" * 1_000_000 + "]" * 1_000_000
maps = '{"a":' * 500_000 + "1" + "}" * 500_000
large_key = json.dumps({"k" * 20_000_000: 1})
many_keys = json.dumps({f"k{i}": i for i in range(1_000_000)})


def with_those(content, own):
    """`own`, an object's text, and in front of it what `content` has."""
    return content.rstrip().removesuffix("}").rstrip() + ", " + own[1:] if len(content) > 2 else own


for what, docs, data in [
        ("a record of maps 500 000 deep", '{"text": "a", "deep": ' + maps + "}\n", None),
        ("a record that never closes", '{"text": "a", "deep": ' + "[" * 1_000_000 + "\n", None),
        ("a message a million deep", '{"messages": [{"role": "user", "content": "a", "x": ' + deep + '}, {"role": "assistant", "content": "b"}]}\n', "chat"),
        ("tools a million deep in a text", json.dumps({"tools": deep, "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}) + "\n", "chat")]:
    if wanted(what):
        fresh(f'data docs = {data}("docs.jsonl")' if data else 'data docs = text("docs.jsonl", ends: both)', docs=docs)
        refused(what, "docs.jsonl:1", *CHECK, limit="512 levels")
for what, docs in [
        ("a key of 20 MB", with_those('{"text": "a"}', large_key) + "\n"), ("a million keys", with_those('{"text": "a"}', many_keys) + "\n"),
        ("a million records of one odd key", "".join(json.dumps({"text": "a", f"k{i}": 1}) + "\n" for i in range(300_000))), ("a number of 10 MB", '{"text": "a", "n": ' + "9" * 10_000_000 + "}\n"),
        ("a text of 50 MB of escapes", '{"text": "' + "\\u0041" * 8_000_000 + '"}\n')]:
    if wanted(what):
        fresh(docs=docs)
        ends(what, lambda status, said: status == 0 or status == 1 and "docs.jsonl:1" in said, *CHECK, most=900, limit="1 GiB a record")
for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json", "special_tokens_map.json", "added_tokens.json", "model.safetensors.index.json"):
    for what, content in [("a million deep", '{"a": ' + deep + "}"), ("of maps 500 000 deep", maps), ("with a key of 20 MB", large_key), ("of a million keys", many_keys)]:
        if wanted(f"{name} {what}"):
            fresh()
            path = pathlib.Path("model", name)
            if what.startswith(("with", "of a million keys")) and path.exists():
                content = with_those(path.read_text(), content)
            path.write_text(content)
            ends(f"{name} {what}", lambda status, said: status == 0 or status == 1 and name in said, *CHECK, most=900, limit="512 levels")
if wanted("100 000 added tokens"):
    fresh()
    edit_json("tokenizer.json", lambda file: file.update(added_tokens=file["added_tokens"] + [{"id": 512 + i, "content": f"<{i}>" + "x" * 50, "special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False} for i in range(100_000)]))
    ends("100 000 added tokens", lambda status, said: status == 0 or "tokenizer.json" in said or "model" in said, *CHECK)

# Configs of other tools.
laughs = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))
for what, yaml in [
        ("aliases of aliases", laughs + "base_model: m\ndatasets: *a39\n"), ("an alias of itself", "base_model: m\ndatasets: &a [*a]\n"), ("merges of merges", "base_model: m\n" + "a0: &a0 {x: 1}\n" + "".join(f"a{i}: &a{i} {{<<: *a{i - 1}, b: *a{i - 1}}}\n" for i in range(1, 5000))),
        ("lists 100 000 deep", "base_model: m\ndatasets: " + "[" * 100_000 + "]" * 100_000 + "\n"), ("maps 100 000 deep", "base_model: m\ndatasets: " + "{a: " * 100_000 + "}" * 100_000 + "\n"),
        ("blocks 1 000 deep", "base_model: m\ndatasets:\n" + "".join(" " * i + "a:\n" for i in range(1, 1300))), ("dashes 100 000 deep", "base_model: m\ndatasets: \n" + "- " * 100_000 + "a\n"),
        ("a key of a megabyte", "base_model: m\n" + "k" * 1_000_000 + ": 1\n"), ("50 000 keys", "base_model: m\n" + "".join(f"k{i}: 1\n" for i in range(50_000))),
        ("a million items", "base_model: m\ndatasets: [" + "a," * 500_000 + "a]\n"), ("100 000 documents", "base_model: m\n" + "---\n" * 100_000), ("brackets that never close", "base_model: [" + "[" * 500_000),
        ("complex keys", "base_model: m\n" + "? " * 50_000 + "a\n"), ("anchors", "base_model: m\nx: [" + "".join(f"&a{i} x, " for i in range(50_000)) + "]\n"), ("tags", "base_model: " + "!!" * 50_000 + "a m\n"), ("quotes that never close", 'base_model: "' + "a" * 900_000)]:
    what = f"YAML of {what}"
    if wanted(what):
        pathlib.Path("config.yaml").write_text(yaml)
        ends(what, lambda status, said: status == 0 or status == 1 and "config.yaml" in said, "import", "config.yaml", most=300, limit="1 MB, 10 000 keys or items, 1 level")
