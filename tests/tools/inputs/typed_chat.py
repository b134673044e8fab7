# Runs a chat on a terminal of its own and types two lines, each once the prompt is there; prints what the screen shows.
import os
import pty
import sys

child, screen = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
shown = b""
lines = [b"Who?\n", b"/quit\n"]
while True:
    try:
        piece = os.read(screen, 4096)
    except OSError:
        break
    if not piece:
        break
    shown += piece
    if shown.endswith(b"> ") and lines:
        os.write(screen, lines.pop(0))
status = os.waitpid(child, 0)[1]
print(shown.decode().replace("\r\n", "\n"))
sys.exit(os.waitstatus_to_exitcode(status))
