-- SPDX-License-Identifier: MIT
-- A machine that wakes up with a wrong clock: nothing is planned by it.
local flow = require("flow")
local live = require("live")

-- The program in a folder of its own, written at a time that `touch` understands.
local function program(written)
  local dir = flow.temp()
  assert(flow.sh(("cp %s %s-box %s && touch -d '%s' %s/syncwell"):format(flow.binary, flow.binary, dir, written, dir)).code == 0)
  return dir, ("SYNCWELL_SHARE=%s/share %s/syncwell"):format(flow.quote(flow.binary:match("^(.*)/")), dir)
end

describe("an engine that starts before its program was installed", function()
  it("says that the clock is wrong, plans nothing, and goes on by itself when the clock is right", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/rules/automations/daily.lua", [[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.cron "0 7 * * *", run = function() end }]])
    local dir, binary = program("3 days")
    local engine = live.spawn(("%s --home %s run"):format(binary, h.dir))
    expect(engine.await("the clock says (%S+), but")).equals(os.date("!%Y-%m-%d"))
    expect(h.json("status").jobs_waiting).equals(0)
    assert(flow.sh(("touch -d '1 day ago' %s/syncwell"):format(dir)).code == 0)
    expect(engine.await("the clock is right now: (%d+-%d+-%d+)")).equals(os.date("!%Y-%m-%d"))
    engine.await("running; home")
    expect(h.json("status").jobs_waiting).equals(1)
    engine.kill("TERM")
    expect(engine.wait(10).code).equals(0)
    h.remove()
  end)

  it("ends at once when it is told to while it waits", function()
    local h = flow.home("UTC")
    local _, binary = program("3 days")
    local engine = live.spawn(("%s --home %s run"):format(binary, h.dir))
    engine.await("the clock says")
    engine.kill("TERM")
    expect(engine.wait(10).code).equals(0)
    h.remove()
  end)
end)
