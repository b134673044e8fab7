"""Templates of our own, each in the manner of a published family: how its turns begin and end, what becomes of
system prompts, tools, thoughts and blanks, and how it asks."""

CONTROLS = [(text, True) for text in (
    "<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|eot|>", "<|head|>", "<|/head|>", "<turn>", "</turn>", "<|end|>",
    "<|user|>", "<|assistant|>", "<|system|>", "<|tool|>", "<|endoftext|>", "<|User|>", "<|Bot|>", "<|calls|>", "<|/calls|>",
    "[INST]", "[/INST]", "[CALLS]", "[RESULTS]", "[/RESULTS]", "<|START|>", "<|END|>", "<|CHATBOT|>", "<|USER|>", "<|role|>", "<|/role|>",
    "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")]
CONTROLS += [(text, False) for text in ("<tool_call>", "</tool_call>", "<think>", "</think>", "<|done|>")]

ENDS = {"llama2": "</s>", "llama3": "<|eot|>", "mistral": "</s>", "gemma": "</turn>", "phi3": "<|end|>", "phi4": "<|end|>",
        "deepseek": "</s>", "deepseek thinking": "</s>", "command": "<|END|>", "zephyr": "</s>", "vicuna": "</s>", "alpaca": "</s>",
        "glm": "<|user|>", "granite": "<|endoftext|>", "olmo": "<|endoftext|>", "index loop": "<|done|>", "falcon": "<|endoftext|>",
        "llama3 tools": "<|eot|>"}

ASK = "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
CALLS = """{%- for c in m.tool_calls %}{{ '\n' if m.content or not loop.first else '' }}<tool_call>
{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}
</tool_call>{%- endfor %}"""
QWEN_HEAD = """{%- if tools %}
{{- '<|im_start|>system\n' }}{{ messages[0].content if messages[0].role == 'system' else 'You help.' }}
{{- '\n\n# Tools\n' }}{% for tool in tools %}{{ '\n' + (tool | tojson) }}{% endfor %}{{ '<|im_end|>\n' }}
{%- elif messages[0].role == 'system' %}{{- '<|im_start|>system\n' + messages[0].content + '<|im_end|>\n' }}{%- endif %}
"""

