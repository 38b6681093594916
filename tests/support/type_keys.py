"""Types keys into a command on a real pseudo-terminal and prints what it showed.

    python3 type_keys.py COMMAND < keys      # each line of keys is Lua-like text; \\t is Tab, \\r is Return

Waits for the program to fall silent after each line, as a person does; on a busy machine silence says less, so
it waits longer there.
"""
import os
import pty
import select
import sys

keys = [line.rstrip("\n").encode().decode("unicode_escape").encode() for line in sys.stdin]
patience = min(5.0, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))
pid, fd = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm"
    os.execvp("sh", ["sh", "-c", sys.argv[1]])


def drain(seconds):
    while select.select([fd], [], [], seconds * patience)[0]:
        try:
            data = os.read(fd, 65536)
        except OSError:
            return False
        if not data:
            return False
        sys.stdout.buffer.write(data)
    return True


alive = drain(1.5)
for key in keys:
    if not alive:
        break
    os.write(fd, key)
    alive = drain(0.7)
os.kill(pid, 15) if alive else None
os.waitpid(pid, 0)
sys.stdout.flush()
