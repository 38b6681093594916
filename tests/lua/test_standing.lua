-- SPDX-License-Identifier: MIT
-- The rules of a person between jobs: the same until something of theirs changes, then read again.
local homes = require("home")
local standing = require("standing")

local HEAD = 'local sw = require "syncwell"\nreturn sw.rule { title = "t", on = sw.event "%s", run = function() end }\n'

local function home()
  local dir = sw.fs.temp_dir()
  assert(sw.fs.mkdir(dir .. "/rules/automations"))
  return dir, assert(homes.open({ home = dir, zone = "UTC" }, true))
end

local function put(dir, name, kind)
  assert(sw.fs.write(dir .. "/rules/automations/" .. name .. ".lua", HEAD:format(kind)))
  sw.sys.sleep(60) -- a look that took a while is not repeated at once
end

local function names(ctx, kind)
  local list = {}
  for i, rule in ipairs(standing.listening(assert(standing.rules(ctx)), kind)) do
    list[i] = rule.name
  end
  return list
end

describe("rules between jobs", function()
  it("are the very same while nothing changes", function()
    local dir, ctx = home()
    put(dir, "a", "workout.created")
    local first = assert(standing.rules(ctx))
    expect(rawequal(standing.rules(ctx), first)).is_true()
  end)

  it("are known by the kind of event they listen to, in the order of their names", function()
    local dir, ctx = home()
    put(dir, "b", "workout.created")
    put(dir, "a", "workout.created")
    put(dir, "c", "sleep.created")
    expect(names(ctx, "workout.created")).equals { "a", "b" }
    expect(names(ctx, "sleep.created")).equals { "c" }
    expect(names(ctx, "meal.created")).equals {}
  end)

  it("follow files that are added, changed and removed", function()
    local dir, ctx = home()
    put(dir, "a", "workout.created")
    expect(names(ctx, "workout.created")).equals { "a" }
    put(dir, "b", "workout.created")
    expect(names(ctx, "workout.created")).equals { "a", "b" }
    put(dir, "a", "sleep.created")
    expect(names(ctx, "workout.created")).equals { "b" }
    assert(sw.fs.remove(dir .. "/rules/automations/b.lua"))
    sw.sys.sleep(60)
    expect(names(ctx, "workout.created")).equals {}
  end)

  it("follow settings", function()
    local dir, ctx = home()
    put(dir, "a", "workout.created")
    expect(names(ctx, "workout.created")).equals { "a" }
    local t = homes.txn(ctx)
    t:doc("rule", "a", sw.json.encode { enabled = false })
    assert(t:commit())
    expect(names(ctx, "workout.created")).equals {}
  end)

  it("are many in one home", function()
    local dir, ctx = home()
    for i = 1, 600 do
      assert(sw.fs.write(("%s/rules/automations/r%03d.lua"):format(dir, i),
        HEAD:format(i % 100 == 0 and "workout.created" or "sleep.created")))
    end
    expect(names(ctx, "workout.created")).equals { "r100", "r200", "r300", "r400", "r500", "r600" }
  end)
end)
