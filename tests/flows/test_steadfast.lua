-- SPDX-License-Identifier: MIT
-- What goes wrong around an engine that runs for years: scripts that cannot be started, clocks that leap, zones
-- and settings that are changed beside it. Nothing is forgotten.
local flow = require("flow")
local live = require("live")

local function rule(h, name, on)
  flow.write(("%s/rules/automations/%s.lua"):format(h.dir, name), ([[local sw = require "syncwell"
return sw.rule { title = "t", on = %s, uses = { "notify" },
  run = function(w, ctx) ctx.notify("%s " .. (w.id or "")) end }
]]):format(on, name))
end

local function told(h)
  return flow.read(h.dir .. "/notifications.log") or ""
end

local function count(text, word)
  return select(2, text:gsub(word, word))
end

-- The program in a folder of its own, whose box can be taken away.
local function program()
  local dir = flow.temp()
  assert(flow.sh(("cp %s %s-box %s"):format(flow.binary, flow.binary, dir)).code == 0)
  return dir, ("SYNCWELL_SHARE=%s/share %s/syncwell"):format(flow.quote(flow.binary:match("^(.*)/")), dir)
end

describe("a box that cannot be started for a while", function()
  it("costs no event, and no rule is blamed or paused", function()
    local h, EVENTS = flow.home("UTC"), 12
    rule(h, "a", 'sw.event "note.created"')
    rule(h, "b", 'sw.event "note.created"')
    local dir, binary = program()
    local engine = live.spawn(("%s --home %s run"):format(binary, h.dir))
    engine.await("running; home")
    h.ok("log", "note", "before")
    live.wait(15, function() return count(told(h), "\n") == 2 end)
    flow.write(dir .. "/none", "#!/bin/sh\nexit 1\n")
    flow.sh(("cd %s && mv syncwell-box away && chmod +x none && mv none syncwell-box && pkill -P %d"):format(dir, engine.pid))
    for i = 1, EVENTS do
      h.ok("log", "note", "meanwhile " .. i)
    end
    engine.await("scripts cannot run now")
    sw.sys.sleep(2000)
    expect(count(told(h), "\n")).equals(2)
    flow.sh(("mv %s/away %s/syncwell-box"):format(dir, dir))
    live.wait(60, function() return count(told(h), "\n") == 2 * (EVENTS + 1) end)
    local s = h.json("status")
    expect({ count(told(h), "\n"), #s.paused_rules, #s.rule_errors }).equals { 2 * (EVENTS + 1), 0, 0 }
    engine.stop()
    h.remove()
  end)
end)
