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
    ("arguments as a text", [U("go"), A("", tool_calls=[call('{"at": "x", "n": 1}')]), T("ok", tool_call_id="abcdefghi"), A("done")], {"tools": TOOLS}),
    ("arguments that nest", [U("go"), A(None, tool_calls=[call({"é": {"b": [[], {}, [{"c": None}]], "": ""}, "t": True, "f": False, "z": 0})]), T("[1, 2]"), A("done")], {"tools": TOOLS}),
    ("numbers", [U("go"), A("", tool_calls=[call({"a": 1e22, "b": -0.0, "c": 1e-5, "d": 0.1, "e": 1e16, "f": 12345678.9, "g": -7, "h": 2**63, "i": 1.0, "j": 5e-324, "k": 1e15})]), T("x"), A("y")]),
    ("escapes", [U("<a href='x'>&\u2028\u007f\t</a>"), A("", tool_calls=[call({"q": "\"'\\/\u0007\b\f\n\r\t<>&\u2028\u2029\u00ad\U0001F600"})]), T("a\r\nb"), A("'\"\\")]),
    ("blanks of all kinds", [U("\u3000a\u00a0"), A("\u2003\u001f b \u0085\u200b\ufeff\n"), U("\r\n"), A("\t\x0b\x0c")]),
    ("joined characters", [U("👩‍👩‍👧 e\u0301 İ ß ǆ"), A("שלום مرحبا ਕਿ 🏳️‍🌈"), U("한국어"), A("ﬁ Σς")]),
    ("two systems", [S("One."), S("Two."), U("a"), A("b")]),
    ("a system between", [U("a"), A("b"), S("Now be brief."), U("c"), A("d")]),
    ("a developer", [{"role": "developer", "content": "Be brief."}, U("a"), A("b")]),
    ("two answers in a row", [U("a"), A("b"), A("c"), U("d"), A("e")]),
    ("an answer first", [A("Hi, what is it?"), U("a"), A("b")]),
    ("two questions in a row", [U("a"), U("b"), A("c")]),
    ("a system prompt alone asks", [S("Say something."), A("Something.")]),
    ("content null of plain answers", [U("a"), A(None), U("b"), A("c")]),
    ("nulls everywhere", [{"role": "user", "content": "a", "name": None, "tool_calls": None}, A("b", tool_calls=None, reasoning_content=None, tool_call_id=None)], {"tools": None, "documents": None}),
    ("no calls in a list", [U("a"), A("b", tool_calls=[])], {"tools": []}),
    ("thoughts not closed", [U("a"), A("<think>\nhm"), U("b"), A("</think>c")]),
    ("thoughts twice", [U("a"), A("<think>x</think>b<think>y</think>c"), U("d"), A("<think></think>")]),
    ("thoughts with blanks around", [U("a"), A("\n\nb\n", reasoning_content="\n\n  hm\n\n")]),
    ("empty thoughts", [U("a"), A("b", reasoning_content="")]),
    ("thoughts of many turns", [U("a"), A("b", reasoning_content="one"), U("c"), A("d", reasoning_content="two"), U("e"), A("f")]),
    ("no thinking, /no_think", [S("Be brief. /no_think"), U("a"), A("b")]),
    ("names", [{"role": "user", "name": "Zoë", "content": "a"}, A("b", name="helper")]),
    ("words of the template", [U("assistant"), A("assistant\nuser\n<tool_call>"), U("user:"), A("Q (1): A: </think>")]),
    ("the answer is the question", [U("It is 4."), A("It is 4."), U("It is 4."), A("")]),
    ("results of results", [U("go"), A("", tool_calls=[call({"n": 1})]), T(""), A("", tool_calls=[call({"n": 2}, "other")]), T("{\"a\": 1}"), T("second"), A("end")], {"tools": TOOLS}),
    ("a call is last", [U("go"), A("first", tool_calls=[call({"n": 1})]), T("1"), A("then", tool_calls=[call({"at": "end"})])], {"tools": TOOLS}),
    ("two tools", [U("go"), A("ok")], {"tools": TOOLS + [{"type": "function", "function": {"name": "é\"x", "description": "", "parameters": {"type": "object", "properties": {}}}}]}),
    ("documents", [U("what?"), A("that")], {"documents": [{"title": "T", "text": " one \n"}, {"title": "", "text": "二"}]}),
    ("asked not to think", [U("a"), A("b")], {"chat_template_kwargs": {"enable_thinking": False}}),
    ("parts", [{"role": "user", "content": [{"type": "text", "text": "a "}, {"type": "text", "text": " b"}]}, A("c")]),
]}
