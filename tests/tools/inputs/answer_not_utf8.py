"""A server that answers the second of three questions in Latin-1, and later mends its ways.

    answer_not_utf8.py   (roux on PATH; works in the current folder)
"""
import collections
import http.server
import json
import pathlib
import subprocess
import threading

asked, mended = collections.Counter(), False


class Server(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        prompt = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"][-1]["content"]
        asked[prompt] += 1
        body = b'{"choices": [{"message": {"content": "caf\xe9"}}]}'
        if prompt != "two" or mended:
            body = body.decode("latin-1").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
pathlib.Path("d.jsonl").write_text("".join(json.dumps({"text": text, "answers": ["caf\u00e9"]}) + "\n" for text in ("one", "two", "three")))
pathlib.Path("r.recipe").write_text(f"""model m = endpoint("http://127.0.0.1:{server.server_address[1]}/v1", "m", attempts: 1, together: 1)
data docs = text("d.jsonl", ends: none)
eval e {{ model: m, t: task(docs, prompt: "{{document}}", metric: exact_match) }}
""")


def roux():
    said = subprocess.run(["roux", "eval", "r.recipe"], capture_output=True)
    return said.returncode, (said.stdout + said.stderr).decode()  # what is said is UTF-8, whatever came


status, said = roux()
assert status == 1 and "did not answer in 1 attempts: it answered with" in said and "caf\ufffd" in said, said
assert "1 answers are kept" in said, said
mended = True
status, said = roux()
assert status == 0 and asked == {"one": 1, "two": 2, "three": 1}, (said, asked)
file, = pathlib.Path("runs/r/predictions").glob("t-*/t.jsonl")
assert [json.loads(line)["pred"] for line in file.read_text().splitlines()] == ["caf\u00e9"] * 3
