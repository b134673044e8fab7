"""What `roux lsp` answers an editor.

    editor.py RECIPES     (roux on PATH; works in the current folder)
"""
import json
import pathlib
import shutil
import subprocess
import sys

from short_run import say

recipes = pathlib.Path(sys.argv[1])
shutil.copytree(recipes / "tiny", "tiny")


class Editor:
    def __init__(self):
        self.server = subprocess.Popen(["roux", "lsp", "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.next = 0
        self.mistakes = {}

    def send(self, message):
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.server.stdin.flush()

    def receive(self):
        length = 0
        while (line := self.server.stdout.readline().strip()):
            length = int(line.split(b": ")[1])
        return json.loads(self.server.stdout.read(length))

    def ask(self, method, parameters):
        self.next += 1
        self.send({"jsonrpc": "2.0", "id": self.next, "method": method, "params": parameters})
        return self.answer(self.next)

    def answer(self, identifier):
        while True:
            message = self.receive()
            if message.get("method") == "textDocument/publishDiagnostics":
                self.mistakes[message["params"]["uri"]] = message["params"]["diagnostics"]
            else:
                assert message["id"] == identifier, message
                return message.get("result", message.get("error"))

    def tell(self, method, parameters):
        self.send({"jsonrpc": "2.0", "method": method, "params": parameters})

    def write(self, name, text):
        """The text of an open file; its mistakes."""
        self.text, self.uri = text, pathlib.Path(name).resolve().as_uri()
        method = "didChange" if self.uri in self.mistakes else "didOpen"
        self.tell(f"textDocument/{method}", {"textDocument": {"uri": self.uri, "languageId": "roux", "version": 1, "text": text},
                                             "contentChanges": [{"text": text}]})
        self.at("hover", "\n")
        return self.mistakes[self.uri]

    def at(self, what, place, inside=0):
        """Asks about the text `place`, so many bytes into it."""
        before = self.text[:self.text.index(place) + inside]
        line = before.count("\n")
        character = len(before.rsplit("\n", 1)[-1].encode("utf-16-le")) // 2
        return self.ask(f"textDocument/{what}", {"textDocument": {"uri": self.uri}, "position": {"line": line, "character": character}})

    def labels(self, place, inside=0):
        return [item["label"] for item in self.at("completion", place, inside)["items"]]


def part(where, text):
    """The text of a range."""
    lines = text.encode("utf-16-le").decode("utf-16-le").split("\n")
    start, end = where["start"], where["end"]
    assert start["line"] == end["line"], where
    line = lines[start["line"]].encode("utf-16-le")
    return line[2 * start["character"]:2 * end["character"]].decode("utf-16-le")


editor = Editor()
capable = editor.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
say("says what it can", capable["capabilities"]["hoverProvider"] and capable["capabilities"]["documentFormattingProvider"]
    and capable["serverInfo"]["name"] == "roux", capable)
editor.tell("initialized", {})

# Mistakes, as they come and go.
text = "# 😀 é\nparam peak = 3e-3\n" + (recipes / "tiny.recipe").read_text().replace("adamw(lr: 3e-3)", "adamw(lr: peak)")
say("no mistakes", editor.write("a.recipe", text) == [], editor.mistakes)
found = editor.write("a.recipe", text.replace("seed 7", "seed 7\ndata é😀 = nowhere"))
say("a mistake where it is", found and found[0]["severity"] == 1 and part(found[0]["range"], editor.text) in ("é😀", "nowhere"), found)
found = editor.write("a.recipe", text.replace("length:    30 steps", "lenght:    30 steps"))
say("a typo is one mistake", len(found) == 1 and "did you mean 'length'?" in found[0]["message"]
    and part(found[0]["range"], editor.text) == "lenght", found)
say("and is gone again", editor.write("a.recipe", text) == [], editor.mistakes)
say("a file that is not there", "nowhere.txt" in str(editor.write("a.recipe", text.replace("stories.txt", "nowhere.txt"))))

# Values, and where they come from.
editor.write("a.recipe", text)
hover = editor.at("hover", "3e-3")
hover = editor.at("hover", "lr: peak", 1)
say("a value from a param", "optimizer.lr" in hover["contents"]["value"] and "0.003" in hover["contents"]["value"]
    and "param peak" in hover["contents"]["value"] and "learning rate" in hover["contents"]["value"], hover)
hover = editor.at("hover", "pack(256", 6)
say("a value in its unit", "batch.capacity" in hover["contents"]["value"] and "256 tokens" in hover["contents"]["value"], hover)
hover = editor.at("hover", "train read", 7)
say("all keys with their defaults", "| clip | `none` | default |" in hover["contents"]["value"]
    and "| length | `30 steps` | line " in hover["contents"]["value"], hover)
hover = editor.at("hover", "pack(256", 1)
say("a function says what it is", "**pack**" in hover["contents"]["value"] and part(hover["range"], text), hover)
say("nothing is said of nothing", editor.at("hover", "# 😀", 2) is None)

# Where a name is made.
where = editor.at("definition", "data:      stories", 12)
say("goes to a definition", where["uri"] == editor.uri and part(where["range"], text) == "stories"
    and where["range"]["start"]["line"] == text[:text.index("data stories")].count("\n"), where)
say("not of what is none", editor.at("definition", "seed 7") is None)

# What may come next.
editor.write("a.recipe", text.replace("  length:    30 steps\n", "  le\n"))
labels = editor.labels("  le\n", 4)
say("keys that are missing", "length" in labels and "clip" in labels and "batch" not in labels, labels)
editor.write("a.recipe", text.replace("fit: fill(rest: next)", "fit: "))
labels = editor.labels("fit: ,", 5)
say("words and functions of an argument", "next" in labels and "fill" in labels and "length" not in labels, labels)
editor.write("a.recipe", text.replace("| without(held) | shuffle", "| "))
labels = editor.labels("chats | \n", 8)
say("operations behind a pipe", "without" in labels and "shuffle" in labels and "pack" not in labels, labels)
editor.write("a.recipe", text.replace("data:      stories", "data:      "))
labels = editor.labels("data:      \n", 11)
say("names of the right kind", "stories" in labels and "sft" in labels and "tiny" not in labels and "chat" in labels, labels)
editor.write("a.recipe", text.replace("adamw(lr: peak)", "adamw(lr: peak, "))
labels = editor.labels("peak, \n", 6)
say("arguments that are missing", "decay" in labels and "lr" not in labels, labels)
editor.write("a.recipe", text.replace("target:    true", "target:    "))
labels = editor.labels("target:    \n", 11)
say("what a formula may read", "role" in labels and "nll" not in labels, labels)
editor.write("a.recipe", text + "\ntr")
labels = editor.labels("\ntr", 3) if text.count("\ntr") == 0 else editor.ask("textDocument/completion", {"textDocument": {"uri": editor.uri}, "position": {
    "line": editor.text.count("\n"), "character": 2}})["items"]
say("kinds of definitions", "train" in str(labels) and "seed" in str(labels), labels)

# Layout.
ugly = text.replace("  model:     tiny\n", " model : tiny\n").replace("= bpe(", "  =  bpe( ")
editor.write("a.recipe", ugly)
edits = editor.ask("textDocument/formatting", {"textDocument": {"uri": editor.uri}, "options": {"tabSize": 2}})
pathlib.Path("ugly.recipe").write_text(ugly)
subprocess.run(["roux", "fmt", "ugly.recipe"], check=True)
say("lays out as roux fmt does", len(edits) == 1 and edits[0]["newText"] == pathlib.Path("ugly.recipe").read_text() != ugly, edits)
editor.write("a.recipe", text + "train {{{")
say("leaves alone what does not parse", editor.ask("textDocument/formatting", {"textDocument": {"uri": editor.uri}, "options": {}}) is None)

# A recipe that uses another sees what is on the screen.
editor.write("parts.recipe", "param rows = 4\n")
use = 'use "parts.recipe"\n' + text.replace("length:    30 steps", "length:    rows steps")
editor.write("parts.recipe", "param rows = 4 steps\n")
found = editor.write("user.recipe", use.replace("rows steps", "rows"))
say("a file that is used is the one on the screen", found == [], found)
where = editor.at("definition", "length:    rows", 12)
say("and is gone to", where and where["uri"].endswith("/parts.recipe"), where)

# What makes no sense.
say("an unknown request is refused", editor.ask("textDocument/rename", {})["code"] == -32601)
say("a file that is not open is refused", editor.ask("textDocument/hover", {"textDocument": {"uri": "file:///none"}, "position": {"line": 0, "character": 0}})["code"] == -32602)
for odd in ({}, {"textDocument": 3}, {"textDocument": {"uri": editor.uri}}, {"textDocument": {"uri": editor.uri}, "position": {"line": -1, "character": "x"}}):
    say(f"{odd}: refused", editor.ask("textDocument/hover", odd).get("code") == -32602)
far = editor.ask("textDocument/hover", {"textDocument": {"uri": editor.uri}, "position": {"line": 4000000000, "character": 4000000000}})
say("beyond the end is the end", far is None or "contents" in far, far)
for odd in (b"{", b"[]", b"1", b'{"id": 1}', b'{"method": 3}', b"\xff\xfe", b'{"method": "textDocument/didOpen"}'):
    editor.send(odd)
editor.next = 1000
editor.send({"jsonrpc": "2.0", "id": "last", "method": "shutdown"})
while (message := editor.receive()).get("id") != "last":
    assert "error" in message or "method" in message, message
say("goes on after all of it", message["result"] is None, message)
editor.tell("exit", None)
say("ends when told to", editor.server.wait(timeout=20) == 0)
broken = subprocess.run(["roux", "lsp"], input=b"Content-Length: 99999999999\r\n\r\n{}", stdout=subprocess.PIPE)
say("ends when nobody is there", broken.returncode == 1 and broken.stdout == b"")
