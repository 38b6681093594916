-- Notifications over HTTP: an ntfy stand-in and a webhook receiver on loopback, up, down and dying.
local flow = require("flow")

local NOW = "2025-03-20T20:00:00Z"

local live = require("live")

local seen, mode, after, others = {}, "ok", nil, nil

-- Answers of servers that did not take the message: status, headers, body.
local lies = {
  moved = { 302, { Location = "/elsewhere" }, "" }, away = { 307, { Location = "http://localhost:9/x" }, "" },
  round = { 308, { Location = "/topic" }, "" }, page = { 200, {}, "<!DOCTYPE html><p>Sign in" },
  wrong = { 200, {}, '{"code":50701,"http":507,"error":"limit reached"}' },
}

-- The stand-in: remembers what came; by mode it answers, refuses, asks for patience or says nothing.
local port = assert(sw.serve.listen("127.0.0.1:0", function(request, answer)
  seen[#seen + 1] = request
  if mode == "silent" then
    sw.sys.sleep(1500)
  end
  if lies[mode] and request.path == "/topic" then
    return answer(table.unpack(lies[mode]))
  end
  local status = request.path == "/hook" and others == "well" and 200
  answer(status or ({ ok = 200, busy = 503, never = 400, silent = 200 })[mode] or 200, { ["Retry-After"] = after }, "{}")
end))

local function prepared(channel, more)
  local h = flow.home("UTC")
  flow.write(h.dir .. "/config.lua", ('return { channels = { default = "%s", ntfy = { url = "http://127.0.0.1:%d/topic" }, '
    .. 'webhook = { url = "http://127.0.0.1:%d/hook" } } }'):format(channel, more and more.port or port, more and more.port or port))
  flow.write(h.dir .. "/rules/automations/tell.lua", ([[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.at "20:00", uses = { "notify" },
  run = function(w, ctx) ctx.notify { title = "Füße hoch", text = "rest\nnow", priority = "high"%s } end }
]]):format(more and more.unknown and ', on_unknown = "' .. more.unknown .. '"' or ""))
  flow.beside(h.command("--now", more and more.at or "2025-03-20T19:00:00Z", "run", "--once"))
  seen = {}
  return h
end

-- What is told of a channel that fails goes by another one and is no matter here.
local function requests()
  local n = 0
  for _, r in ipairs(seen) do
    n = n + (r.path == "/topic" and 1 or 0)
  end
  return n
end

local function state(h)
  return sw.json.decode(flow.beside(h.command("--json", "rules", "trace")).out)[1].actions[1].state
end

local function step(h, at)
  return flow.beside(h.command("--now", at or NOW, "run", "--once"))
end

