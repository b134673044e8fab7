"""More templates of our own, in the manner of families that think, call tools and address channels: parts of content,
arguments written as tags, turns with names, rules on what comes first, macros over macros."""

VISIBLE = """{%- macro visible(content) -%}
{%- if content is string -%}{{- content -}}
{%- elif content is iterable and content is not mapping -%}
{%- for part in content -%}{%- if part is mapping and part.type == 'text' -%}{{- part.text -}}{%- elif part is string -%}{{- part -}}{%- endif -%}{%- endfor -%}
{%- else -%}{{- content if content is not none and content is defined else '' -}}{%- endif -%}
{%- endmacro -%}
"""

NEWER_TEMPLATES = {
    # the system prompt in the first question, parts of content, blanks taken off
    "gemma parts": """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- set first = messages[0]['content'] + '\n\n' -%}{%- set turns = messages[1:] -%}
{%- else -%}{%- set first = '' -%}{%- set turns = messages -%}{%- endif -%}
{%- for m in turns -%}
    {%- if (m['role'] == 'user') != (loop.index0 % 2 == 0) -%}{{ raise_exception("roles take turns") }}{%- endif -%}
    {%- set role = 'model' if m['role'] == 'assistant' else m['role'] -%}
    {{ '<turn>' + role + '\n' + (first if loop.first else '') }}
    {%- if m['content'] is string -%}{{ m['content'] | trim }}
    {%- elif m['content'] is iterable -%}{%- for item in m['content'] -%}{%- if item['type'] == 'text' -%}{{ item['text'] | trim }}{%- endif -%}{%- endfor -%}
    {%- else -%}{{ raise_exception("no content") }}{%- endif -%}
    {{ '</turn>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<turn>model\n' }}{%- endif -%}
""",
    # arguments as tags, thoughts only behind the last question, visible text by a macro
    "glm thinking": VISIBLE + """[gMASK]<sop>{%- set ns = namespace(last=-1) %}
{%- for m in messages %}{%- if m.role == 'user' %}{%- set ns.last = loop.index0 %}{%- endif %}{%- endfor %}
{%- for m in messages %}
{%- if m.role == 'user' -%}<|user|>
{{ visible(m.content) }}
{%- elif m.role == 'assistant' -%}<|assistant|>
{%- set thought = '' %}{%- set content = visible(m.content) %}
{%- if m.reasoning_content is string %}{%- set thought = m.reasoning_content %}
{%- elif '</think>' in content %}{%- set thought = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
{%- set content = content.split('</think>')[-1].lstrip('\\n') %}{%- endif %}
{%- if loop.index0 > ns.last and thought -%}{{ '\\n<think>' + thought.strip() + '</think>' }}{%- else -%}{{ '\\n<think></think>' }}{%- endif -%}
{%- if content.strip() -%}{{ '\\n' + content.strip() }}{%- endif -%}
{%- if m.tool_calls %}{%- for c in m.tool_calls %}{%- set f = c.function if c.function else c %}
{{ '\\n<tool_call>' + f.name }}
{%- for k, v in f.arguments.items() %}
<arg_key>{{ k }}</arg_key>
<arg_value>{{ v | tojson(ensure_ascii=False) if v is not string else v }}</arg_value>{% endfor %}
</tool_call>{% endfor %}{% endif %}
{%- elif m.role == 'tool' -%}{%- if m.content is string -%}
{%- if loop.first or (messages[loop.index0 - 1].role != 'tool') %}{{- '<|tool|>' }}{%- endif %}
{{- '\\n<tool_response>\\n' }}{{- m.content }}{{- '\\n</tool_response>' }}{%- endif -%}
{%- elif m.role == 'system' -%}<|system|>
{{ visible(m.content) }}{%- endif -%}{%- endfor -%}
{%- if add_generation_prompt -%}<|assistant|>{{- '\\n<think></think>' if (enable_thinking is defined and not enable_thinking) else '' -}}{%- endif -%}
""",
    # channels: thoughts and calls are messages of their own, closed by other tokens than the answer
    "channels": """{%- macro header(role, channel) -%}{{ '<|START|>' + role }}{%- if channel %}{{ '<|role|>' + channel }}{%- endif %}{{ '<|/role|>' }}{%- endmacro -%}
{%- for m in messages -%}
{%- if m.role == 'assistant' -%}
{%- if m.reasoning_content is defined and m.reasoning_content -%}{{ header('assistant', 'analysis') + m.reasoning_content + '<|end|>' }}{%- endif -%}
{%- if m.tool_calls -%}{%- for c in m.tool_calls -%}{{ header('assistant to=functions.' + c.function.name, 'commentary') }}{{ c.function.arguments | tojson }}{{ '<|calls|>' if loop.last else '<|end|>' }}{%- endfor -%}
{%- else -%}{{ header('assistant', 'final') + (m.content or '') + '<|END|>' }}{%- endif -%}
{%- elif m.role == 'tool' -%}{{ header('functions to=assistant', 'commentary') }}{{ m.content | tojson }}<|end|>
{%- else -%}{{ header('developer' if m.role == 'system' else m.role, '') }}{%- if m.role == 'system' and tools %}{{ '# Tools\n' }}{% for t in tools %}{{ 'type ' ~ t.function.name ~ ' = (_: ' }}
{%- for key, value in t.function.parameters.properties | dictsort %}{{ key }}: {{ value.type if value.type is string else value.type | join(' | ') }}{{ ', ' if not loop.last }}{% endfor %}{{ ') => any;\n' }}{% endfor %}{%- endif %}{{ m.content }}<|end|>{%- endif -%}
{%- endfor -%}{%- if add_generation_prompt -%}<|START|>assistant{%- endif -%}""",
    # tools as a list in the system turn, calls as JSON between tags with no newline
    "hermes": """{{- bos_token }}{%- macro kind(p) %}{%- if p.type is string %}{{- p.type }}{%- else %}{{- 'any' }}{%- endif %}{%- endmacro %}
{%- if tools %}{{- '<|im_start|>system\nYou may call: <tools> ' }}{%- for t in tools %}{%- set f = t.function %}{{- '{"type": "function", "function": ' }}{{- '{"name": ' + (f.name | tojson) + ', "description": "' }}{{- f.name + '(' }}
{%- for n, p in f.parameters.properties.items() %}{{- n + ': ' + kind(p) }}{%- if not loop.last %}{{- ', ' }}{%- endif %}{%- endfor %}{{- ')"}}' }}{%- if not loop.last %}{{- '\n' }}{%- endif %}{%- endfor %}{{- ' </tools><|im_end|>\n' }}{%- endif %}
{%- for m in messages %}{%- if m.role == 'user' or m.role == 'system' or (m.role == 'assistant' and m.tool_calls is not defined) %}{{- '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>' + '\n' }}
{%- elif m.role == 'assistant' %}{{- '<|im_start|>' + m.role }}{%- for c in m.tool_calls %}{{- '\n<tool_call>\n' }}{%- if c.function is defined %}{%- set c = c.function %}{%- endif %}{{- '{' }}{{- '"name": "' }}{{- c.name }}{{- '"' }}{{- ', ' }}{%- if c.arguments is defined %}{{- '"arguments": ' }}{{- c.arguments | tojson }}{%- endif %}{{- '}' }}{{- '\n</tool_call>' }}{%- endfor %}{{- '<|im_end|>\n' }}
{%- elif m.role == 'tool' %}{%- if loop.previtem and loop.previtem.role != 'tool' %}{{- '<|im_start|>tool\n' }}{%- endif %}{{- '<tool_response>\n' }}{{- m.content }}{%- if not loop.last %}{{- '\n</tool_response>\n' }}{%- else %}{{- '\n</tool_response>' }}{%- endif %}
{%- if not loop.last and loop.nextitem.role != 'tool' %}{{- '<|im_end|>' }}{%- elif loop.last %}{{- '<|im_end|>' }}{%- endif %}{%- endif %}{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}""",
    # a call's name, id and arguments behind tokens of their own; a system turn of its own
    "mistral calls": """{{- bos_token }}{%- for m in messages %}{%- if m.role == 'user' %}{{- '[INST]' + m.content + '[/INST]' }}{%- elif m.role == 'system' %}{{- '<|system|>' + m.content + '<|end|>' }}
{%- elif m.role == 'assistant' %}{%- if m.tool_calls is defined and m.tool_calls is not none and m.tool_calls | length > 0 %}{%- if m.content %}{{- m.content }}{%- endif %}{%- for c in m.tool_calls %}{%- if c.id is not defined or c.id | length != 9 %}{{- raise_exception('ids have nine letters') }}{%- endif %}
{%- set a = c.function.arguments %}{%- if a is not string %}{%- set a = a | tojson | safe %}{%- elif a == '' %}{%- set a = '{}' %}{%- endif %}{{- '[CALLS]' + c.function.name + '<|role|>' + c.id + '<|/role|>' + a }}{%- endfor %}{{- eos_token }}
{%- elif m.content %}{{- m.content + eos_token }}{%- else %}{{- raise_exception('an answer needs content or calls') }}{%- endif %}
{%- elif m.role == 'tool' %}{{- '[RESULTS]' + m.content | string + '[/RESULTS]' }}{%- else %}{{- raise_exception('no such role: ' + m.role) }}{%- endif %}{%- endfor %}""",
    # state in a namespace: what was the turn before, and whether results stand in a row
    "state": """{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% set ns = namespace(first=false, tool=false, outputs=true, system='') %}
{%- for m in messages %}{%- if m['role'] == 'system' %}{% set ns.system = m['content'] %}{%- endif %}{%- endfor %}{{ bos_token }}{{ ns.system }}
{%- for m in messages %}{%- if m['role'] == 'user' %}{%- set ns.tool = false -%}{{ '<|User|>' + m['content'] }}{%- endif %}
{%- if m['role'] == 'assistant' and m['tool_calls'] %}{%- set ns.tool = false -%}{%- for tool in m['tool_calls'] %}{%- if not ns.first %}{{ '<|Bot|><|calls|>' + tool['function']['name'] + '\n' + '```json' + '\n' + (tool['function']['arguments'] | tojson) + '\n' + '```' }}{%- set ns.first = true -%}
{%- else %}{{ '\n' + tool['function']['name'] + '\n```json\n' + (tool['function']['arguments'] | tojson) + '\n```' }}{%- endif %}{%- endfor %}{{ '<|/calls|></s>' }}{%- set ns.first = false -%}{%- endif %}
{%- if m['role'] == 'assistant' and not m['tool_calls'] %}{%- if ns.tool %}{{ '<|tool|>' + m['content'] + '</s>' }}{%- set ns.tool = false -%}{%- else %}{% set content = m['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{ '<|Bot|>' + content + '</s>' }}{%- endif %}{%- endif %}
{%- if m['role'] == 'tool' %}{%- set ns.tool = true -%}{{ '<|role|>' + (m['content'] if m['content'] is string else m['content'] | tojson) + '<|/role|>' }}{%- endif %}{%- endfor -%}{% if add_generation_prompt and not ns.tool %}{{ '<|Bot|><think>\n' }}{% endif %}""",
    # turns with names, tokens between role and words
    "kimi": """{%- if tools -%}<|system|>tools<|role|>{{ tools | tojson(separators=(',', ':')) }}<|end|>{%- endif -%}{%- for m in messages -%}
{%- if loop.first and messages[0]['role'] != 'system' -%}<|system|>system<|role|>You are a helper.<|end|>{%- endif -%}
{%- if m['role'] == 'assistant' -%}{{ '<|assistant|>' + (m.get('name') or m['role']) + '<|role|>' }}{%- elif m['role'] == 'system' or m['role'] == 'tool' -%}{{ '<|system|>' + (m.get('name') or m['role']) + '<|role|>' }}{%- else -%}{{ '<|user|>' + (m.get('name') or m['role']) + '<|role|>' }}{%- endif -%}
{%- if m['role'] == 'assistant' and m.get('tool_calls') -%}{%- if m['content'] -%}{{ m['content'] }}{%- endif -%}<|calls|>{%- for c in m['tool_calls'] -%}{%- set f = c['function'] -%}<tool_call>{{ c['id'] }}<|head|>{% if f['arguments'] is string %}{{ f['arguments'] }}{% else %}{{ f['arguments'] | tojson }}{% endif %}</tool_call>{%- endfor -%}<|/calls|>
{%- elif m['role'] == 'tool' -%}{{ '## Return of ' + (m.get('tool_call_id') or '') + '\n' }}{{ m['content'] }}{%- elif m['content'] is string -%}{{ m['content'] }}{%- elif m['content'] is not none -%}{%- for part in m['content'] -%}{{ part['text'] }}{%- endfor -%}{%- endif -%}<|end|>{%- endfor -%}
{%- if add_generation_prompt -%}<|assistant|>assistant<|role|>{%- endif -%}""",
    # arguments as parameters between tags; the system turn only where there is something to say
    "coder": """{% macro rest(given, known) %}{% if given is mapping %}{% for k in given | reject('in', known) %}{% if given[k] is mapping or (given[k] is sequence and given[k] is not string) %}{{ '\n<' ~ k ~ '>' ~ (given[k] | tojson | safe) ~ '</' ~ k ~ '>' }}{% else %}{{ '\n<' ~ k ~ '>' ~ given[k] ~ '</' ~ k ~ '>' }}{% endif %}{% endfor %}{% endif %}{% endmacro %}
{%- if messages[0]['role'] == 'system' %}{%- set system = messages[0]['content'] %}{%- set turns = messages[1:] %}{%- else %}{%- set turns = messages %}{%- endif %}
{%- if system is defined %}{{- '<|im_start|>system\n' + system }}{%- elif tools is iterable and tools | length > 0 %}{{- '<|im_start|>system\nYou code.' }}{%- endif %}
{%- if tools is iterable and tools | length > 0 %}{{- '\n\n# Tools\n<tools>' }}{%- for t in tools %}{%- if t.function is defined %}{%- set t = t.function %}{%- endif %}{{- '\n<function>\n<name>' ~ t.name ~ '</name>' }}{%- if t.description is defined %}{{- '\n<description>' ~ (t.description | trim) ~ '</description>' }}{%- endif %}{{- '\n<parameters>' }}
{%- if t.parameters is defined and t.parameters is mapping and t.parameters.properties is defined %}{%- for n, p in t.parameters.properties | items %}{{- '\n<parameter>\n<name>' ~ n ~ '</name>' }}{%- if p.type is defined %}{{- '\n<type>' ~ (p.type | string) ~ '</type>' }}{%- endif %}{{- rest(p, ['name', 'type', 'description']) }}{{- '\n</parameter>' }}{%- endfor %}{%- endif %}{{- rest(t.parameters, ['type', 'properties']) }}{{- '\n</parameters>' }}{{- '\n</function>' }}{%- endfor %}{{- '\n</tools>' }}{%- endif %}
{%- if system is defined or tools is iterable and tools | length > 0 %}{{- '<|im_end|>\n' }}{%- endif %}
{%- for m in turns %}{%- if m.role == 'assistant' and m.tool_calls is defined and m.tool_calls is iterable and m.tool_calls | length > 0 %}{{- '<|im_start|>' + m.role }}{%- if m.content is defined and m.content is string and m.content | trim | length > 0 %}{{- '\n' + m.content | trim + '\n' }}{%- endif %}
{%- for c in m.tool_calls %}{%- if c.function is defined %}{%- set c = c.function %}{%- endif %}{{- '\n<tool_call>\n<function=' + c.name + '>\n' }}{%- if c.arguments is defined %}{%- for n, v in c.arguments | items %}{{- '<parameter=' + n + '>\n' }}{%- set v = v if v is string else v | tojson %}{{- v }}{{- '\n</parameter>\n' }}{%- endfor %}{%- endif %}{{- '</function>\n</tool_call>' }}{%- endfor %}{{- '<|im_end|>\n' }}
{%- elif m.role in ['user', 'system', 'assistant'] %}{{- '<|im_start|>' + m.role + '\n' + (m.content or '') + '<|im_end|>' + '\n' }}{%- elif m.role == 'tool' %}{%- if loop.previtem and loop.previtem.role != 'tool' %}{{- '<|im_start|>user\n' }}{%- endif %}{{- '<tool_response>\n' }}{{- m.content }}{{- '\n</tool_response>\n' }}{%- if not loop.last and loop.nextitem.role != 'tool' %}{{- '<|im_end|>\n' }}{%- elif loop.last %}{{- '<|im_end|>\n' }}{%- endif %}
{%- else %}{{- '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{%- endif %}{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}""",
    # a mode that a system prompt chooses; generation blocks around words of both
    "modes": """{%- set think = 'off' if messages[0].role == 'system' and '/no_think' in messages[0].content else 'on' -%}{%- if messages[0].role == 'system' -%}{%- set own = messages[0].content.replace('/no_think', '').rstrip() -%}{%- else -%}{%- set own = '' -%}{%- endif -%}
{{- '<|im_start|>system\nMode: ' + think + '\n' + own + '<|im_end|>\n' -}}{%- for m in messages -%}{%- set content = m.content if m.content is string else '' -%}{%- if m.role == 'user' -%}{{ '<|im_start|>user\n' + content + '<|im_end|>\n' }}
{%- elif m.role == 'assistant' -%}{% generation %}{%- if think == 'on' -%}{{ '<|im_start|>assistant\n' + content.lstrip('\n') + '<|im_end|>\n' }}{%- else -%}{{ '<|im_start|>assistant\n' + '<think>\n\n</think>\n' + content.lstrip('\n') + '<|im_end|>\n' }}{%- endif -%}{% endgeneration %}
{%- elif m.role == 'tool' -%}{{ '<|im_start|>user\n' + content + '<|im_end|>\n' }}{%- endif -%}{%- endfor -%}{%- if add_generation_prompt -%}{%- if think == 'on' -%}{{ '<|im_start|>assistant\n' }}{%- else -%}{{ '<|im_start|>assistant\n' + '<think>\n\n</think>\n' }}{%- endif -%}{%- endif -%}""",
    # turns that end where the next begins: nothing stands behind an answer but the next turn's token
    "open ends": """{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ '<|user|>' + m.content + '\n' }}{% elif m.role == 'assistant' %}{{ '<|assistant|>' + (m.content or '') }}{% for c in m.tool_calls or [] %}{{ '<tool_call>' + (c | tojson) + '</tool_call>' }}{% endfor %}{{ '\n' if not loop.last }}{% else %}{{ '<|' ~ m.role ~ '|>' ~ m.content ~ '\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}""",
    # bold words and brackets and no control token but the end
    "plain words": """{%- for m in messages %}{%- if m.role == 'system' %}{{ '**' ~ (m.content | upper) ~ '**\n\n' }}{%- elif m.role == 'user' %}{{ 'Q (' ~ loop.index ~ '): ' ~ m.content | replace('\n', ' ') ~ '\n' }}{%- elif m.role == 'assistant' %}{{ 'A: ' ~ (m.content or '-') | title if false else 'A: ' ~ (m.content or '-') }}{{ eos_token ~ '\n' }}{%- else %}{{ 'T: ' ~ m.content ~ '\n' }}{%- endif %}{%- endfor %}{%- if add_generation_prompt %}{{ 'A: ' }}{%- endif %}""",
    # the tools as Python prints them, counts and joins
    "python prints": """{{ bos_token }}{% if tools %}<|system|>{{ tools }}<|end|>{% endif %}{% for m in messages %}{{ '<|' ~ m.role ~ '|>' }}{{ (m.content or '') | string }}{% if m.tool_calls %}{{ '<|calls|>' }}{% for c in m.tool_calls %}{{ c.function.name ~ '(' }}{% for k, v in c.function.arguments.items() %}{{ k ~ '=' ~ v }}{{ ', ' if not loop.last }}{% endfor %}{{ ')' }}{% endfor %}{{ '<|/calls|>' }}{% endif %}{{ '<|end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}""",
    # only the last question is kept whole, what is older is cut short
    "shortened": """{%- set count = messages | selectattr('role', 'equalto', 'user') | list | length -%}{%- set ns = namespace(seen=0) -%}{%- for m in messages -%}{%- if m.role == 'user' -%}{%- set ns.seen = ns.seen + 1 -%}{%- endif -%}
{{- '<|head|>' ~ m.role ~ '<|/head|>' -}}{%- if ns.seen < count and m.role == 'user' -%}{{- m.content[:5] ~ '...' -}}{%- else -%}{{- m.content or '' -}}{%- endif -%}{{- '<|eot|>' -}}{%- endfor -%}{%- if add_generation_prompt -%}{{- '<|head|>assistant<|/head|>' -}}{%- endif -%}""",
    # documents beside the messages, and a preamble of filters
    "documents": """{{ bos_token }}<|START|><|role|>{{ messages | map(attribute='role') | unique | join(',') }}<|/role|>{% if documents %}{% for d in documents %}<|head|>{{ loop.index0 }}: {{ d.title | default('untitled', true) }}<|/head|>{{ d.text | trim }}
{% endfor %}{% endif %}<|END|>{% for m in messages %}{{ '<|START|>' + ('<|CHATBOT|>' if m.role == 'assistant' else '<|USER|>') + (m.content or '').strip() + '<|END|>' }}{% endfor %}{% if add_generation_prompt %}<|START|><|CHATBOT|>{% endif %}""",
}

NEWER_ENDS = {"gemma parts": "</turn>", "glm thinking": "<|user|>", "channels": "<|END|>", "mistral calls": "</s>", "state": "</s>", "kimi": "<|end|>",
              "open ends": "<|user|>", "plain words": "<|endoftext|>", "python prints": "<|end|>", "shortened": "<|eot|>", "documents": "<|END|>"}
