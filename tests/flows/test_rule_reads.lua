-- SPDX-License-Identifier: MIT
-- What ctx.series and ctx.records give: what was asked for, and a refusal where it cannot be asked for.
local flow = require("flow")

-- What a rule that runs `body` logs, after `before` of a test; out of its one firing.
local function read(before, body)
  local dir = flow.temp()
  sw.fs.mkdir(dir .. "/rules/automations")
  flow.write(dir .. "/rules/automations/reader.lua", ([[local sw = require "syncwell"
return sw.rule { title = "T", on = sw.every "1h", run = function(_, ctx)
  %s
end }
]]):format(body))
  flow.write(dir .. "/t_test.lua", ([[it("reads", function(t)
  %s
  t.rule "reader"
  t.clock.advance "1h"
  local why = t.errors "reader"
  expect(why[1] and why[1].text or why[1] or table.concat(t.fired("reader")[1].log, " | ")).equals "nothing"
end)]]):format(before))
  local r = flow.sh(("%s --home %s test %s/t_test.lua"):format(flow.quote(flow.binary), dir, dir))
  sw.fs.remove_tree(dir)
  return r.out:match('got "(.*)"\n[01] passed') or r.out .. r.err
end

local STEPS = [[for _, day in ipairs { "01-29", "01-31", "02-01", "02-25", "02-26" } do
    t.sample("steps", 500, { at = "2026-" .. day .. "T10:00Z" })
    t.sample("steps", 300, { at = "2026-" .. day .. "T11:00Z" })
  end]]

