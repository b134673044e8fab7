"""A server of the OpenAI chat protocol on the loopback, for tests: it counts what it is asked and, the first times that it
is asked something, fails in every way that a server can.

Writes PORT to the file FOLDER/port, and to FOLDER/log a line a request: what became of it and the prompt's last word.
Fails only for FOLDER/faults; waits FOLDER/wait seconds before each answer."""
import json
import os
import socket
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

folder = sys.argv[1]
lock = threading.Lock()
asked = {}


def setting(name, default):
    try:
        return open(os.path.join(folder, name)).read().strip()
    except FileNotFoundError:
        return default


def log(what, word):
    with lock, open(os.path.join(folder, "log"), "a") as out:
        out.write(f"{what} {word}\n")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def say(self, status, body, headers=()):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = request["messages"][-1]["content"]
        word = prompt.split()[-1]
        key = self.headers.get("Authorization", "none")
        assert len(request["messages"]) == 1 and request["temperature"] == 0, request
        if key != "Bearer " + setting("key", "secret-key"):
            log("key", word)
            return self.say(401, json.dumps({"error": f"no such key: {key}"}))
        with lock:
            attempt = asked[word] = asked.get(word, 0) + 1
        if "unanswerable" in word:
            log("refused", word)
            return self.say(400, '{"error": "too long"}')
        if setting("faults", "") and attempt == 1:
            kind = int(word.strip("item")) % 7
            log(f"fault{kind}", word)
            if kind == 0:
                return self.say(500, "<html>oh no</html>")
            if kind == 1:
                return self.say(429, "{}", [("Retry-After", "1")])
            if kind == 2:
                return self.say(200, '{"choices": [{"mess')
            if kind == 3:  # a body that is cut off
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(b'{"choices": [')
                self.close_connection = True
                return None
            if kind == 4:  # a reset
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
                return None
            if kind == 5:
                time.sleep(3)
                return None
            return self.say(200, '{"choices": [{"message": {"content": 7}}]}')
        time.sleep(float(setting("wait", "0")))
        said = f"the answer of {word} é\U0001F600"
        if "Ask" in prompt:  # a numbered list, of which one is too short
            said = "Of course.\n" + "".join(f"{i}. question {i} of {word}\n" for i in range(1, 5 if word == "item7" else 6))
        answer = {"choices": [{"message": {"content": said}, "finish_reason": "stop"}],
                  "usage": {"prompt_tokens": len(prompt.split()), "completion_tokens": 4}}
        log("answered", word)
        return self.say(200, json.dumps(answer))


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(os.path.join(folder, "port.new"), "w") as out:
    out.write(str(server.server_address[1]))
os.rename(os.path.join(folder, "port.new"), os.path.join(folder, "port"))
server.serve_forever()