TEMPLATES = {
    "chatml": "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + (m.content or '') + '<|im_end|>\n' }}{% endfor %}"
              "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "llama2": "{% for m in messages %}{% if m.role == 'system' %}{% continue %}{% endif %}{% if m.role == 'user' %}"
              "{{ bos_token + '[INST] ' + ('<<SYS>>\n' + messages[0].content + '\n<</SYS>>\n\n' if messages[0].role == 'system' and loop.index == 2 else '')"
              " + m.content.strip() + ' [/INST]' }}{% elif m.role == 'assistant' %}{{ ' ' + m.content.strip() + ' ' + eos_token }}"
              "{% else %}{{ raise_exception('no such role') }}{% endif %}{% endfor %}",
    "llama3": "{{ bos_token }}{% for m in messages %}{% set text = '<|head|>' + m['role'] + '<|/head|>\n\n' + (m['content'] or '') | trim + '<|eot|>' %}"
              "{{ text }}{% endfor %}{% if add_generation_prompt %}{{ '<|head|>assistant<|/head|>\n\n' }}{% endif %}",
    "llama3 tools": "{{- bos_token }}{% set system = '' %}{% if messages[0].role == 'system' %}{% set system = messages[0].content | trim %}"
                    "{% set messages = messages[1:] %}{% endif %}<|head|>system<|/head|>\n\n{% if tools is defined and tools is not none %}Environment: ipython\n{% for t in tools %}"
                    "{{ t | tojson(indent=4) }}\n\n{% endfor %}{% endif %}{{ system }}<|eot|>{% for m in messages %}"
                    "{% if m.tool_calls is defined and m.tool_calls %}{% if m.tool_calls | length != 1 %}{{ raise_exception('one call at a time') }}{% endif %}"
                    "{% set c = m.tool_calls[0].function %}<|head|>assistant<|/head|>\n\n{{ '{\"name\": \"' + c.name + '\", ' }}{{ '\"parameters\": ' }}"
                    "{{ c.arguments | tojson }}{{ '}' }}<|eot|>{% elif m.role in ['tool', 'ipython'] %}<|head|>ipython<|/head|>\n\n"
                    "{{ m.content | tojson }}<|eot|>{% else %}<|head|>{{ m.role }}<|/head|>\n\n{{ m.content | trim }}<|eot|>{% endif %}{% endfor %}"
                    "{% if add_generation_prompt %}<|head|>assistant<|/head|>\n\n{% endif %}",
    "mistral": "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ '[INST] ' + m.content + '[/INST]' }}{% elif m.role == 'system' %}"
               "{{ '[INST] ' + m.content + '[/INST]' }}{% elif m.role == 'tool' %}{{ '[RESULTS]' + (m.content | string) + '[/RESULTS]' }}"
               "{% elif m.tool_calls %}{{ '[CALLS] [' }}{% for c in m.tool_calls %}{{ c.function | tojson }}{{ ', ' if not loop.last else ']' + eos_token }}"
               "{% endfor %}{% elif m.content is not none %}{{ ' ' + m.content + eos_token }}{% endif %}{% endfor %}",
    "qwen2.5": QWEN_HEAD + "{%- for m in messages %}{%- if m.role == 'user' or (m.role == 'system' and not loop.first) or (m.role == 'assistant' and not m.tool_calls) %}"
               "{{- '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{%- elif m.role == 'assistant' %}{{- '<|im_start|>assistant\n' }}"
               "{%- if m.content %}{{- m.content }}{%- endif %}" + CALLS + "{{- '<|im_end|>\n' }}{%- elif m.role == 'tool' %}"
               "{%- if loop.index0 == 0 or messages[loop.index0 - 1].role != 'tool' %}{{- '<|im_start|>user' }}{%- endif %}"
               "{{- '\n<tool_response>\n' + m.content + '\n</tool_response>' }}{%- if loop.last or messages[loop.index0 + 1].role != 'tool' %}{{- '<|im_end|>\n' }}"
               "{%- endif %}{%- endif %}{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}",
    "qwen3": QWEN_HEAD + "{%- set ns = namespace(last=messages | length - 1, open=true) %}{%- for m in messages[::-1] %}{%- set i = messages | length - 1 - loop.index0 %}"
             "{%- if ns.open and m.role == 'user' %}{%- set ns.open = false %}{%- set ns.last = i %}{%- endif %}{%- endfor %}{%- for m in messages %}"
             "{%- set content = m.content if m.content is string else '' %}{%- if m.role == 'user' or (m.role == 'system' and not loop.first) %}"
             "{{- '<|im_start|>' + m.role + '\n' + content + '<|im_end|>\n' }}{%- elif m.role == 'assistant' %}{%- set thought = '' %}"
             "{%- if m.reasoning_content is string %}{%- set thought = m.reasoning_content %}{%- elif '</think>' in content %}"
             "{%- set thought = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}{%- set content = content.split('</think>')[-1].lstrip('\n') %}"
             "{%- endif %}{%- if loop.index0 > ns.last and (loop.last or thought) %}{{- '<|im_start|>assistant\n<think>\n' + thought.strip('\n') + '\n</think>\n\n' + content.lstrip('\n') }}"
             "{%- else %}{{- '<|im_start|>assistant\n' + content }}{%- endif %}{%- if m.tool_calls %}" + CALLS + "{%- endif %}{{- '<|im_end|>\n' }}"
             "{%- elif m.role == 'tool' %}{{- '<|im_start|>user\n<tool_response>\n' + content + '\n</tool_response><|im_end|>\n' }}{%- endif %}{%- endfor %}"
             "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- if enable_thinking is defined and enable_thinking is false %}"
             "{{- '<think>\n\n</think>\n\n' }}{%- endif %}{%- endif %}",
    "qwen3 always thinking": "{%- for m in messages %}{{- '<|im_start|>' + m.role + '\n' }}{%- if m.role == 'assistant' %}{{- '<think>\n' + (m.reasoning_content or '') + '\n</think>\n\n' }}"
                             "{%- endif %}{{- m.content }}{%- if m.tool_calls %}" + CALLS + "{%- endif %}{{- '<|im_end|>\n' }}{%- endfor %}"
                             "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n<think>\n' }}{%- endif %}",
    "gemma": "{{ bos_token }}{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for m in messages %}"
             "{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate') }}{% endif %}"
             "{{ '<turn>' + ('model' if m.role == 'assistant' else m.role) + '\n' + m.content | trim + '</turn>\n' }}{% endfor %}"
             "{% if add_generation_prompt %}{{ '<turn>model\n' }}{% endif %}",
    "phi3": "{% for m in messages %}{{ '<|' + m.role + '|>\n' + (m.content or '') + '<|end|>\n' }}{% endfor %}"
            "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ '<|endoftext|>' }}{% endif %}",
    "phi4": "{% for m in messages %}{{ '<|im_start|>' + m.role + '<|head|>' + m.content + '<|end|>' }}{% endfor %}"
            "{% if add_generation_prompt %}{{ '<|im_start|>assistant<|head|>' }}{% endif %}",
    "deepseek": "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ m.content + '\n\n' }}{% elif m.role == 'user' %}{{ '<|User|>' + m.content }}"
                "{% elif m.role == 'tool' %}{{ '<|tool|>' + m.content }}{% else %}{{ '<|Bot|>' + (m.content or '') }}{% if m.tool_calls %}<|calls|>{% for c in m.tool_calls %}"
                "{{ c.function.name + '\n```json\n' + (c.function.arguments | tojson) + '\n```' }}{% endfor %}<|/calls|>{% endif %}{{ eos_token }}{% endif %}{% endfor %}"
                "{% if add_generation_prompt %}{{ '<|Bot|>' }}{% endif %}",
    "deepseek thinking": "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ '<|User|>' + m.content }}{% elif m.role == 'assistant' %}"
                         "{% set content = m.content %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}"
                         "{{ '<|Bot|>' + content + eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|Bot|><think>\n' }}{% endif %}",
    "command": "{{ bos_token }}{% if tools is not none %}{{ tools | length }} tools{% endif %}{% for m in messages %}{% if m.role == 'assistant' %}{{ '<|START|><|CHATBOT|>' + m.content.strip() + '<|END|>' }}{% else %}"
               "{{ '<|START|><|USER|>' + m.content.strip() + '<|END|>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|START|><|CHATBOT|>' }}{% endif %}",
    "zephyr": "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'system' %}\n"
              "{{ '<|system|>\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\n'  + message['content'] + eos_token }}\n{% endif %}\n"
              "{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}",
    "vicuna": "{{ 'A chat with a helper. ' }}{% for m in messages %}{% if m.role == 'user' %}{{ 'USER: ' + m.content + ' ' }}{% elif m.role == 'assistant' %}"
              "{{ 'ASSISTANT: ' + m.content + eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}",
    "alpaca": "{% for m in messages %}{% if m.role == 'user' %}{{ '### Instruction:\n' + m.content.strip() + '\n\n' }}{% elif m.role == 'assistant' %}"
              "{{ '### Response:\n' + m.content.strip() + eos_token + '\n\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '### Response:\n' }}{% endif %}",
    "glm": "{{ '[gMASK]<sop>' }}{% for m in messages %}{{ '<|' + m.role + '|>\n' + (m.content or '') }}{% for c in m.tool_calls or [] %}{{ c.function.name + '\n' + (c.function.arguments | tojson) }}"
           "{% endfor %}{% if m.role == 'assistant' %}<|user|>{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}",
    "granite": "{%- if tools %}{{- '<|role|>tools<|/role|>' + (tools | tojson) + '<|endoftext|>\n' }}{%- endif %}{%- for m in messages %}"
               "{{- '<|role|>' + m.role + '<|/role|>' + (m.content or '') }}{%- if m.tool_calls %}{{- '<|calls|>' + (m.tool_calls | tojson) }}{%- endif %}{{- '<|endoftext|>\n' }}"
               "{%- if loop.last and add_generation_prompt %}{{- '<|role|>assistant<|/role|>' }}{%- endif %}{%- endfor %}",
    "olmo": "{{ bos_token }}{% for m in messages %}{% if m.role == 'assistant' %}{{ '<|assistant|>\n' + m.content + eos_token }}{{ '\n' if not loop.last else '' }}{% else %}"
            "{{ '<|' + m.role + '|>\n' + m.content + '\n' }}{% endif %}{% if loop.last and add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}{% endfor %}",
    "smollm3": "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' }}{% if m.role == 'assistant' %}{% generation %}"
               "{{ m.content | default('', true) }}{% for c in m.tool_calls or [] %}<tool_call>{{ c.function | tojson }}</tool_call>{% endfor %}{{ '<|im_end|>\n' }}{% endgeneration %}"
               "{% else %}{{ m.content + '<|im_end|>\n' }}{% endif %}{% endfor %}" + ASK,
    "generation without an end": "{% for m in messages %}{% if m.role == 'assistant' %}A:{% generation %}{{ m.content }}{% endgeneration %}</s>{% else %}U:{{ m.content }}{% endif %}{% endfor %}",
    "index loop": "{% for i in range(messages | length) %}{% set m = messages[i] %}{{ '<|head|>' + m.role + '<|/head|>' }}{{ m.content or '' }}"
                  "{% for c in m.tool_calls or [] %}<tool_call>{{ c.function | tojson }}</tool_call>{% endfor %}<|done|>\n{% endfor %}"
                  "{% if add_generation_prompt %}{{ '<|head|>assistant<|/head|>' }}{% endif %}",
    "macro": "{% macro turn(m) %}{{ '<|im_start|>' + m.role }}\n{{ m.content or '' }}{% for c in m.tool_calls or [] %}<tool_call>{{ c.function.arguments | tojson }}</tool_call>"
             "{% endfor %}<|im_end|>\n\n{% endmacro %}{% for m in messages %}{{ turn(m) }}{% endfor %}" + ASK,
    "falcon": "{% for m in messages %}{% if not loop.first %}{{ '\n' }}{% endif %}{{ 'Falcon: ' if m.role == 'assistant' else 'User: ' }}{{ (m.content or '') | trim | replace('\r\n', '\n') }}"
              "{% if m.role == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '\nFalcon:' }}{% endif %}",
}