describe("ctx.series", function()
  it("gathers days under the Monday of their week and the first of their month", function()
    local body = [[local list = {}
  for _, row in ipairs(ctx.series("steps", { last = "40d", every = "%s" }).rows) do
    list[#list + 1] = ("%%s %%.0f of %%d"):format(row.day, row.value, row.n)
  end
  ctx.log(table.concat(list, ", "))]]
    expect(read(STEPS, body:format "week")).equals("2026-01-26 2400 of 6, 2026-02-23 1600 of 4")
    expect(read(STEPS, body:format "month")).equals("2026-01-01 1600 of 4, 2026-02-01 2400 of 6")
  end)

  it("gives a week of a measured value its mean over the samples, not the sum of its days", function()
    local log = read([[for i, v in ipairs { 60, 60, 60, 100 } do
      t.sample("heart_rate", v, { at = ("2026-02-2%d 10:0%d"):format(i < 4 and 4 or 5, i):gsub(" ", "T") .. "Z" })
    end]], [[ctx.log(ctx.series("heart_rate", { last = "7d", every = "week" }).rows[1].value)]])
    expect(log).equals("70.0")
  end)

  it("gives raw samples page by page, each once, also several of one instant", function()
    local log = read(STEPS .. [[ t.sample("steps", 7, { at = "2026-02-26T10:00Z", maker = "acme", provider = "acme" })]], [[
  local page
  repeat
    page = ctx.series("steps", { from = "2026-02-25", every = "raw", limit = 2, cursor = page and page.cursor })
    local list = {}
    for _, row in ipairs(page.rows) do
      list[#list + 1] = ("%s %.0f"):format(row.start:sub(6, 16), row.value)
    end
    ctx.log(table.concat(list, ", "))
  until not page.cursor]])
    expect(log).contains("02-25T10:00 500, 02-25T11:00 300 | ")
    for _, one in ipairs { "02-26T10:00 500", "02-26T10:00 7", "02-26T11:00 300" } do
      expect(select(2, log:gsub(one:gsub("%-", "%%-"), ""))).equals(1)
    end
  end)

  it("refuses what it cannot do instead of leaving it out", function()
    local function refused(options)
      return read(STEPS, ('ctx.series("steps", { last = "7d", %s })'):format(options))
    end
    expect(refused 'maker = "garmin"').contains('maker, limit and cursor are for every = \\"raw\\"')
    expect(refused "where = {}").contains("unknown key 'where' in ctx.series")
    expect(refused "limit = 2").contains('limit and cursor are for every = \\"raw\\"')
    expect(refused 'every = "raw", cursor = "x"').contains("cursor is what the page before gave")
    expect(read("", 'ctx.records("workout", { last = "7d", every = "day" })')).contains(
      "unknown key 'every' in ctx.records")
  end)
end)

describe("ctx.goal", function()
  it("gives what the user wants of a day, in the metric's unit, and nil where nothing is wanted", function()
    expect(read('t.goal("sleep_duration", 420) t.goal("steps", 10000)',
      'ctx.log(ctx.goal "steps", ctx.goal "sleep_duration", ctx.goal "weight")')).equals("10000 420 nil")
    expect(read("", 'ctx.goal "stpes"')).contains("there is no metric 'stpes' (did you mean 'steps'?)")
  end)
end)

describe("a series", function()
  it("knows its middle, its median and its spread, and has none where there is too little", function()
    local body = [[local s = ctx.series("weight", { last = "%s" })
  ctx.log(s.mean(), s.median(), s.sd() and ("%%.3f"):format(s.sd()))]]
    local before = [[for day, kg in ipairs { 80, 90, 81, 82 } do
      t.sample("weight", kg, { at = ("2026-02-%02dT08:00Z"):format(day + 24) })
    end]]
    expect(read(before, body:format("10d"))).equals("83.25 81.5 4.573")
    expect(read(before, body:format("2d"))).equals("82.0 82.0 nil")
    expect(read("", body:format("10d"))).equals("nil nil nil")
  end)

  it("of raw samples can be what one maker measured", function()
    expect(read([[t.sample("heart_rate", 60, { maker = "garmin" }) t.sample("heart_rate", 80, { maker = "apple" })]],
      [[local s = ctx.series("heart_rate", { last = "6h", every = "raw", maker = "garmin" })
  ctx.log(s.n, s.last(), ctx.series("heart_rate", { last = "6h", every = "raw", maker = "oura" }).n)]])).equals("1 60 0")
  end)
end)

describe("ctx.records", function()
  it("gives the newest of those that have the sport, the maker and the attributes asked for", function()
    local log = read([[for day = 20, 26 do
      t.event { "workout.created", sport = day % 2 == 0 and "running" or "cycling", elapsed = "50min",
        provider = day < 24 and "acme" or "other", maker = day < 24 and "acme" or "other", title = "day " .. day,
        finish = ("2026-02-%dT10:00Z"):format(day) }
    end]], [[
  local function days(options)
    options.last = "20d"
    local list = {}
    for _, w in ipairs(ctx.records("workout", options)) do
      list[#list + 1] = w.title:match "%d+"
    end
    ctx.log(table.concat(list, " "))
  end
  days { limit = 2, sport = "running" }
  days { maker = "acme" }
  days { where = { title = "day 21" } }]])
    expect(log).equals("24 26 | 20 21 22 23 | 21")
  end)

  it("gives years of them, more than an answer of the engine may hold, each once and in order", function()
    local log = read([[local long = ("x"):rep(500)
    for i = 1, 600 do
      t.event { "workout.created", sport = "running", elapsed = "50min", title = i .. " " .. long,
        start = 1700000000000 + i * 7200000 }
    end]], [[
  local list, told = ctx.records("workout", { from = "2020-01-01", limit = 5000 }), {}
  for i, w in ipairs(list) do
    told[i] = w.title:match "^%d+" == tostring(i) and #w.title > 500 and "" or " wrong at " .. i
  end
  ctx.log(#list .. table.concat(told))]])
    expect(log).equals("600")
  end)
end)

describe("ctx.count", function()
  it("says how many there are, of all time or of a span, with the filters that records have", function()
    local log = read([[for i = 1, 12 do
      t.event { "workout.created", sport = i % 3 == 0 and "running" or "cycling", elapsed = "50min",
        start = 1700000000000 + i * 86400000 }
    end]], [[
  ctx.log(ctx.count "workout", ctx.count("workout", { sport = "running" }), ctx.count("sleep"),
    ctx.count("workout", { from = 1700000000000 + 6 * 86400000 - 1 }), ctx.count("workout", { last = "7d" }))]])
    expect(log).equals("12 4 0 7 0")
  end)
end)