describe("notifications over HTTP", function()
  it("reach ntfy with title, priority and text, once", function()
    mode = "ok"
    local h = prepared("ntfy")
    step(h)
    step(h)
    expect(#seen).equals(1)
    expect(seen[1].path).equals("/topic")
    expect(seen[1].body).equals("rest\nnow")
    expect(seen[1].headers.priority).equals("4")
    expect(seen[1].headers.title).contains("=?utf-8?Q?")
    expect(state(h)).equals("done")
    h.remove()
  end)

  it("carry their key to a webhook and are tried again with the same one while it is down", function()
    mode = "busy"
    local h = prepared("webhook")
    step(h)
    expect(state(h)).equals("planned")
    mode = "ok"
    step(h, "2025-03-20T20:10:00Z")
    expect(state(h)).equals("done")
    expect(#seen).equals(2)
    expect(seen[1].headers["idempotency-key"]).equals(seen[2].headers["idempotency-key"])
    expect(sw.json.decode(seen[2].body).text).equals("rest\nnow")
    h.remove()
  end)

  it("wait while nobody listens, since nothing has left, and go out once later", function()
    mode = "ok"
    local h = prepared("ntfy", { port = 9 }) -- the discard port: nobody is there
    step(h)
    expect(state(h)).equals("planned")
    flow.write(h.dir .. "/config.lua", ('return { channels = { default = "ntfy", ntfy = { url = "http://127.0.0.1:%d/topic" } } }'):format(port))
    step(h, "2025-03-20T20:10:00Z")
    expect(state(h)).equals("done")
    expect(#seen).equals(1)
    h.remove()
  end)

  it("are not taken for sent where a redirect, a page or an error stood in for the server, and go out later", function()
    for lie in pairs(lies) do
      mode = lie
      local h = prepared("ntfy")
      step(h)
      expect({ lie, state(h):match("^%a+") }).equals { lie, "planned" }
      mode, seen = "ok", {}
      step(h, "2025-03-20T20:10:00Z")
      expect({ lie, state(h), #seen, seen[1].method, seen[1].body }).equals { lie, "done", 1, "POST", "rest\nnow" }
      h.remove()
    end
  end)

  it("that did not arrive are sent once more when their person says so", function()
    others = "well"
    local h = prepared("ntfy")
    for _, case in ipairs { { "never", NOW, "failed: " }, { "silent", "2025-03-21T20:00:00Z", "outcome unknown" } } do
      mode = case[1]
      if mode == "silent" then
        os.execute(("%s >/dev/null 2>&1 & echo $! >%s/pid"):format(h.command("--now", case[2], "run", "--once"), h.dir))
        live.wait(20, function() return requests() > 0 end)
        os.execute(("kill -9 $(cat %s/pid)"):format(h.dir))
        mode = "ok"
      end
      step(h, case[2])
      expect(state(h)).contains(case[3])
      local id
      for _, m in ipairs(sw.json.decode(flow.beside(h.command("--json", "notifications")).out)) do
        id = id or m.rule == "tell" and m.id
      end
      mode, seen = "ok", {}
      expect(flow.beside(h.command("notifications")).out).contains(id .. "\nsend once more with")
      local function again(at, which)
        return flow.beside(h.command("--now", at, "notifications", "again", which)).code
      end
      local at = case[2]
      if case[1] == "never" then
        expect(again(at, id)).equals(0)
      else -- without an ID: all of the last seven days
        at = "2025-03-21T20:30:00Z"
        expect({ again("2025-03-30T20:00:00Z"), again(at) }).equals { 2, 0 }
      end
      step(h, at)
      expect({ state(h), requests(), seen[1].body }).equals { "done", 1, "rest\nnow" }
      expect(again(at)).equals(2)
      seen = {}
    end
    others = nil
    h.remove()
  end)

  it("that a server will never take are failed with the reason, not tried for ever", function()
    mode = "never"
    local h = prepared("ntfy")
    step(h)
    expect(state(h)).contains("failed: the server answered 400")
    expect(requests()).equals(1)
    h.remove()
  end)

  it("killed between sending and recording are shown as unknown, or sent again if the rule says so", function()
    for _, case in ipairs { { nil, "outcome unknown", 1 }, { "resend", "done", 2 } } do
      mode = "silent"
      local h = prepared("ntfy", { port = port, unknown = case[1] })
      os.execute(("%s >/dev/null 2>&1 & echo $! >%s/pid"):format(h.command("--now", NOW, "run", "--once"), h.dir))
      for _ = 1, 4000 do
        if #seen > 0 then break end
        sw.sys.sleep(5)
      end
      os.execute(("kill -9 $(cat %s/pid)"):format(h.dir))
      expect(requests()).equals(1)
      mode = "ok"
      step(h)
      expect(state(h)).contains(case[2])
      expect(requests()).equals(case[3])
      h.remove()
    end
  end)

  it("to a channel that is not there fail with the names of those that are", function()
    local h = prepared("carrier_pigeon")
    step(h)
    expect(state(h)).contains("there is no channel 'carrier_pigeon'")
    h.remove()
  end)

  it("wait as long as the server asks for, a day at most, and are not hammered at for nonsense", function()
    for asked, due in pairs { ["600"] = { "2025-03-20T20:09:00Z", "2025-03-20T20:11:00Z" },
      ["-30"] = { NOW, "2025-03-20T20:01:00Z" }, ["Thu, 01 Jan 1970 00:00:00 GMT"] = { NOW, "2025-03-20T20:01:00Z" },
      ["31536000"] = { "2025-03-21T19:00:00Z", "2025-03-21T21:00:00Z", 3 } } do -- with that of the next evening
      mode, after = "busy", asked
      local h = prepared("ntfy")
      step(h)
      expect({ asked, requests() }).equals { asked, 1 }
      mode = "ok"
      step(h, due[1])
      expect({ asked, requests() }).equals { asked, 1 }
      step(h, due[2])
      expect({ asked, requests(), state(h) }).equals { asked, due[3] or 2, "done" }
      h.remove()
    end
    after = nil
  end)

  it("go out when the clock went back, also those that were only waiting for the first", function()
    mode = "busy"
    local day = live.day(sw.time.now() + 30 * live.DAY)
    local h = prepared("ntfy", { at = day .. "T18:00:00Z" })
    for k = 1, 2 do
      flow.write(("%s/rules/automations/more%d.lua"):format(h.dir, k), (flow.read(h.dir .. "/rules/automations/tell.lua")))
    end
    step(h, day .. "T19:00:00Z")
    step(h, day .. "T20:00:00Z")
    seen, mode = {}, "ok"
    local engine = live.spawn(h.command("run"))
    engine.await("the clock went back by")
    expect(live.wait(10, function() return requests() == 3 end)).is_true()
    engine.stop()
    h.remove()
  end)

  it("are told of an hour after a channel began to fail, by whatever clock that was noticed first", function()
    mode = "busy"
    local h = prepared("ntfy", { at = "2025-03-25T19:00:00Z" })
    for _, now in ipairs { "2025-03-25T20:00:00Z", "2025-03-20T19:00:00Z", NOW, "2025-03-20T21:30:00Z" } do
      step(h, now)
    end
    local said = flow.beside(h.command("--now", "2025-03-20T21:30:00Z", "status")).out
    expect(said).contains("messages     ntfy does not take them since 2025-03-20T20:00")
    h.remove()
  end)

  it("tell by another channel of a file that cannot be written, also where no default is set", function()
    mode = "ok"
    local h = prepared("ntfy")
    flow.write(h.dir .. "/config.lua", ('return { channels = { file = { path = "%s/none/x.log" }, '
      .. 'ntfy = { url = "http://127.0.0.1:%d/topic" } } }'):format(h.dir, port))
    step(h)
    step(h, "2025-03-20T22:00:00Z")
    expect(#seen).equals(1)
    expect(seen[1].body).contains("file: cannot write")
    h.remove()
  end)

  it("wait together for a server that is down: one of them asks for all, and none is given up in days", function()
    mode, others = "busy", "well"
    local h = prepared("ntfy")
    for k = 1, 9 do
      flow.write(("%s/rules/automations/more%d.lua"):format(h.dir, k), (flow.read(h.dir .. "/rules/automations/tell.lua")))
    end
    flow.beside(h.command("--now", "2025-03-20T19:00:00Z", "run", "--once"))
    seen = {}
    step(h, "2025-03-24T20:00:00Z")
    local asked = requests()
    expect(asked > 10 and asked < 150).is_true()
    mode = "ok"
    step(h, "2025-03-24T22:00:00Z")
    expect(requests()).equals(asked + 10 * 5) -- five evenings of ten rules
    h.remove()
  end)
end)

describe("a channel that does not answer", function()
  it("holds up no other, and its user is told by another one, by status and by the log", function()
    local h = prepared("webhook")
    others = "well"
    flow.write(h.dir .. "/rules/automations/tell.lua", [[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.event "note.created", uses = { "notify" }, run = function(w, ctx)
  ctx.notify { text = "by phone", channel = "ntfy" }
  ctx.notify { text = "beside", channel = "file" }
end }]])
    mode = "never"
    local engine = live.spawn(h.command("run"))
    engine.await("running; home")
    flow.beside(h.command("log", "note", "one"))
    engine.await("ntfy: a message did not arrive")
    mode = "silent" -- each takes a second and a half
    seen = {}
    for i = 1, 8 do
      flow.beside(h.command("log", "note", "more " .. i))
    end
    local began = sw.time.mono()
    expect(live.wait(20, function()
      return select(2, (flow.read(h.dir .. "/notifications.log") or ""):gsub("beside", "")) == 9
    end)).is_true()
    expect(sw.time.mono() - began < 4000).is_true()
    expect(requests() < 8).is_true()
    live.wait(30, function() return requests() == 8 end)
    mode = "never"
    flow.beside(h.command("log", "note", "last"))
    live.wait(10, function() return requests() == 9 end)
    sw.sys.sleep(500)
    local s = flow.beside(h.command("status"))
    expect({ s.code, s.out:match("messages +(%S+) does not take them") }).equals { 4, "ntfy" }
    expect(s.out).contains("the server answered 400")
    mode = "ok"
    flow.beside(h.command("log", "note", "well"))
    live.wait(10, function() return flow.beside(h.command("status", "--check")).code == 0 end)
    expect(flow.beside(h.command("status", "--check")).code).equals(0)
    engine.stop()
    local notice
    for _, m in ipairs(sw.json.decode(flow.beside(h.command("--json", "notifications")).out)) do
      notice = m.title == "Messages do not arrive" and m or notice
    end
    expect(notice.channel).equals("webhook")
    h.remove()
  end)
end)

describe("hundreds of messages that wait for a slow channel", function()
  it("are not written again and again, and what comes after them by another channel waits for none", function()
    local h = prepared("ntfy")
    flow.write(h.dir .. "/rules/automations/tell.lua", [[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.event "note.created", uses = { "notify" }, run = function(w, ctx)
  for i = 1, w.text == "last" and 0 or 199 do
    ctx.notify { text = w.text .. i }
  end
  ctx.notify { text = "beside", channel = "file" }
end }]])
    for i = 1, 4 do
      flow.beside(h.command("log", "note", "number " .. i))
    end
    mode = "silent"
    local engine = live.spawn(h.command("run"))
    local function written()
      return tonumber(flow.read(("/proc/%d/io"):format(engine.pid)):match("wchar: (%d+)"))
    end
    local function beside()
      return select(2, (flow.read(h.dir .. "/notifications.log") or ""):gsub("beside", ""))
    end
    expect(live.wait(30, function() return beside() == 4 end)).is_true()
    sw.sys.sleep(2000)
    local before = written()
    sw.sys.sleep(4000)
    local megabytes = (written() - before) / 1e6
    expect(megabytes < 7 or megabytes).equals(true)
    flow.beside(h.command("log", "note", "last"))
    expect(live.wait(5, function() return beside() == 5 end)).is_true()
    flow.write(h.dir .. "/rules/automations/more.lua", [[local sw = require "syncwell"
return sw.rule { title = "m", on = sw.at "08:00", uses = { "notify" }, run = function() end }]])
    expect(live.wait(12, function() return engine.err():find("reloading") end) ~= nil).is_true() -- while they wait
    engine.kill("KILL")
    engine.wait()
    h.remove()
  end)
end)

describe("a channel that another process found ill", function()
  it("is well again when the engine, which knew nothing of it, sent a message", function()
    local h = prepared("webhook")
    flow.write(h.dir .. "/rules/automations/tell.lua", [[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.event "note.created", uses = { "notify" }, run = function(w, ctx)
  ctx.notify { text = "by phone", channel = "ntfy" }
end }]])
    mode, others = "ok", "well"
    local engine = live.spawn(h.command("run"))
    engine.await("running; home")
    flow.beside(h.command("log", "note", "known to be well"))
    live.wait(10, function() return requests() == 1 end)
    live.wait(10, function() return flow.beside(h.command("jobs")).out:find("nothing waits", 1, true) end)
    sw.sys.sleep(300) -- it must not be stopped while it writes
    engine.kill("STOP")
    mode = "never"
    flow.beside(h.command("log", "note", "by the other one"))
    flow.beside(h.command("run", "--once"))
    expect(flow.beside(h.command("status")).out).contains("ntfy does not take them")
    mode = "ok"
    engine.kill("CONT")
    flow.beside(h.command("log", "note", "by the engine"))
    live.wait(10, function() return requests() == 3 end)
    live.wait(5, function() return flow.beside(h.command("status", "--check")).code == 0 end)
    expect(flow.beside(h.command("status")).out:match("messages [^\n]*")).is_nil()
    engine.stop()
    h.remove()
  end)
end)

describe("messages that wait for their turn", function()
  it("are not sent any more once their person is erased, and nobody speaks of trying them again", function()
    local h = prepared("webhook")
    flow.write(h.dir .. "/rules/automations/tell.lua", [[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.event "note.created", uses = { "notify" }, run = function(w, ctx)
  ctx.notify { text = w.text }
end }]])
    for i = 1, 5 do
      flow.beside(h.command("--user", "anna", "log", "note", "of anna " .. i))
    end
    mode, others = "silent", nil
    local engine = live.spawn(h.command("run"))
    live.wait(15, function() return #seen == 2 end)
    expect(flow.beside(h.command("users", "erase", "anna", "--yes")).code).equals(0)
    local sent = #seen
    sw.sys.sleep(4000)
    expect({ sent < 5, #seen }).equals { true, sent }
    expect(engine.err():match("[^\n]*tried again")).is_nil()
    mode = "ok"
    flow.beside(h.command("log", "note", "of another"))
    expect(live.wait(10, function() return #seen == sent + 1 end)).is_true()
    engine.stop()
    h.remove()
  end)
end)

describe("entries for a calendar server that takes none", function()
  it("wait together, their person hears of it after an hour, and all arrive once it takes them", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/rules/automations/rest.lua", [[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.at "20:00", uses = { "calendar:write" }, run = function(w, ctx)
  for i = 1, 3 do ctx.calendar.add { title = "rest " .. i, at = ctx.now + (i .. "d") } end end }]])
    local function puts()
      local n = 0
      for _, r in ipairs(seen) do
        n = n + (r.path:find("^/cal/") and 1 or 0)
      end
      return n
    end
    flow.beside(("printf 'me\\npw\\n' | %s"):format(h.command("connect", "caldav", "--base-url",
      ("http://127.0.0.1:%d/cal"):format(port))))
    step(h, "2025-03-20T19:00:00Z")
    mode, seen = "busy", {}
    step(h)
    expect(puts()).equals(1)
    for _, at in ipairs { "20:30", "21:30", "22:30" } do
      step(h, "2025-03-20T" .. at .. ":00Z")
    end
    local told = flow.read(h.dir .. "/notifications.log") or ""
    expect(select(2, told:gsub("A calendar takes no entries: calendar caldav: CalDAV calendar answered 503%.", ""))).equals(1)
    local now = "2025-03-20T22:30:00Z"
    local s = flow.beside(h.command("--now", now, "status"))
    expect({ s.code, s.out:match("calendar caldav does not take them") }).equals { 4, "calendar caldav does not take them" }
    mode, seen = "ok", {}
    step(h, "2025-03-20T23:45:00Z")
    expect(puts()).equals(3)
    expect(flow.beside(h.command("--now", "2025-03-20T23:45:00Z", "status")).code).equals(0)
    h.remove()
  end)
end)
