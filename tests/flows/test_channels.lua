-- Notifications over HTTP: an ntfy stand-in and a webhook receiver on loopback, up, down and dying.
local flow = require("flow")

local NOW = "2025-03-20T20:00:00Z"

local seen, mode = {}, "ok"

-- The stand-in: remembers what came; by mode it answers, refuses, asks for patience or says nothing.
local port = assert(sw.serve.listen("127.0.0.1:0", function(request, answer)
  seen[#seen + 1] = request
  if mode == "silent" then
    sw.sys.sleep(1500)
  end
  answer(({ ok = 200, busy = 503, never = 400, silent = 200 })[mode], {}, "{}")
end))

local function prepared(channel, more)
  local h = flow.home("UTC")
  flow.write(h.dir .. "/config.lua", ('return { channels = { default = "%s", ntfy = { url = "http://127.0.0.1:%d/topic" }, '
    .. 'webhook = { url = "http://127.0.0.1:%d/hook" } } }'):format(channel, more and more.port or port, more and more.port or port))
  flow.write(h.dir .. "/rules/automations/tell.lua", ([[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.at "20:00", uses = { "notify" },
  run = function(w, ctx) ctx.notify { title = "Füße hoch", text = "rest\nnow", priority = "high"%s } end }
]]):format(more and more.unknown and ', on_unknown = "' .. more.unknown .. '"' or ""))
  flow.beside(h.command("--now", "2025-03-20T19:00:00Z", "run", "--once"))
  seen = {}
  return h
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

  it("that a server will never take are failed with the reason, not tried for ever", function()
    mode = "never"
    local h = prepared("ntfy")
    step(h)
    expect(state(h)).contains("failed: the server answered 400")
    expect(#seen).equals(1)
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
      expect(#seen).equals(1)
      mode = "ok"
      step(h)
      expect(state(h)).contains(case[2])
      expect(#seen).equals(case[3])
      h.remove()
    end
  end)

  it("to a channel that is not there fail with the names of those that are", function()
    local h = prepared("carrier_pigeon")
    step(h)
    expect(state(h)).contains("there is no channel 'carrier_pigeon'")
    h.remove()
  end)
end)
