-- A rule's notification by mail: to a real SMTP server on loopback that takes, refuses, delays and hangs up.
local flow = require("flow")
local daemon = require("daemon")

local NOW, LATER = "2025-03-20T20:00:00Z", "2025-03-20T21:30:00Z"

local folder = flow.temp()
local server = daemon.start(("/usr/bin/python3 %s/tests/support/smtp_server.py $PORT %s"):format(flow.root, folder))

local function configure(h, to, port)
  flow.write(h.dir .. "/config.lua", ([[return { channels = { default = "email", email = { url = "smtp://127.0.0.1:%d",
    from = "engine@b.example", to = "%s@c.example", starttls = "never" } } }]]):format(port or server.port, to))
end

local function prepared(to, port)
  local h = flow.home("Europe/Berlin")
  configure(h, to, port)
  flow.write(h.dir .. "/rules/automations/tell.lua", [[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.at "21:00", uses = { "notify" },
  run = function(w, ctx) ctx.notify { title = "Füße hoch", text = "rest\n.\nnow" } end }
]])
  h.ok("--now", "2025-03-20T19:00:00Z", "run", "--once")
  return h
end

local function state(h)
  return h.json("rules", "trace")[1].actions[1].state
end

local function mails()
  local list = {}
  while true do
    local text = flow.read(("%s/%d.json"):format(folder, #list + 1))
    if not text then
      return list
    end
    list[#list + 1] = sw.json.decode(text)
  end
end

describe("notifications by mail", function()
  it("arrive once, with a subject in UTF-8 and an id of their own", function()
    local h, before = prepared("ok"), #mails()
    h.run("--now", NOW, "run", "--once")
    h.run("--now", LATER, "run", "--once")
    local list = mails()
    expect(#list).equals(before + 1)
    expect(list[#list].data).contains("Subject: =?utf-8?B?RsO8w59lIGhvY2g=?=")
    expect(list[#list].data).contains("To: ok@c.example\r\n")
    expect(list[#list].data).contains("Date: Thu, 20 Mar 2025 21:00:00 +0100")
    expect(list[#list].data:match("Message%-ID: <(%x+)@b.example>") ~= nil).is_true()
    expect(state(h)).equals("done")
    h.remove()
  end)

  it("that the server refuses for good are failed with its words, not tried for ever", function()
    local h = prepared("gone")
    h.run("--now", NOW, "run", "--once")
    expect(state(h)).contains("failed: smtp://127.0.0.1")
    expect(state(h)).contains("550 5.1.1 nobody of that name")
    h.remove()
  end)

  it("that it refuses for now, or that find nobody, go out later, once", function()
    for _, first in ipairs { { "later" }, { "full" }, { "cut" }, { "ok", 1 } } do
      local h, before = prepared(first[1], first[2]), #mails()
      h.run("--now", NOW, "run", "--once")
      expect(state(h)).equals("planned")
      configure(h, "ok")
      h.run("--now", LATER, "run", "--once")
      expect(state(h)).equals("done")
      expect(#mails()).equals(before + 1)
      h.remove()
    end
  end)

  it("whose answer was lost are shown as unknown, not sent twice", function()
    local h, before = prepared("silent"), #mails()
    h.run("--now", NOW, "run", "--once")
    expect(state(h)).contains("outcome unknown")
    h.run("--now", LATER, "run", "--once")
    expect(#mails()).equals(before + 1)
    h.remove()
  end)

  it("without an address say what to write where", function()
    local h = prepared("ok")
    flow.write(h.dir .. "/config.lua", 'return { channels = { default = "email" } }')
    h.run("--now", NOW, "run", "--once")
    expect(state(h)).contains("email has no address")
    h.remove()
  end)

  it("leave nothing behind", function()
    server.stop()
    sw.fs.remove_tree(folder)
  end)
end)
