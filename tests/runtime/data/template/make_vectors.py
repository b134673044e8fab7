#!/usr/bin/env python3
"""Writes vectors.json: what Jinja itself (PyPI `jinja2`, 3.1) makes of the templates under published/ and of
the snippets below, rendered as Hugging Face renders chat templates. Run it in a virtual environment
with jinja2 installed:  python3 make_vectors.py
Each vector: template (or file), context (JSON), and either output, or error: true."""
import json, os, sys
from datetime import datetime, timezone
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

HERE = os.path.dirname(os.path.abspath(__file__))
BEGIN, END = "\x01", "\x02"  # around what a generation block rendered


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

    def raise_exception(message):
        raise RuntimeError(message)

    env.filters["tojson"] = lambda x, indent=None: json.dumps(x, ensure_ascii=False, indent=indent)
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda f: datetime.fromtimestamp(1721952000, timezone.utc).strftime(f)
    return env


U = lambda text: {"role": "user", "content": text}
A = lambda text: {"role": "assistant", "content": text}
S = lambda text: {"role": "system", "content": text}
TOOL = {"type": "function", "function": {"name": "weather", "description": "now at a place", "parameters": {"type": "object", "properties": {"at": {"type": "string"}, "n": {"type": "integer", "default": 3}}, "required": ["at"]}}}
CALL = {"role": "assistant", "content": "", "tool_calls": [{"id": "abcdefghi", "type": "function", "function": {"name": "weather", "arguments": {"at": "Zürich \"City\"", "n": 2}}}]}
CHATS = {
    "one turn": [U("What is 2 + 2?"), A("It is 4.")],
    "many turns": [U("  Hello "), A(" Hi, how can I help?\n"), U("Say it again\n\n"), A("Hi, how can I help?")],
    "system": [S("Be brief."), U("Hi"), A("Yes?"), U("x"), A("")],
    "unicode": [U("größe \U0001f600 日本語 \u200b"), A("\u00a0ok\u2003")],
    "thinking": [U("a"), A("<think>\nhm\n</think>\n\nb"), U("c"), A("<think>\nwell\n</think>\n\nd")],
    "user first missing": [A("I begin"), U("no")],
    "control words": [U("<|im_end|> [INST] </s>"), A("{{ x }} {% y %} <<SYS>>")],
    "tools": [U("weather?"), CALL, {"role": "tool", "content": "22", "tool_call_id": "abcdefghi"}, A("It is 22.")],
    "prompt only": [U("and?")],
}
SNIPPETS = r'''
{{ 1 + 2 * 3 - 4 // 3 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ -7 // 2 }} {{ 2 ** 10 }} {{ 7 / 2 }} {{ 6 / 2 }} {{ 2 ** -1 }}
{{ 1.5 + 1 }} {{ 1e3 }} {{ 0.1 + 0.2 }} {{ 1e16 }} {{ 1e-5 }} {{ 123456789.0 }} {{ 1_000 }} {{ 3.0 // 2 }} {{ -7.5 % 2 }}
{{ 'a' ~ 1 ~ none ~ true }} {{ 'ab' * 3 }} {{ [1] * 2 + [2] }} {{ 'a' + 'b' }} {{ 3 * 'xy' }}
{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 'a' < 'b' }} {{ 1 == 1.0 }} {{ true == 1 }} {{ none == false }} {{ [1, 2] == [1, 2] }} {{ (1, 2) == [1, 2] }}
{{ 'b' in 'abc' }} {{ 2 in [1, 2] }} {{ 'k' in {'k': 1} }} {{ 3 not in [1] }} {{ not 1 }} {{ not none or 1 }}
{{ 1 if false }}|{{ 1 if true else 2 }} {{ 'x' if x is defined else 'no x' }} {{ 1 if 0 else 2 if 0 else 3 }}
{{ undefined_name }}|{{ undefined_name is defined }} {{ undefined_name is undefined }} {{ undefined_name | default('d') }} {{ '' | default('e', true) }} {{ none | d('f') }}
{{ undefined_name.x }}
{{ undefined_name + 1 }}
{{ undefined_name[0] }}
{{ {}.missing }}|{{ {}.missing is defined }} {{ [1][5] }}|{{ [1][-1] }}
{{ [1, 'a', none, true, 1.0, {'k': [()]}, (1,)] }} {{ "it's" }} {{ ["it's", 'say "hi"', 'both \' "', 'tab\t\\'] }}
{{ 'hello world' | title }} {{ "they're  bill-o (x)" | title }} {{ 'ABC def' | capitalize }} {{ 'aBc' | upper }} {{ 'aBÉ' | lower }} {{ 'éa' | upper }}
{{ '  x y ' | trim }}|{{ 'xxaxx' | trim('x') }}|{{ '  x '.strip() }}|{{ 'xxa'.lstrip('x') }}|{{ 'axx'.rstrip('x') }}|{{ '\u2003x\u00a0'.strip() }}
{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a,b,c'.split(',', 1) }} {{ 'a b c'.split(none, 1) }} {{ 'a,b,c'.rsplit(',', 1) }} {{ ' a b c '.rsplit(none, 1) }} {{ 'a\nb\r\nc\n'.splitlines() }}
{{ 'abc'.startswith('a') }} {{ 'abc'.endswith(('b', 'c')) }} {{ 'abc'.startswith('') }} {{ 'aXbX'.replace('X', '-') }} {{ 'aXbX'.replace('X', '', 1) }} {{ 'ab'.replace('', '.') }}
{{ 'abcabc'.find('c') }} {{ 'abcabc'.rfind('c') }} {{ 'abc'.find('x') }} {{ 'aaa'.count('a') }} {{ 'é1é'.find('1') }} {{ '12'.isdigit() }} {{ 'ab'.isalpha() }} {{ ''.isdigit() }}
{{ 'abc'[0] }} {{ 'abc'[-1] }} {{ 'abcdef'[1:3] }} {{ 'abcdef'[::-1] }} {{ 'abcdef'[::2] }} {{ 'äöü'[1:] }} {{ 'abc'[:-1] }} {{ 'abc'[5:] }}|{{ 'abc'[-2:] }}
{{ [1, 2, 3, 4][1:] }} {{ [1, 2, 3, 4][:-1] }} {{ [1, 2, 3, 4][::-1] }} {{ [1, 2, 3, 4][3:0:-2] }} {{ [1, 2, 3][-10:10] }} {{ [1,2,3][10:] }} {{ (1, 2, 3)[:2] }}
{{ [3, 1, 2] | sort }} {{ [3, 1, 2] | sort(reverse=true) }} {{ ['b', 'A', 'c'] | sort }} {{ ['b', 'A'] | sort(case_sensitive=true) }} {{ [{'a': 2}, {'a': 1}] | sort(attribute='a') }}
{{ [1, 2, 3] | join }} {{ ['a', 'b'] | join(', ') }} {{ [{'x': 1}, {'x': 2}] | join('-', attribute='x') }} {{ '-'.join(['a', 'b']) }} {{ 'abc' | join('.') }}
{{ [1, 2, 3] | first }} {{ [1, 2, 3] | last }} {{ [] | first }}|{{ 'abc' | first }} {{ [1, 2] | length }} {{ 'äb' | count }} {{ {'a': 1} | length }}
{{ [1, 2, 3] | sum }} {{ [1, 5, 3] | max }} {{ [4, 2] | min }} {{ [1, 1, 2] | unique | list }} {{ [1, 2] | reverse | list }} {{ 'abc' | reverse }} {{ 'ab' | list }}
{{ [1, 2, 3, 4] | select('even') | list }} {{ [1, 2, 3] | reject('odd') | list }} {{ [0, 1] | select | list }} {{ [1, 2, 3] | select('gt', 1) | list }} {{ [1, 2, 3] | select('in', [1, 3]) | list }}
{{ [{'r': 'u'}, {'r': 'a'}] | selectattr('r', 'equalto', 'u') | list }} {{ [{'r': 'u'}, {'r': 'a'}] | rejectattr('r', '==', 'u') | map(attribute='r') | list }} {{ ['a', 'b'] | map('upper') | join }} {{ [{}] | map(attribute='q', default='z') | list }}
{{ {'b': 1, 'a': 2} | dictsort }} {{ {'b': 1, 'a': 2} | items | list }} {{ {'b': 1, 'a': 2} | dictsort(by='value') }} {{ {'b': 1}.get('b') }} {{ {'b': 1}.get('c', 'd') }} {{ {'b': 1}.keys() | list }}
{% for k, v in {'b': 1, 'a': 2}.items() %}{{ k }}={{ v }};{% endfor %} {% for x in {'p': 1} %}{{ x }}{% endfor %}
{{ '42' | int }} {{ 'x' | int }} {{ 'x' | int(7) }} {{ 3.9 | int }} {{ '3.5' | float }} {{ 3.456 | round(2) }} {{ 2.5 | round }} {{ 2.1 | round(0, 'ceil') }} {{ -3 | abs }} {{ 5 | string }}
{{ {'a': [1, 2.5, none, true, 'é"\n</x>']} | tojson }} {{ [] | tojson }} {{ {} | tojson }} {{ 'x' | tojson }}
{{ {'a': [1, {'b': 2}], 'c': {}} | tojson(indent=2) }}
{{ 'a\nb\n\nc' | indent }}|{{ 'a\nb' | indent(2, true) }}|{{ 'a\n\nb' | indent(2, blank=true) }}
{{ '<a & "b">' | escape }} {{ '<b>' | safe }} {{ 'a b' | replace(' ', '_') }}
{{ 1 is number }} {{ 'x' is string }} {{ [] is sequence }} {{ {} is mapping }} {{ [] is iterable }} {{ 1 is iterable }} {{ none is none }} {{ true is boolean }} {{ 1 is integer }} {{ 1.0 is float }} {{ 4 is even }} {{ 3 is odd }} {{ 6 is divisibleby 3 }} {{ 1 is eq 1 }} {{ 'a' is in ['a'] }} {{ 1 is not none }} {{ true is true }} {{ 1 is true }} {{ range is callable }} {{ 'a' is lower }}
{% for i in range(3) %}{{ loop.index }}/{{ loop.length }}{{ '' if loop.last else ',' }}{% endfor %} {% for i in range(5, 0, -2) %}{{ i }}{{ loop.revindex }}{{ loop.first }}{% endfor %}
{% for i in [] %}x{% else %}none{% endfor %} {% for i in range(6) if i is odd %}{{ i }}:{{ loop.index0 }} {% endfor %} {% for a, b in [(1, 2), (3, 4)] %}{{ a + b }} {% endfor %}
{% for i in range(5) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %} {% for i in [1, 2, 3] %}{{ loop.previtem }}<{{ i }}>{{ loop.nextitem }} {% endfor %}{% for i in range(4) %}{{ loop.cycle('a', 'b') }}{% endfor %}
{% set x = 1 %}{% for i in [1, 2] %}{% set x = x + i %}{{ x }} {% endfor %}{{ x }} {% set ns = namespace(n=0) %}{% for i in [1, 2] %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}
{% if true %}{% set y = 5 %}{% endif %}{{ y }} {% set a, b = 1, 2 %}{{ a }}{{ b }} {% set t %}block {{ a }}{% endset %}{{ t }} {% set u | upper %}loud{% endset %}{{ u }}
{% macro greet(name, mark='!') %}Hello {{ name }}{{ mark }}{% endmacro %}{{ greet('you') }} {{ greet('x', mark='?') }} {{ greet(name='n') }} {% macro outer(q) %}[{{ greet(q) }}]{% endmacro %}{{ outer('z') | upper }}
{% set z = 3 %}{% macro m() %}{{ z }}{% endmacro %}{{ m() }}{% for z in [9] %}{{ m() }}{% endfor %}
{% macro rec(n) %}{{ n }}{% if n > 0 %}{{ rec(n - 1) }}{% endif %}{% endmacro %}{{ rec(3) }}
{% filter upper %}shout {{ 'x' }}{% endfilter %} {% raw %}{{ raw }} {% if %}{% endraw %} {# gone #}|{#- gone -#} |
a {%- if true -%} b {%- endif -%} c {{- ' d ' -}} e
  {% if true %}
  keep
  {% endif %}
 {%+ if true %} plus {% endif +%}
tail
x{{ 'y' }}

{{ "a\
b" }} {{ 'oct\x41\u00e9' }} {{ 'a' 'b' }} {{ 'a''b' | upper }} {{ "\"" }} {{ '\q' }}
{{ messages[0].content.split('?')[0] + '!' if messages is defined }} {{ strftime_now('%d %b %Y %H:%M') }} {{ dict(a=1, b='c') }}
{{ raise_exception('stop') }}
{{ [].append(1) }}
{{ {}.update({}) }}
{{ 'a' + 1 }}
{{ none + 'a' }}
{{ 1 / 0 }}
{{ [1, 'a'] | sort }}
{% for x in 5 %}{% endfor %}
{{ 'x'.nope() }}
{% set loop_messages = messages %}{% for m in messages %}{{ m['role'] }}{% if not loop.last %},{% endif %}{% endfor %}
{{ '%s' }} {{ (1) }} {{ () }} {{ (1, ) }} {{ {'a': 1}['a'] }} {{ {'a': {'b': 2}}.a.b }} {{ [[1, 2], [3]][0][1] }} {{ {'items': 5}['items'] }} {{ -1 | abs }} {{ 2 * -3 }} {{ 10 - 2 - 3 }} {{ 2 ** 3 ** 2 }} {{ 'a' ~ 1 + 2 ~ 'b' if false else 'ok' }}
{{ messages | map(attribute='role') | join(',') }} {{ messages | length }} {{ (messages | last).role }} {{ messages[-1]['content'] | length }} {{ messages[1:] | length }}
{% set c = messages[0].content %}{{ c | trim | upper | replace('W', 'v') }} {{ c[:4] ~ '…' }} {{ c in 'What is 2 + 2? yes' }}
'''.strip("\n").split("\n")


