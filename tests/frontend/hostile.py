#!/usr/bin/env python3
"""Text nobody would write: `roux` must say what is wrong and exit with 1, within a gigabyte.

Each input runs under a limit on its address space; a crash, a hang (a minute) or silence fails.
The form that is well-formed stands beside each, so that a tool that refuses everything fails too.
"""
import pathlib
import re
import resource
import subprocess
import sys
import tempfile

roux = sys.argv[1]
limit = 1 << 30
good = b"param p = 1\n"
recipe = b'data d = text("a.txt", ends: none)\n'

# name, bytes, what the message must say
refused = [
    ("invalid UTF-8", recipe + b"# caf\xe9\n", r":2:6: error: invalid UTF-8: 0xE9 at byte 40"),
    ("overlong UTF-8", b'prompt p = "\xc0\xaf"\n', r":1:13: error: invalid UTF-8: 0xC0 at byte 12 and 1 more"),
    ("surrogate", b'prompt p = "\xed\xa0\x80"\n', r"error: invalid UTF-8: 0xED at byte 12 and 2 more"),
    ("byte order mark", b"\xef\xbb\xbf" + recipe, r":1:1: error: the file starts with a byte order mark"),
    ("CR LF", recipe.replace(b"\n", b"\r\n") * 2, r":1:35: error: 2 lines end in CR LF, expected LF"),
    ("NUL", recipe + b"\0\0\0", r":2:1: error: control character 0x00 at byte 35 and 2 more"),
    ("NUL in a name", b"data a\0b = c\n", r":1:7: error: control character 0x00 at byte 6"),
    ("only NUL", b"\0" * 1_000_000, r":1:1: error: control character 0x00 at byte 0 and 999999 more"),
    ("escape sequences", b"\x1b[2J\x1b[31m = 1\n", r":1:1: error: control character 0x1B at byte 0"),
    ("100 000 parentheses", b"param p = " + b"(" * 100_000, r"error: nested more than 256 deep"),
    ("100 000 closed parentheses", b"param p = " + b"(" * 100_000 + b"1" + b")" * 100_000, r"error: nested more than 256 deep"),
    ("100 000 lists", b"param p = " + b"[" * 100_000, r"error: nested more than 256 deep"),
    ("100 000 blocks", b"train t { model: m " + b"{ a: m " * 100_000, r"error: nested more than 256 deep"),
    ("100 000 closing brackets", b")]}" * 33_334, r":1:1: error: expected a definition, 'use' or 'seed', found '\)'"),
    ("100 000 signs", b"param p = " + b"- " * 100_000 + b"1\n", r"error: nested more than 256 deep"),
    ("100 000 nots", b"param p = " + b"not " * 100_000 + b"a\n", r"error: nested more than 256 deep"),
    ("100 000 powers", b"param p = " + b"2 ^ " * 100_000 + b"1\n", r"error: nested more than 256 deep"),
    ("1 000 000 sums", b"param p = " + b"1 + " * 1_000_000 + b"1\n", r"error: this expression joins more than 1000 parts"),
    ("100 000 pipes", b"data d = a" + b" | f" * 100_000 + b"\n", r"error: this expression joins more than 1000 parts"),
    ("100 000 ifs", b"param p = " + b"if a then b else " * 100_000 + b"c\n", r"error: this expression joins more than 1000 parts"),
    ("100 000 members", b"param p = a" + b".b" * 100_000 + b"\n", r"error: this expression joins more than 1000 parts"),
    ("1 MB name", b"data " + b"a" * 1_000_000 + b" = b\n", r":1:6: error: a name of 1000000 characters; names have at most 255"),
    ("1 MB number", b"param p = " + b"9" * 1_000_000 + b"\n", r"error: this number is outside the range of a double"),
    ("1 MB of unexpected characters", "param p = ".encode() + "é".encode() * 500_000, r"error: unexpected character 'é'"),
    ("unterminated text", b'param p = "abc\n', r":1:11: error: this text has no closing"),
    ("unterminated long text", b'param p = """' + b"abc\n" * 100_000, r":1:11: error: this text has no closing"),
    ("unterminated block", b"run {\n  dtype: f32\n", r":3:1: error: expected '}' to close the block, found the end of the file"),
    ("unterminated call", b"data d = f(a,\n", r"error: expected '\)' to close the call of 'f', found the end of the file"),
    ("text that ends in a backslash", b'param p = "\\', r"error: this text has no closing"),
    ("10 MB of garbage", bytes(range(1, 256)) * 41_000, r"diagnostics are not shown"),
    ("10 MB of lists", b"param p = [" + b"1," * 5_000_000, r"error: expected '\]' to close the list, found the end of the file"),
    ("10 MB of errors", b"param = 1\n" * 1_000_000, r"999800 more diagnostics are not shown"),
    ("17 MB", b"# comment\n" * 1_700_000, r"it is longer than 16777216 bytes"),
]
accepted = [
    ("nothing", b""),
    ("a comment in UTF-8", "# café\n".encode() + b"run {}\n"),
    ("200 parentheses", b"run { devices: " + b"(" * 200 + b"1" + b")" * 200 + b" }\n"),
    ("a name of 255 characters", b"data " + b"a" * 255 + b" = b\n"),
    ("10 MB of comments", b"# comment\n" * 1_000_000 + b"run {}\n"),
]


def run(verb, path):
    def limited():
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    try:
        return subprocess.run([roux, *verb, path], capture_output=True, timeout=60, preexec_fn=limited)
    except subprocess.TimeoutExpired:
        return None


failures = []
with tempfile.TemporaryDirectory() as folder:
    path = str(pathlib.Path(folder) / "hostile.recipe")
    for name, text, message in refused:
        pathlib.Path(path).write_bytes(text)
        for verb in (["check", "--no-files"], ["fmt", "--check"], ["check", "--no-files", "--diagnostics=json"]):
            done = run(verb, path)
            if done is None or done.returncode != 1:
                failures.append(f"{name}: {verb}: expected exit status 1, found {done and done.returncode}")
                continue
            out = done.stdout + done.stderr
            if len(out) > 500_000:
                failures.append(f"{name}: {verb}: prints {len(out)} bytes")
            if b"\x1b" in out or b"\0" in out:
                failures.append(f"{name}: {verb}: prints control characters")
            if "json" not in verb[-1] and not re.search(message, out.decode()):
                failures.append(f"{name}: {verb}: expected {message!r}, found {out.decode()[:300]!r}")
    for name, text in accepted:
        pathlib.Path(path).write_bytes(text)
        done = run(["inspect", "--emit=ast"], path)
        if done is None or done.returncode != 0:
            failures.append(f"{name}: expected to be read, found {done and done.stderr[:300]!r}")

for failure in failures:
    print(failure)
print(f"{len(refused)} texts refused and {len(accepted)} read" if not failures else f"{len(failures)} failures")
sys.exit(bool(failures))
