-- SPDX-License-Identifier: MIT
-- How long history is kept: by config.lua, the last line of each sync always, forgotten by a job of the queue.
local caretaker = require("caretaker")
local config = require("config")
local flow = require("flow")
local home = require("home")
local queue = require("queue")
local retention = require("retention")

local DAY = 86400000
local START = assert(sw.time.parse("2026-01-01T12:00:00Z"))

local function opened(text)
  local dir = flow.temp()
  if text then
    flow.write(dir .. "/config.lua", text)
  end
  sw.time.set(START)
  local ctx = assert(home.open({ home = dir, zone = "UTC" }, true))
  ctx.config, ctx.daemon = {}, true
  return ctx, dir
end

-- A sync of a connection that is gone: it does nothing and leaves its line.
local function sync(ctx, day, ...)
  sw.time.set(START + day * DAY)
  local t = home.txn(ctx)
  for _, name in ipairs { ... } do
    t:job { kind = "sync", name = name, due = sw.time.now(), payload = sw.json.encode { connection = "gone-" .. name } }
  end
  assert(t:commit())
  assert(queue.run_due(ctx))
end

local function history(ctx)
  local list = {}
  for _, r in ipairs(assert(sw.store.runs(ctx.who, 100000))) do
    list[#list + 1] = ("%s %s %d"):format(r.kind, r.name, (r.at - START) // DAY)
  end
  table.sort(list)
  return table.concat(list, ", ")
end

local function waiting(ctx)
  return #assert(sw.store.jobs(ctx.who))
end

describe("history", function()
  it("is forgotten after 90 days, but for the last line of each sync", function()
    local ctx, dir = opened()
    sync(ctx, 0, "7", "8")
    sync(ctx, 1, "7")
    sync(ctx, 20, "7")
    sync(ctx, 95, "9")
    assert(retention.plan(ctx))
    expect(waiting(ctx)).equals(1)
    expect(queue.run_due(ctx)).equals(1)
    expect(history(ctx)).equals("prune runs 95, sync 7 20, sync 8 0, sync 9 95")
    assert(retention.plan(ctx)) -- nothing more to forget, nothing waits
    expect(waiting(ctx)).equals(0)
    sync(ctx, 111, "7") -- the sync of day 20 is no longer the last
    assert(retention.plan(ctx))
    assert(queue.run_due(ctx))
    expect(history(ctx)).equals("prune runs 111, prune runs 95, sync 7 111, sync 8 0, sync 9 95")
    sw.fs.remove_tree(dir)
  end)

  it("is kept as long as config.lua says, which must be a day at least", function()
    local ctx, dir = opened("return { retention = { run_days = 10 } }")
    expect(config.load(ctx)).is_nil()
    sync(ctx, 0, "7")
    sync(ctx, 2, "7")
    sync(ctx, 11, "7")
    assert(retention.plan(ctx))
    assert(queue.run_due(ctx))
    expect(history(ctx)).equals("prune runs 11, sync 7 11, sync 7 2")
    for _, odd in ipairs { "0", "-3", "0.5", "1e9", "'x'", "0/0" } do
      flow.write(dir .. "/config.lua", ("return { retention = { run_days = %s } }"):format(odd))
      expect(config.load(ctx)).contains("run_days")
    end
    expect(ctx.config.retention.run_days).equals(10)
    sw.fs.remove_tree(dir)
  end)

  it("of very many lines is forgotten in parts, all of it", function()
    local ctx, dir = opened()
    local names = {}
    for i = 1, 900 do
      names[i] = tostring(i)
    end
    for day = 0, 5 do
      sync(ctx, day, table.unpack(names))
    end
    sync(ctx, 200, "1")
    assert(retention.plan(ctx))
    assert(queue.run_due(ctx))
    local n = 0
    for _ in history(ctx):gmatch("sync") do
      n = n + 1
    end
    expect(n).equals(900)
    sw.fs.remove_tree(dir)
  end)

  it("of what actions added, pressed and told goes after a month, and what is younger stays", function()
    local ctx, dir = opened()
    local t = home.txn(ctx)
    for _, kind in ipairs { ".button", ".told", ".delivery", ".derived" } do
      t:doc(kind, "old", "{}", { at = START })
      t:doc(kind, "young", "{}", { at = START + 20 * DAY })
    end
    assert(t:commit())
    sw.time.set(START + 31 * DAY)
    caretaker.look(ctx)
    for _, kind in ipairs { ".button", ".told", ".delivery", ".derived" } do
      local left = assert(sw.store.docs(ctx.who, kind))
      expect(#left).equals(1)
      expect(left[1].name).equals("young")
    end
    sw.fs.remove_tree(dir)
  end)
end)
