"""Between an engine and its MQTT broker: at one packet of the engine's way through QoS 2 it stops, kills the
engine (whose pid is in PIDFILE by then) and hangs up. What went before has gone through.
usage: mqtt_proxy.py PORT BROKER-PORT PIDFILE before|after PACKET      (PACKET: connack publish pubrec pubrel pubcomp)
before: the packet is lost; after: the receiver has it, and nothing that follows goes through. Only the first
such packet; later connections pass."""
import os
import signal
import socket
import sys
import threading
import time

port, broker, pidfile, when, packet = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5]
TYPES = {"connack": 2, "publish": 3, "pubrec": 5, "pubrel": 6, "pubcomp": 7}
fired = threading.Event()


def read_exactly(s, n):
    out = b""
    while len(out) < n:
        more = s.recv(n - len(out))
        if not more:
            raise EOFError
        out += more
    return out


def read_packet(s):
    raw = read_exactly(s, 1)
    n, shift = 0, 0
    while True:
        b = read_exactly(s, 1)
        raw += b
        n |= (b[0] & 127) << shift
        shift += 7
        if b[0] < 128:
            return raw + read_exactly(s, n)


def kill():
    for _ in range(200):
        text = open(pidfile).read().strip() if os.path.exists(pidfile) else ""
        if text:
            os.kill(int(text), signal.SIGKILL)
            return
        time.sleep(0.01)


def pump(source, target, over):
    try:
        while True:
            raw = read_packet(source)
            if over.is_set():
                return
            hit = raw[0] >> 4 == TYPES.get(packet) and not fired.is_set()
            if hit:
                fired.set()
                over.set()
            if not hit or when == "after":
                target.sendall(raw)
            if hit:
                time.sleep(0.05 if when == "after" else 0)
                kill()
                raise EOFError
    except (EOFError, OSError):
        for s in (source, target):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


listener = socket.create_server(("127.0.0.1", port))
while True:
    client, _ = listener.accept()
    server = socket.create_connection(("127.0.0.1", broker))
    done = threading.Event()
    threading.Thread(target=pump, args=(client, server, done), daemon=True).start()
    threading.Thread(target=pump, args=(server, client, done), daemon=True).start()
