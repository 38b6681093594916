-- SPDX-License-Identifier: MIT
-- Streams as trusted Lua sees them: our own HTTP server spoken to by hand, and a TLS server of openssl's.
local flow = require("flow")
local daemon = require("daemon")

local port = assert(sw.serve.listen("127.0.0.1:0", function(request, answer)
  answer(200, {}, request.path .. " " .. request.body)
end))

local function here(more)
  local options = { url = "tcp://127.0.0.1:" .. port, administrator = true, timeout_s = 5 }
  for k, v in pairs(more or {}) do
    options[k] = v
  end
  return sw.stream.open(options)
end

describe("a stream", function()
  it("carries bytes both ways, in the order of the text", function()
    local s <close> = assert(here())
    expect(s:send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n")).is_true()
    expect(s:send("a\0b")).is_true()
    local text = ""
    repeat
      text = text .. assert(s:recv(1, 5))
    until text:find("\r\n\r\n/a a\0b", 1, true)
    expect(text).contains("HTTP/1.1 200")
  end)

  it("says in time that nothing came, and stays usable", function()
    local s <close> = assert(here())
    local bytes, why, code = s:recv(1, 0.1)
    expect(bytes).is_nil()
    expect(why).contains("in time")
    expect(code).equals("timeout")
    s:send("GET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    expect(s:recv(12, 5)).contains("HTTP/1.1 200")
    local _, _, ended = s:recv(100000, 5)
    expect(ended).equals("network")
  end)

  it("is closed by its scope, and says so when it is used afterwards", function()
    local s = assert(here())
    s:close()
    s:close()
    expect((pcall(s.send, s, "x"))).equals(false)
    expect(select(2, pcall(s.recv, s))).contains("the stream is closed")
  end)

  it("that is closed by another task wakes who waits on it", function()
    local s = assert(here())
    local code
    sw.spawn(function()
      code = select(3, s:recv(1, 30))
    end)
    sw.sys.sleep(20)
    expect(select(2, pcall(s.recv, s))).contains("another task")
    s:close()
    sw.sys.sleep(50)
    expect(code).equals("cancelled")
  end)

  it("goes to public addresses only, unless an administrator wrote the address", function()
    for _, url in ipairs { "tcp://127.0.0.1:" .. port, "tcp://localhost:" .. port, "tls://[::1]:" .. port, "tcp://10.0.0.1:80" } do
      local s, why, code = sw.stream.open { url = url }
      expect(s).is_nil()
      expect(why).contains("only an administrator may allow")
      expect(code).equals("refused")
    end
    expect(select(2, sw.stream.open { url = "http://127.0.0.1/" })).contains("only tcp and tls URLs")
    expect(select(3, sw.stream.open { url = "tcp://127.0.0.1:1", administrator = true })).equals("network")
    expect((pcall(sw.stream.open, { url = "tcp://a.example:1\0" }))).equals(false)
    expect((pcall(sw.stream.open, {}))).equals(false)
  end)
end)

describe("a stream over TLS", function()
  local dir = flow.temp()
  local certificate, key = daemon.certificate(dir)
  local server = daemon.start(("openssl s_server -quiet -rev -accept 127.0.0.1:$PORT -cert %s -key %s"):format(certificate, key))
  local url = "tls://127.0.0.1:" .. server.port

  it("trusts whom the given authorities vouch for", function()
    local s <close> = assert(sw.stream.open { url = url, administrator = true, ca_file = certificate })
    s:send("hello\n")
    expect(s:recv(6, 5)).equals("olleh\n")
    s:send("again\n")
    expect(s:recv(6, 5)).equals("niaga\n")
  end)

  it("trusts nobody else", function()
    local s, why, code = sw.stream.open { url = url, administrator = true }
    expect(s).is_nil()
    expect(code).equals("tls")
    expect(why).contains("certificate is not trusted")
  end)

  it("is not spoken to a server without it", function()
    local s, _, code = here { url = "tls://127.0.0.1:" .. port }
    expect(s).is_nil()
    expect(code == "tls" or code == "network").is_true()
  end)

  it("leaves nothing behind", function()
    server.stop()
    sw.fs.remove_tree(dir)
    sw.serve.close()
  end)
end)