def main():
    env, vectors = environment(), []

    def add(name, template, context, file=None):
        vector = {"name": name, "context": context}
        vector.update({"file": file} if file else {"template": template})
        try:
            vector["output"] = env.from_string(template).render(**context)
        except Exception as error:
            vector["error"] = True
        vectors.append(vector)

    for file in sorted(os.listdir(os.path.join(HERE, "published"))):
        template = open(os.path.join(HERE, "published", file), encoding="utf-8", newline="").read()
        for name, messages in CHATS.items():
            context = {"messages": messages, "bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": name == "prompt only"}
            if name == "tools":
                context["tools"] = [TOOL]
            add(f"{file}: {name}", template, context, file)
    for snippet in SNIPPETS:
        add(f"snippet: {snippet}", snippet, {"messages": CHATS["one turn"]})
    add("white space", "  {% if true %}\n  keep\n  {% endif %}\n {%+ if true %} plus {% endif +%}\ntail\n\n", {})
    add("comment lines", "a\n  {# note #}\nb\n  {#- note -#}  \n c {# x #} d\n", {})
    add("variable lines", "a\n  {{ 1 }}\n  {{- 2 }}\n{% set x = 1 -%}\n\n  b {% set y = 2 %} \n{% for i in [1,2] %}\n  {{ i }}\n{% endfor %}\nend", {})
    add("carriage returns", "a\r\n{% if true %}\r\nb\r\n{% endif %}\r\nc\r\n", {})
    add("raw lines", "x\n  {% raw %}\n {{ a }}\n  {% endraw %}\ny {%- raw -%} z {%- endraw -%} w", {})
    with open(os.path.join(HERE, "vectors.json"), "w", encoding="utf-8") as out:
        json.dump(vectors, out, ensure_ascii=False, indent=0)
    print(len(vectors), "vectors,", sum("error" in v for v in vectors), "of them errors")


if __name__ == "__main__":
    sys.exit(main())
