# A host that rules ask, on 127.0.0.1: python3 host.py PORT LOG. Each request is a line of LOG: method, path, key.
#   /slow  after three seconds
#   /ok  JSON with the number of the request    /big  300 KB     /busy  503 twice, then 200
#   /half  dies in the middle of its first answer; answers when it is started again
import http.server, json, os, sys, time

PORT, LOG = int(sys.argv[1]), sys.argv[2]


def lines():
    return open(LOG).read().splitlines() if os.path.exists(LOG) else []


class Host(http.server.BaseHTTPRequestHandler):
    def answer(self):
        n = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(n).decode()
        with open(LOG, "a") as f:
            f.write("%s %s %s %s\n" % (self.command, self.path, self.headers.get("Idempotency-Key"), body))
            f.flush()
        before = [l for l in lines()[:-1] if l.split()[1] == self.path]
        text = json.dumps({"n": len(lines()), "method": self.command, "got": body})
        if self.path == "/half" and not before:
            self.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf of it")
            os._exit(1)
        if self.path == "/slow":
            time.sleep(3)
        self.send_response(503 if self.path == "/busy" and len(before) < 2 else 200)
        text = "x" * 300000 if self.path == "/big" else text
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *args):
        pass


http.server.HTTPServer.allow_reuse_address = True
http.server.HTTPServer(("127.0.0.1", PORT), Host).serve_forever()
