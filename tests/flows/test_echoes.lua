-- SPDX-License-Identifier: MIT
-- What we write to services comes back through them: it is known by its id, its tag or what it was made from, and
-- is left out, whatever chain it came by and wherever a kill fell.
local flow = require("flow")
local live = require("live")
local replay = require("replay_server")

-- A rule that answers each note with an entry: were an echo taken for a note, it would never end.
local RULE = [[local sw = require "syncwell"
return sw.rule { title = "answer", on = sw.event { "note.created" }, uses = { "calendar:write" },
  run = function(w, ctx) ctx.calendar.add { title = "answer", at = w.start - "1h", if_past = "now" } end }
]]
local MIRROR = flow.read(flow.root .. "/tests/support/providers/mirror.lua")

-- Lanes are connected; only those in `writers` are destinations.
local function home(server, lanes, writers)
  local h = flow.home("UTC")
  flow.write(h.dir .. "/rules/automations/answer.lua", RULE)
  for lane in lanes:gmatch("%a") do
    local text = MIRROR:gsub("LANE", lane)
    if not writers:find(lane, 1, true) then
      text = text:gsub("  writes = {.-\n  },\n", "")
    end
    flow.write(h.dir .. "/providers/mirror-" .. lane .. ".lua", text)
    h.ok("connect", "mirror-" .. lane, "--base-url", server.url)
  end
  return h
end

local function notes(h)
  local list = {}
  for _, r in ipairs(h.json("records", "note")) do
    list[#list + 1] = r.provider
  end
  table.sort(list)
  return table.concat(list, " ")
end

local function settle(h, rounds)
  for _ = 1, rounds or 3 do
    h.ok("run", "--once")
    h.run("sync")
  end
end

local function posted(server, lane)
  local n = 0
  for _, r in ipairs(server.requests("/mirror/" .. lane .. "/items")) do
    n = n + (r.method == "POST" and 1 or 0)
  end
  return n
end

-- The sum of what syncs left out, as they tell it.
local function left_out(h)
  local n = 0
  for _, o in ipairs(h.json("sync")) do
    n = n + (o.echoes or 0)
  end
  return n
end

describe("what we wrote", function()
  it("is left out when it is read again, known by the id it was given", function()
    local server = replay.start()
    server.control { set = { mirror = { strip = true } } }
    local h = home(server, "a", "a")
    h.ok("log", "note", "hello")
    settle(h)
    expect(notes(h)).equals("manual")
    expect(posted(server, "a")).equals(1)
    expect(left_out(h)).equals(1)
    local note = h.json("records", "note")[1]
    local sent = h.json("explain", note.id).sent[1]
    expect(sent.external).equals("a1")
    expect(sent.came.by).equals("its id")
    expect(h.ok("explain", note.id).out).contains("written to mirror-a")
    server.stop()
    h.remove()
  end)

  it("is known by its tag where it comes back through another service", function()
    local server = replay.start()
    server.control { set = { mirror = { forward = { a = "b" } } } }
    local h = home(server, "ab", "a")
    h.ok("log", "note", "hello")
    settle(h)
    expect(notes(h)).equals("manual")
    expect(left_out(h)).equals(2)
    server.stop()
    h.remove()
  end)

  it("is known at the end of a chain A -> B -> C -> A that carries no tag on", function()
    local server = replay.start()
    server.control { set = { mirror = { strip = true, forward = { a = "b", b = "c", c = "a" } } } }
    local h = home(server, "abc", "a")
    h.ok("log", "note", "hello")
    settle(h, 4)
    expect(notes(h)).equals("manual")
    expect(posted(server, "a")).equals(1)
    expect(left_out(h)).equals(4) -- a1, b1, c1 and a2
    server.stop()
    h.remove()
  end)

  it("does not hide what others write", function()
    local server = replay.start()
    local h = home(server, "a", "a")
    local now = (os.time() - 7200) * 1000
    server.control { add = { mirror = { a = { { id = "x1", start = live.iso(now), note = "mine, by hand" },
      { id = "x2", start = live.iso(now - 90000000), note = "syncwell-00000000000000000000 is no tag of ours" },
      { id = "x3", start = live.iso(now - 180000000), note = "x", source = "mirror-a:a99" } } } } }
    h.ok("log", "note", "hello")
    settle(h, 1)
    expect(notes(h)).equals("manual mirror-a mirror-a") -- x3 waits for what it says it was made from
    settle(h, 4)
    expect(notes(h)).equals("manual mirror-a mirror-a mirror-a")
    server.stop()
    h.remove()
  end)

  it("is known after an answer that was lost, with a tag and without one", function()
    for _, strip in ipairs { false, true } do
      local server = replay.start()
      server.control { set = { mirror = { strip = strip } }, keep_alive = false,
        fail = { path = "/mirror/a/items", method = "POST", times = 1, how = "close-after-reading" } }
      local h = home(server, "a", "a")
      h.ok("log", "note", "hello")
      h.ok("run", "--once")
      h.ok("sync") -- it is there, and nobody told us its id
      expect(notes(h)).equals(strip and "manual mirror-a" or "manual")
      expect(live.wait(40, function()
        settle(h, 1)
        return posted(server, "a") > 1 and notes(h) == "manual"
      end)).is_true()
      if not strip then
        expect(posted(server, "a")).equals(2)
      end
      server.stop()
      h.remove()
    end
  end)

  it("is known after kills between the upload and the note of its id", function()
    local server = replay.start()
    server.control { keep_alive = false, fail = { path = "/mirror/a/items", method = "POST", times = 30, how = "slow:0.4" } }
    local h = home(server, "a", "a")
    for i = 1, 4 do
      h.ok("log", "note", "note " .. i)
      for k = 1, 2 do
        local p = live.spawn(h.command("run"))
        live.wait(4, function() return posted(server, "a") >= i end)
        sw.sys.sleep(90 * k)
        p.kill("KILL")
        p.wait(10)
        h.ok("sync")
      end
    end
    settle(h, 4)
    expect(notes(h)).equals("manual manual manual manual")
    server.stop()
    h.remove()
  end)
end)
