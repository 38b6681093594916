-- SPDX-License-Identifier: MIT
-- Mail: how a message is written, and what comes of handing it to a real server (python3-aiosmtpd).
local flow = require("flow")
local daemon = require("daemon")
local mail = require("mail")

local MESSAGE = "From: a@b.example\r\nSubject: x\r\n\r\n.one dot\r\n..two\r\n.\r\nend\r\n"

local dir = flow.temp()

local function server(words)
  local folder = flow.temp()
  local d = daemon.start(("/usr/bin/python3 %s/tests/support/smtp_server.py $PORT %s %s"):format(flow.root, folder,
    words or ""))
  function d.got(n)
    local text = flow.read(("%s/%d.json"):format(folder, n))
    return text and sw.json.decode(text)
  end
  function d.finish()
    d.stop()
    sw.fs.remove_tree(folder)
  end
  return d
end

local function to(d, name, more)
  local q = { url = "smtp://127.0.0.1:" .. d.port, from = "me@b.example", to = { name .. "@c.example" }, message = MESSAGE,
    starttls = "never", administrator = true, timeout_s = 10 }
  for k, v in pairs(more or {}) do
    q[k] = v
  end
  return sw.smtp.send(q)
end

describe("a message", function()
  it("is in base64 as RFC 4648 has it", function()
    for text, wanted in pairs { [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==", ["\0\255\254"] = "AP/+" } do
      expect(mail.base64(text)).equals(wanted)
    end
  end)

  it("has headers of one line, encoded where they are not plain", function()
    expect(mail.header("Stand up")).equals("Stand up")
    expect(mail.header("Füße hoch")).equals("=?utf-8?B?RsO8w59lIGhvY2g=?=")
    expect(mail.header("a\r\nBcc: x@y")).equals(mail.header("a  Bcc: x@y"))
    expect((mail.header(("ß"):rep(200)):find("\r\n[^ ]"))).is_nil()
    for line in (mail.header(("aß€🏃"):rep(60)) .. "\r\n"):gmatch("(.-)\r\n ?") do
      expect(#line <= 76).is_true()
    end
  end)

  it("has its date in the person's zone", function()
    expect(mail.date(sw.time.parse("2025-03-20T23:05:09Z"), 60)).equals("Fri, 21 Mar 2025 00:05:09 +0100")
    expect(mail.date(sw.time.parse("2024-02-29T00:00:00Z"), -570)).equals("Wed, 28 Feb 2024 14:30:00 -0930")
  end)

  it("is read by Python's mail library as what it was", function()
    local text = ("Zeile mit ß und 🏃\n.\n"):rep(50)
    local path = flow.write(dir .. "/m.eml", mail.compose { from = "me@b.example", to = { "x@c.example", "y@c.example" },
      subject = ("Füße hoch, € 🏃 "):rep(12), text = text, key = "k1", at = 0, offset = 0, priority = "high" })
    flow.write(dir .. "/m.txt", text)
    local r = flow.sh(([[/usr/bin/python3 -c '
import email, email.policy, sys
m = email.message_from_bytes(open(sys.argv[1], "rb").read(), policy=email.policy.default)
print(m["subject"], m["message-id"], m["to"], m["importance"], m["date"], not m.defects and all(not v.defects for v in m.values()), m.get_content() == open(sys.argv[2]).read())
' %s %s/m.txt]]):format(path, dir))
    expect(r.err).equals("")
    expect(r.out).equals(("Füße hoch, € 🏃 "):rep(12) .. " <k1@b.example> x@c.example, y@c.example high Thu, 01 Jan 1970 00:00:00 +0000 True True\n")
  end)
end)

describe("a mail server", function()
  local plain = server()

  it("takes a message as it was, dots and all", function()
    expect(to(plain, "ok", { to = { "ok@c.example", "too@c.example" } })).is_true()
    local got = plain.got(1)
    expect(got.data).equals(MESSAGE)
    expect(got.from).equals("me@b.example")
    expect(table.concat(got.to, " ")).equals("ok@c.example too@c.example")
  end)

  it("that refuses is told apart from one that is gone and one that nobody knows about", function()
    for _, row in ipairs { { "gone", "rejected", "550 5.1.1 nobody" }, { "later", "later", "451 4.7.1 try" }, { "cut", "network" },
      { "spam", "rejected", "554 5.7.1 no" }, { "full", "later", "452 4.2.2 no room" }, { "silent", "unknown" } } do
      local ok, why, code = to(plain, row[1])
      expect(ok).is_nil()
      expect(row[1] .. " " .. code).equals(row[1] .. " " .. row[2])
      expect(why).contains("smtp://127.0.0.1:" .. plain.port .. ": ")
      expect(why).contains(row[3] or "")
    end
    expect(plain.got(2).to[1]).equals("silent@c.example") -- unknown to us, taken by it
    expect(select(3, to({ port = 1 }, "ok"))).equals("network")
  end)

  it("that takes its time holds up nobody else", function()
    local done, most, last = false, 0, sw.time.mono()
    sw.spawn(function()
      done = to(plain, "slow")
    end)
    while not done and most < 5000 do
      sw.sys.sleep(10)
      most, last = math.max(most, sw.time.mono() - last), sw.time.mono()
    end
    expect(done).is_true()
    expect(most < 400).is_true()
  end)

  it("is not given what is no address or no message, and not talked to", function()
    local rows = { { { to = { "a@b\r\nRCPT TO:<x@y>" } }, "may not" }, { { to = { "<a@b>" } }, "may not" }, { { from = "nobody" }, "name@host" },
      { { to = {} }, "receivers" }, { { message = "" }, "empty" }, { { message = "a\r\n.\nb\r\n" }, "CR LF" }, { { message = "a\r.\r\n" }, "CR LF" },
      { { message = "a\0\r\n" }, "NUL" }, { { message = ("x"):rep(999) .. "\r\n" }, "998" },
      { { user = "u", password = "p", starttls = "try" }, "only tried" }, { { password = "p" }, "without a user" } }
    for _, row in ipairs(rows) do
      local ok, why, code = to(plain, "ok", row[1])
      expect(ok).is_nil()
      expect(code).equals("bad_request")
      expect(why).contains(row[2])
    end
    expect(plain.got(4)).is_nil()
  end)

  it("on a private address is for administrators only", function()
    local ok, why, code = to(plain, "ok", { administrator = false })
    expect(ok).is_nil()
    expect(code).equals("refused")
    expect(why).contains("is a loopback address, which only an administrator may allow")
    expect(select(2, to(plain, "ok", { url = "http://127.0.0.1:25" }))).contains("only smtp and smtps URLs")
  end)

  it("without encryption is refused where that is required, before a password is said", function()
    local ok, _, code = to(plain, "ok", { starttls = "require", user = "robin", password = "s3cret" })
    expect(ok).is_nil()
    expect(code).equals("tls")
    expect(plain.got(4)).is_nil()
  end)

  it("ends with the tests of it", function()
    plain.finish()
  end)
end)

for _, case in ipairs { { "starttls", "smtp" }, { "smtps", "smtps" } } do
  describe("a mail server with " .. case[1], function()
    local certificate, key = daemon.certificate(dir)
    local d = server(("%s %s %s auth"):format(case[1], certificate, key))
    local login = { url = ("%s://127.0.0.1:%d"):format(case[2], d.port), starttls = "require", user = "robin", password = "s3cret", ca_file = certificate }

    local function with(more)
      local q = {}
      for k, v in pairs(login) do
        q[k] = v
      end
      for k, v in pairs(more) do
        q[k] = v
      end
      return q
    end

    it("takes a message from who logs in", function()
      expect(to(d, "ok", login)).is_true()
      expect(d.got(1).tls).is_true()
      expect(d.got(1).user).equals("robin")
    end)

    it("that is not trusted gets nothing, not even the password", function()
      local ok, why, code = to(d, "ok", { url = login.url, starttls = "require", user = "robin", password = "s3cret" })
      expect(ok).is_nil()
      expect(code).equals("tls")
      expect(why).contains("certificate is not trusted")
    end)

    it("that refuses the password refuses for good", function()
      local ok, why, code = to(d, "ok", with { password = "wrong" })
      expect(ok).is_nil()
      expect(code).equals("rejected")
      expect(why).contains("535")
      expect(why:find("wrong", 1, true)).is_nil()
    end)

    it("ends with the tests of it", function()
      d.finish()
    end)
  end)
end

sw.fs.remove_tree(dir)
