-- compare and completeness on data whose answers are known: two sources with a fixed error, weeks with gaps.
local flow = require("flow")

-- Resting heart rate of two devices over 40 days from 2026-01-05, a Monday: the ring says 2 more on even
-- days and 4 more on odd ones; days 10 and 11 only the watch has, day 20 only the ring.
local function two_sources()
  local lines = { '{"line":"syncwell","version":1,"zone":"UTC"}',
    '{"line":"origin","id":"1","provider":"acme","name":"Watch <&> one","maker":"acme","class":"watch"}',
    '{"line":"origin","id":"2","provider":"ringco","name":"Ring","maker":"ringco","class":"ring"}' }
  local first, watch, ring = sw.time.day(2026, 1, 5), {}, {}
  for i = 0, 39 do
    local at, base = sw.time.day_text(first + i) .. "T06:00:00Z", 50 + i % 7
    if i ~= 20 then
      watch[#watch + 1] = ('["%s",0,%d]'):format(at, base)
    end
    if i ~= 10 and i ~= 11 then
      ring[#ring + 1] = ('["%s",0,%d]'):format(at, base + 2 + i % 2 * 2)
    end
  end
  for id, rows in pairs { ["1"] = watch, ["2"] = ring } do
    lines[#lines + 1] = ('{"line":"samples","metric":"resting_heart_rate","unit":"/min","origin":"%s","at":[%s]}')
      :format(id, table.concat(rows, ","))
  end
  return table.concat(lines, "\n") .. "\n"
end

local h, folder = flow.home("UTC"), flow.temp()
h.ok("import", flow.write(folder .. "/two.jsonl", two_sources()))

describe("compare of what is not samples", function()
  it("takes totals that services state and the nights of records, as query by source does", function()
    local own = flow.home("Europe/Berlin")
    for i, who in ipairs { "Left", "Right" } do
      local path = flow.write(("%s/%s.csv"):format(own.dir, who), ("day,n\n2025-03-01,%d\n2025-03-02,%d\n"):format(
        4000 + i * 100, 7000 + i * 300) .. (i == 2 and "2025-03-03,10\n" or ""))
      own.ok("import", path, "--map", flow.write(path .. ".lua", ([[return { time = { column = "day", order = "ymd" },
        columns = { n = { metric = "steps", total = true } }, origin = { name = "%s" } }]]):format(who)))
    end
    local got = own.json("compare", "steps", "left", "right")
    expect(got.n).equals(2)
    expect(got.bias).equals(-200)
    expect(table.concat(got.only_b, " ")).equals("2025-03-03")
    local rows = own.json("query", "steps", "--by", "source", "--from", "2025-03-01", "--to", "2025-03-01")
    expect(#rows).equals(2)
    expect(rows[2].value).equals(4200)
    expect(rows[2].n).equals(0) -- stated, not measured
    own.import(flow.write(own.dir .. "/sleep-2025-03-01.json", '[{"logId":1,"startTime":"2025-03-01T22:00:00.000",'
      .. '"duration":30600000,"levels":{"data":[{"level":"deep","seconds":28800}]}},{"logId":2,"startTime":'
      .. '"2025-03-02T14:00:00.000","duration":3600000,"levels":{"data":[{"level":"deep","seconds":3600}]}}]'))
    own.ok("log", "sleep", "23:00-06:30", "2025-03-02")
    own.ok("records", "edit", "--where", "kind=sleep day=2025-03-02 nap=true", "--set", "title=nap")
    local nights = own.json("compare", "sleep", "fitbit", "manual")
    expect(nights.n).equals(1)
    expect(nights.bias).equals(30)
    expect(own.ok("query", "sleep", "--by", "source", "--from", "2025-03-02", "--to", "2025-03-02").out)
      .contains("8 h 00 min")
    own.remove()
  end)
end)

describe("compare", function()
  it("finds the bias, the limits, and the days only one has", function()
    local got = h.json("compare", "resting_heart_rate", "watch <&> one", "ringco")
    expect(got.n).equals(37)
    -- 40 days without 10 (even), 11 (odd), 20 (even): 18 even, 19 odd
    local bias = -(18 * 2 + 19 * 4) / 37
    expect(math.abs(got.bias - bias) < 1e-9).equals(true)
    local sd = math.sqrt((18 * (-2 - bias) ^ 2 + 19 * (-4 - bias) ^ 2) / 36)
    expect(math.abs(got.sd - sd) < 1e-9).equals(true)
    expect(math.abs(got.limit_high - bias - 1.96 * sd) < 1e-9).equals(true)
    expect(got.correlation > 0.8 and got.correlation < 1).equals(true)
    expect(table.concat(got.only_a, " ")).equals("2026-01-15 2026-01-16")
    expect(table.concat(got.only_b, " ")).equals("2026-01-25")
    expect(#got.days).equals(37)
  end)

  it("the other way round has the opposite bias", function()
    local there, back = h.json("compare", "resting_heart_rate", "watch", "ring"),
      h.json("compare", "resting_heart_rate", "ring", "watch")
    expect(math.abs(there.bias + back.bias) < 1e-9).equals(true)
    expect(math.abs(there.correlation - back.correlation) < 1e-9).equals(true)
  end)

  it("draws a picture that is XML, with a point a day, and a table and chart for people", function()
    local path = folder .. "/c.svg"
    local out = h.ok("compare", "resting_heart_rate", "watch", "ring", "--svg", path, "--from", "2026-02-01").out
    expect(out:find("bias         -3.1 /min", 1, true) ~= nil).equals(true)
    expect(out:find("only watch: 0 days\n", 1, true) ~= nil).equals(true)
    expect(h.ok("compare", "resting_heart_rate", "watch", "ring").out:find(
      "only watch: 2 days: 2026-01-15 2026-01-16\nonly ring: 1 day: 2026-01-25\n", 1, true) ~= nil).equals(true)
    expect(out:find("95 %% of the differences") ~= nil).equals(true)
    local r = flow.sh(([[/usr/bin/python3 -c "
import sys, xml.etree.ElementTree as e
t = e.parse('%s').getroot(); n = '{http://www.w3.org/2000/svg}'
inside = all(0 <= float(c.get('cx')) <= 720 and 0 <= float(c.get('cy')) <= 420 for c in t.iter(n + 'circle'))
print(len(list(t.iter(n + 'circle'))), len([l for l in t.iter(n + 'line') if l.get('class') == 'l']), inside)"]])
      :format(path))
    expect(r.out).equals("13 3 True\n")
  end)

  it("with a wrong name says which sources there are", function()
    local r = h.run("compare", "resting_heart_rate", "wach", "ring")
    expect(r.code).equals(2)
    expect(r.err:find("did you mean 'watch'", 1, true) ~= nil).equals(true)
    expect(h.run("compare", "resting_heart_rate", "watch").code).equals(2)
    expect(h.ok("compare", "steps", "watch", "ring").out:find("days both have: 0", 1, true) ~= nil).equals(true)
  end)
end)

describe("a service's connection that came with an import", function()
  it("rests until somebody signs in", function()
    h.ok("import", flow.write(folder .. "/s.jsonl", '{"line":"syncwell","version":1,"zone":"UTC"}\n'
      .. '{"line":"origin","id":"1","provider":"strava","name":"Strava","class":"app"}\n'
      .. '{"line":"record","origin":"1","kind":"note","start_ms":1767344400000,"finish_ms":1767344400000,'
      .. '"offset_start":0,"offset_finish":0,"day":"2026-01-02","external_id":"a",'
      .. '"connection":{"provider":"strava","name":"main"},"attributes":{},"segments":[]}\n'))
    local c = h.json("connections")[1]
    expect(c.state).equals("paused")
    expect(c.sentence:find("syncwell connect strava", 1, true) ~= nil).equals(true)
  end)
end)

-- Weights on Mondays from 2025-11-03, missing on 2026-02-02; caffeine every day, missing from 2026-02-04 on.
local function weeks_with_gaps(home_)
  local first, weight, caffeine = sw.time.day(2025, 11, 3), {}, {}
  for day = first, sw.time.day(2026, 2, 15) do
    local text = sw.time.day_text(day)
    if (day - first) % 7 == 0 and text ~= "2026-02-02" then
      weight[#weight + 1] = ('["%sT07:00:00Z",0,80]'):format(text)
    end
    if text < "2026-02-04" then
      caffeine[#caffeine + 1] = ('["%sT08:00:00Z",0,80]'):format(text)
    end
  end
  local head = '{"line":"samples","origin":"1","metric":"%s","unit":"%s","at":[%s]}\n'
  home_.ok("import", flow.write(folder .. "/w.jsonl", '{"line":"syncwell","version":1,"zone":"UTC"}\n'
    .. '{"line":"origin","id":"1","provider":"file","name":"Scale","class":"scale"}\n'
    .. head:format("weight", "kg", table.concat(weight, ","))
    .. head:format("caffeine", "mg", table.concat(caffeine, ","))))
end

describe("completeness", function()
  local w = flow.home("UTC")
  weeks_with_gaps(w)

  it("misses what usually comes on that weekday, and nothing else", function()
    local got = w.json("completeness", "weight", "--from", "2026-01-26", "--to", "2026-02-15")
    expect(got.expected).equals(3)
    expect(got.came).equals(2)
    local missed = {}
    for _, day in ipairs(got.days) do
      for _, m in ipairs(day.missing) do
        missed[#missed + 1] = day.day .. " " .. m.metric
      end
      expect(day.score).equals(#day.expected == 1 and (day.day == "2026-02-02" and 0 or 1) or nil)
    end
    expect(table.concat(missed, ",")).equals("2026-02-02 weight")
  end)

  it("says since when a source is silent", function()
    local got = w.json("completeness", "--from", "2026-02-02", "--to", "2026-02-08")
    expect(#got.metrics).equals(2)
    local caffeine = got.metrics[1]
    expect(caffeine.metric).equals("caffeine")
    expect(caffeine.expected).equals(7)
    expect(caffeine.came).equals(2)
    expect(next(caffeine.causes):find("nothing from Scale since 2026-02-03", 1, true)).equals(1)
    expect(math.abs(got.score - 2 / 8) < 1e-9).equals(true)
  end)

  it("stops missing what was given up", function()
    local got = w.json("completeness", "caffeine", "--from", "2026-03-30", "--to", "2026-04-05")
    expect(got.expected).equals(0)
    expect(got.score).equals(nil)
    local text = w.ok("completeness", "caffeine", "--from", "2026-03-30", "--to", "2026-04-05").out
    expect(text:find("nothing was to be expected", 1, true)).equals(1)
  end)

  it("names what the ledger and the connection say", function()
    local r = flow.sh(([[/usr/bin/python3 -c "
import sqlite3
c = sqlite3.connect('%s/syncwell.db')
p = c.execute('SELECT id FROM person').fetchone()[0]
c.execute('UPDATE origin SET provider = ?', ('strava',))
c.execute('INSERT INTO connection VALUES (7, ?, ?, ?, ?, 0, ?)', (p, 'strava', 'main', 'needs_user', '{\"sentence\":\"sign in again\"}'))
c.execute('INSERT INTO coverage VALUES (7, ?, 20488, 4, 3, 0, 0, ?)', ('activities', 'the service is away'))
c.commit()"]]):format(w.dir))
    expect(r.err).equals("")
    local got = w.json("completeness", "caffeine", "--from", "2026-02-04", "--to", "2026-02-05")
    expect(got.days[1].missing[1].cause).equals("strava: fetching activities failed (the service is away)")
    expect(got.days[2].missing[1].cause).equals("strava needs you (sign in again)")
  end)

  it("shows a calendar with a week a line", function()
    local out = w.ok("completeness", "--from", "2026-02-02", "--to", "2026-02-15").out
    expect(out:find("Mo Tu We Th Fr Sa Su", 1, true) ~= nil).equals(true)
    expect(out:find("\n2026-02-02  ", 1, true) ~= nil and out:find("\n2026-02-09  ", 1, true) ~= nil).equals(true)
    expect(w.run("completeness", "stepps").err:find("did you mean 'steps'", 1, true) ~= nil).equals(true)
    w.remove()
    h.remove()
    sw.fs.remove_tree(folder)
  end)
end)
