-- SPDX-License-Identifier: MIT
-- What leads to what among rules: read from declarations and sources, loops named, nothing run.
local flow = require("flow")

local function rule(h, name, on, uses, body)
  flow.write(("%s/rules/automations/%s.lua"):format(h.dir, name), ([[local sw = require "syncwell"
return sw.rule { title = "T", on = %s, uses = { %s },
  run = function(w, ctx) %s end }
]]):format(on, uses, body))
end

local function made()
  local h = flow.home("UTC")
  rule(h, "ping", 'sw.event { "workout.created", sport = "running" }', '"rule:fire"', 'ctx.rule.fire { rule = "pong" }')
  rule(h, "pong", 'sw.any { sw.at "07:00", sw.event "note.created" }', '"record:write"', [[-- ctx.rule.fire "talk" is not done
    ctx.record.add { kind = "workout", start = ctx.now, attributes = { sport = "running" } }]])
  rule(h, "talk", 'sw.threshold { "weight", enter = ">90" }', '"notify"', 'ctx.notify "x"')
  rule(h, "scale", 'sw.webhook "scale"', '"record:write"', 'ctx.record.add { metric = "weight", start = ctx.now, value = 91 }')
  return h
end

local function feeds(g)
  local list = {}
  for _, n in ipairs(g.rules) do
    for _, f in ipairs(n.feeds) do
      list[#list + 1] = ("%s -%s-> %s"):format(n.rule, f.by, f.rule)
    end
  end
  table.sort(list)
  return list
end

describe("rules graph", function()
  it("shows what wakes each rule, what it may do and which rules that wakes, and names loops", function()
    local h = made()
    local g = h.json("rules", "graph")
    expect(feeds(g)).equals { "ping -rule.fire-> pong", "pong -record.add-> ping", "scale -record.add-> talk" }
    expect(g.loops).equals { { "ping", "pong" } }
    expect(g.rules[2].triggers).equals { "at 07:00", "event note.created" }
    local text = h.ok("rules", "graph").out
    expect(text).contains("event workout.created (sport running)")
    expect(text).contains("loop: ping -> pong -> ping")
    h.remove()
  end)

  it("takes a target that is not written out for any rule", function()
    local h = flow.home("UTC")
    rule(h, "a", 'sw.at "07:00"', '"rule:fire"', "local name = w.id ctx.rule.fire { rule = name }")
    rule(h, "b", 'sw.at "08:00"', '"notify"', 'ctx.notify "x"')
    expect(feeds(h.json("rules", "graph"))).equals { "a -rule.fire-> a", "a -rule.fire-> b" }
    h.remove()
  end)

  it("writes a Graphviz document", function()
    local h = made()
    local text = h.ok("rules", "graph", "--dot").out
    expect(text).contains("digraph rules {")
    expect(text).contains('"ping" -> "pong" [label = "rule.fire"];')
    expect(text).contains('"threshold weight (>90)" -> "talk";')
    h.remove()
  end)

  it("says nothing wrong of the shipped rules: they wake each other nowhere", function()
    local h = flow.home("UTC")
    expect(h.json("rules", "graph", "--all").loops).equals {}
    h.remove()
  end)
end)
