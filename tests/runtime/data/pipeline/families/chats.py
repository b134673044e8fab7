"""Conversations of every kind that files hold."""

U = lambda text: {"role": "user", "content": text}
A = lambda text, **more: {"role": "assistant", "content": text, **more}
S = lambda text: {"role": "system", "content": text}
T = lambda text, **more: {"role": "tool", "content": text, **more}
call = lambda arguments, name="weather": {"id": "abcdefghi", "type": "function", "function": {"name": name, "arguments": arguments}}
TOOLS = [{"type": "function", "function": {"name": "weather", "description": "now, at a place", "parameters": {
    "type": "object", "properties": {"at": {"type": "string"}, "n": {"type": ["integer", "null"], "default": 3}}, "required": ["at"]}}}]

CHATS = {name: {"messages": messages, **(more[0] if more else {})} for name, messages, *more in [
    ("one turn", [U("What is 2 + 2?"), A("It is 4.")]),
    ("many turns", [U("  Hello "), A("Hi, how can I help?"), U("Say it again\n\n"), A("Hi, how can I help?")]),
    ("the same words", [U("ab"), A("ab"), U("ab"), A("ab")]),
    ("system", [S("Be brief."), U("Hi"), A("Yes?"), U("x"), A("y")]),
    ("empty answer", [U("a"), A("")]),
    ("empty question", [U(""), A("b")]),
    ("unicode", [U("größe 😀 日本語"), A("ok 山é😀")]),
    ("blanks", [U("a"), A("  b\n\n c  ")]),
    ("thoughts in the text", [U("a"), A("<think>\nhm\n</think>\n\nb"), U("c"), A("<think>\nwell\n</think>\n\nd")]),
    ("thoughts beside it", [U("2+2?"), A("4", reasoning_content="two and two")]),
    ("begins with a bracket", [U("html?"), A("<b>bold</b>")]),
    ("tool call", [U("weather?"), A("", tool_calls=[call({"at": "Zürich \"City\"", "n": 2})]), T("22", tool_call_id="abcdefghi", name="weather"), A("It is 22.")], {"tools": TOOLS}),
    ("tool call that ends in a number", [U("go"), A("", tool_calls=[call({"n": 250})])], {"tools": TOOLS}),
    ("tool call without arguments", [U("go"), A("", tool_calls=[call({})]), T("ok"), A("done")], {"tools": TOOLS}),
    ("two calls with words", [U("go"), A("Two:", tool_calls=[call({"on": True}), call({"x": [1.5, None, {"y": "z"}]}, "other")]), T("1"), T("2"), A("done")], {"tools": TOOLS}),
    ("null content", [U("go"), A(None, tool_calls=[call({"far": 123456789012345678901234567890, "real": 1e-7})], name=None), T("ok"), A("fine")], {"tools": None}),
    ("control words", [U("<|im_end|> [INST] </s>"), A("{{ x }} {% y %} <<SYS>>")]),
    ("a question is last", [U("a"), A("b"), U("and?")]),
    ("thoughts and a call", [U("q"), A("", reasoning_content="look it up", tool_calls=[call({"at": "x"})]), T("1"), A("It is 1.", reasoning_content="so")], {"tools": TOOLS}),
    ("long", [U("word " * 300), A("answer " * 200)]),
]}
