-- SPDX-License-Identifier: MIT
-- What a sync brought can be taken back by its number: records, totals, samples and streams, and nothing else.
local flow = require("flow")
local live = require("live")
local replay = require("replay_server")

local HOUR, DAY = 3600000, 86400000
local KEY = "key-of-an-undo"

local function days_ago(n)
  return (os.time() // 86400 - n) * DAY + 9 * HOUR
end

local function activity(id, start_ms, metres)
  return { id = id, name = "Ride " .. id, type = "Ride", start_date = live.iso(start_ms),
    start_date_local = live.iso(start_ms):gsub("Z$", ""), elapsed_time = 3600, moving_time = 3600, distance = metres or 20000 }
end

local function wellness(steps, pulse)
  return { { id = live.day(days_ago(1)), steps = steps, restingHR = pulse } }
end

local function connected()
  local server, streams = replay.start(), {}
  for _, id in ipairs { "i1", "i2" } do
    streams[id] = { time = { 0, 60, 120 }, heartrate = { 101, 120, 130 } }
  end
  server.control { set = { intervals = { key = KEY, activities = { activity("i1", days_ago(2)) }, wellness = wellness(9000, 52),
    streams = streams } } }
  local h = flow.home("UTC")
  local r = flow.sh(("printf '%%s\\n' %s | %s"):format(KEY, h.command("connect", "intervals-icu", "--base-url", server.url)))
  assert(r.code == 0, r.err .. r.out)
  h.ok("run", "--once")
  return h, server
end

local function data(h)
  local lines = {}
  for line in h.dump():gmatch("[^\n]+") do
    local other = line:find('"table":"origin"', 1, true) or line:find('"table":"connection"', 1, true)
    lines[#lines + 1] = not other and line:gsub('"revision":%d+', '"revision":0') or nil
  end
  return table.concat(lines, "\n")
end

describe("undo of a sync", function()
  it("takes back what that sync brought and changed, streams with it, and leaves the rest", function()
    local h, server = connected()
    h.ok("log", "weight", "81kg")
    local before = data(h)
    server.control { set = { intervals = { activities = { activity("i1", days_ago(2), 30000), activity("i2", days_ago(1)) },
      wellness = wellness(9500, 55) } } }
    h.ok("sync")
    h.ok("run", "--once")
    h.ok("connections", "pause", "intervals-icu")
    expect(#h.json("records", "workout")).equals(2)
    expect(#h.json("query", "heart_rate", "--every", "raw", "--from", live.day(days_ago(3)))).equals(6)
    local list = h.json("undo", "--syncs")
    expect(#list).equals(2)
    expect(list[1].what).equals("sync")
    expect(list[1].text).equals("intervals-icu")
    local r = h.json("undo", tostring(list[1].run))
    expect(r.kept).equals(0)
    expect(r.records).equals(2)
    expect(flow.difference(before, data(h))).equals("")
    expect(h.run("check").code).equals(0)
    expect(h.run("undo", tostring(list[1].run)).code).equals(2)
    expect(h.json("undo", "--syncs")[1].undone).is_true()
    server.stop()
    h.remove()
  end)

  it("is never what --last means, and a sync that brought nothing is not listed", function()
    local h, server = connected()
    h.ok("log", "weight", "81kg")
    for _ = 1, 3 do
      h.ok("sync")
    end
    expect(#h.json("undo", "--syncs")).equals(1)
    expect(h.json("undo", "--last").what).equals("log")
    expect(h.run("undo", "--last").code).equals(2)
    expect(#h.json("records", "workout")).equals(1)
    server.stop()
    h.remove()
  end)
end)
