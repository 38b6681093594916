"""A mail server that does what its receivers' names ask for, made of Debian's python3-aiosmtpd.
usage: smtp_server.py PORT FOLDER [starttls|smtps CERT KEY] [auth]
Each message it takes is written to FOLDER as one JSON file, in their order: 1.json, 2.json ...
 gone@    550 at RCPT        later@   451 at RCPT        cut@    hangs up at RCPT
 spam@    554 after DATA     full@    452 after DATA     silent@ hangs up after DATA, which it has written
 slow@    takes it after a second
"""
import asyncio
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

port, folder, words = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
tls = None
if words and words[0] in ("starttls", "smtps"):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(words[1], words[2])


def keep(server, envelope, session):
    n = len([f for f in os.listdir(folder) if f.endswith(".json")]) + 1
    with open(os.path.join(folder, "%d.part" % n), "w") as f:
        json.dump({"from": envelope.mail_from, "to": envelope.rcpt_tos, "data": envelope.content.decode("utf-8"),
                   "tls": server.transport.get_extra_info("ssl_object") is not None, "user": getattr(session, "auth_data", None)}, f)
    os.rename(os.path.join(folder, "%d.part" % n), os.path.join(folder, "%d.json" % n))


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.split("@")[0]
        if name == "cut":
            server.transport.abort()
        if name in ("gone", "later"):
            return "550 5.1.1 nobody of that name" if name == "gone" else "451 4.7.1 try again in an hour"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        name = envelope.rcpt_tos[0].split("@")[0]
        if name in ("spam", "full"):
            return "554 5.7.1 no, thank you" if name == "spam" else "452 4.2.2 no room"
        if name == "slow":
            await asyncio.sleep(1)
        keep(server, envelope, session)
        if name == "silent":
            server.transport.abort()
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    good = data.login == b"robin" and data.password == b"s3cret"
    return AuthResult(success=good, handled=good, auth_data=data.login.decode() if good else None)


def make():
    starttls = words[:1] == ["starttls"]
    return SMTP(Handler(), hostname="test.example", tls_context=tls if starttls else None,
                require_starttls=starttls, authenticator=authenticate, auth_required="auth" in words,
                auth_require_tls=starttls)


async def main():
    server = await asyncio.get_running_loop().create_server(
        make, "127.0.0.1", port, ssl=tls if words[:1] == ["smtps"] else None)
    await server.serve_forever()


asyncio.run(main())
