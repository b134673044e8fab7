"""longalign_data.recipe, from documents to its last evaluation; the writer is a server of this test.

    longalign_data.py RECIPES
"""
import collections
import http.server
import json
import math
import os
import pathlib
import sys
import threading

import toy
from toy import check

asked = []


class Writer(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = request["messages"][-1]["content"]
        asked.append((prompt, request["temperature"], self.headers["Authorization"]))
        number = len(prompt.split("\n\n")[0])
        answer = f"Answer {number}." if "numbered list" not in prompt else "".join(
            f"{i}: Question {i} of {number}?\n" for i in range(1, 6))
        body = json.dumps({"choices": [{"message": {"content": answer}, "finish_reason": "stop"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Writer)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["TEACHER_KEY"] = "secret"

recipes = sys.argv[1]
toy.write_model("model", context=256)
toy.chats("long.jsonl", 30, 100, seed=1)
toy.chats("short.jsonl", 30, 40, seed=2)
lengths = [40 + 3 * i for i in range(60)]
documents = [toy.prose(length, length) for length in lengths]
toy.lines("docs.jsonl", *({"text": text} for text in documents))
toy.lines("essays.jsonl", {"text": toy.prose(400, 1)})
recipe = toy.Recipe(recipes, "longalign_data", start='"model"', long_in='"long.jsonl"', short_in='"short.jsonl"',
                    essays='"essays.jsonl"', docs_in='"docs.jsonl"', url=f'"http://127.0.0.1:{server.server_address[1]}/v1"',
                    shortest=60, longest=180, most="32 records", window=256, packs=2, lengths="[230]", rate="1e-3", watch="3 steps")
said = recipe.run()
file, = pathlib.Path("runs/longalign_data/asked").glob("made-q-*.jsonl")
written = [json.loads(line) for line in file.read_text().splitlines()[:-1]]
sizes = [lengths[int(line["record"].split(":")[1]) - 1] for line in written]
check("documents within the window, as many as asked for", len(written) == 32 and min(sizes) >= 60 and max(sizes) <= 180, sizes)
kinds = collections.Counter(line["fields"]["q.choice"] for line in written)
check("four kinds of question, evenly", set(kinds) == {"general", "summary", "reasoning", "extraction"} and min(kinds.values()) >= 3, kinds)
check("five of each", all(line["fields"]["q"] == [f"Question {i} of {size}?" for i in range(1, 6)]
                          for line, size in zip(written, sizes)), written[:2])
check("every record is asked twice, questions by chance and answers without", len(asked) == 64 and
      collections.Counter(temperature for _, temperature, _ in asked) == {1: 32, 0: 32})
check("with the key", {key for _, _, key in asked} == {"Bearer secret"})
replies = [prompt for prompt, temperature, _ in asked if temperature == 0]
picked = collections.Counter(prompt.split("\n\n")[1].split()[1] for prompt in replies)
check("one is picked, any of the five", all(prompt.split("\n\n")[0] in documents for prompt in replies) and len(picked) == 5, picked)
steps, _ = recipe.steps("instructed")
placed = [sequence for step in steps for pack in step for sequence in pack]
made = {s["record"]: s for s in placed if s["source"] == "documents"}
check("document, question and answer are a conversation", made and all(
    s["targets"] == len(f"Answer {lengths[record]}.") + 1 and s["whole"] for record, s in made.items()), made)
check("beside the short ones", any(s["source"] == "short" for s in placed))
check("losses fall and are measured", recipe.metrics("instructed")[-1]["loss"] < recipe.metrics("instructed")[0]["loss"] and
      math.isfinite(recipe.eval("of_instructed")["unseen"]["all"]["mean"]))
recipe.run()
check("nothing is asked again", len(asked) == 64, len(asked))
