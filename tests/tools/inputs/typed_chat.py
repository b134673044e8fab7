# Runs a chat on a terminal of its own and types lines, each once the prompt is there; prints what the screen shows.
# With --again the second line is the first one, by arrow up.
import os
import pty
import re
import sys

again = sys.argv[1] == "--again"
command = sys.argv[1 + again:]
child, screen = pty.fork()
if child == 0:
    os.environ["TERM"] = "xterm"
    os.execvp(command[0], command)
shown, at = b"", 0
lines = [b"/who\n", b"\x1b[A\n", b"/quit\n"] if again else [b"Who?\n", b"/quit\n"]
while True:
    try:
        piece = os.read(screen, 4096)
    except OSError:
        break
    if not piece:
        break
    shown += piece
    if lines and shown[at:].rstrip(b"\r").endswith(b"> "):
        os.write(screen, lines.pop(0))
        at = len(shown)
status = os.waitpid(child, 0)[1]
# Without what moves the cursor.
text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()).replace("\r\n", "\n").replace("\r", "")
print(text)
sys.exit(os.waitstatus_to_exitcode(status))
