-- SPDX-License-Identifier: MIT
-- explain: the intervals of a day, whose were used and whose were passed over, the totals that were stated for it.
local flow = require("flow")

local HEAD = '{"line":"syncwell","version":1,"zone":"UTC"}\n{"line":"origin","id":"1","provider":"file","name":"Watch","maker":"acme","class":"watch"}\n'
  .. '{"line":"origin","id":"2","provider":"file","name":"Phone","maker":"acme","class":"phone"}\n'
  .. '{"line":"origin","id":"3","provider":"file","name":"Site","maker":"acme","class":"app"}\n'

local function samples(origin, rows, metric, unit)
  return ('{"line":"samples","origin":"%d","metric":"%s","unit":"%s","at":[%s]}\n'):format(origin, metric or "steps", unit or "{step}", rows)
end

local function total(origin, value)
  return ('{"line":"day_total","origin":"%d","metric":"steps","unit":"{step}","day":"2025-03-01","value":%d}\n'):format(origin, value)
end

local function told(...)
  local h = flow.home("UTC")
  h.ok("import", flow.write(h.dir .. "/in.jsonl", HEAD .. table.concat { ... }))
  return h
end

local WATCH = samples(1, '["2025-03-01T08:00:00Z",600000,900]')
local PHONE = samples(2, '["2025-03-01T08:00:00Z",3600000,600],["2025-03-01T08:02:00Z",60000,80],["2025-03-01T12:00:00Z",600000,300]')

describe("explain of a day", function()
  it("lists each interval with the origin that was used, in whole, in part or not at all, and behind whom", function()
    local h = told(WATCH, PHONE)
    local got = h.json("explain", "steps", "2025-03-01")
    expect(got.value).equals(900 + 500 + 300)
    local lines, used = {}, 0
    for i, s in ipairs(got.intervals) do
      lines[i] = ("%s %s %s: %s"):format(s.start:sub(12, 16), s.finish:sub(12, 16), s.origin, s.reason)
      used = used + s.value * s.share
    end
    expect(lines).equals { "08:00 08:10 Watch: used", "08:00 09:00 Phone: used 83 %, the rest was covered by Watch",
      "08:02 08:03 Phone: passed over: Watch was there", "12:00 12:10 Phone: used" }
    expect(math.abs(used - got.value) < 1e-9).is_true()
    expect(#got.totals).equals(0)
    local text = h.ok("explain", "steps", "2025-03-01").out
    expect(text).contains("Phone: 3 samples, 980 stated, 800 used")
    h.remove()
  end)

  it("names the stated total that counts because samples are missing, and the one that does not", function()
    local h = told(WATCH, PHONE, total(1, 8000), total(3, 99000))
    local got = h.json("explain", "steps", "2025-03-01")
    expect(got.value).equals(8000)
    expect(got.totals[1].origin .. " " .. got.totals[1].reason).equals("Watch used")
    expect(got.totals[2].origin .. " " .. got.totals[2].reason).equals("Site passed over: what Watch says stands better, or is more")
    for _, s in ipairs(got.intervals) do
      expect({ s.share, s.reason }).equals { 0, "passed over: the day's total of Watch is more" }
    end
    expect(h.json("query", "steps", "--from", "2025-03-01", "--to", "2025-03-01")[1].value).equals(8000)
    expect(h.run("check").code).equals(0)
    local text = h.ok("explain", "steps", "2025-03-01").out
    expect(text).contains("Watch: 1 sample, 900 stated, 8000 used")
    h.remove()
  end)

  it("passes over a total that says less than the samples", function()
    local h = told(WATCH, PHONE, total(1, 1000))
    local got = h.json("explain", "steps", "2025-03-01")
    expect(got.value).equals(1700)
    expect({ got.totals[1].share, got.totals[1].reason }).equals { 0, "passed over: what Watch says stands better, or is more" }
    h.remove()
  end)

  it("says of a day without data that there is none", function()
    local h = told(WATCH)
    expect(h.ok("explain", "steps", "2025-03-05").out).contains("no samples on that day")
    expect(h.run("explain", "stepz").code > 0).is_true()
    h.remove()
  end)
end)

describe("explain of a night", function()
  it("says which record its stages come from, which states the time in bed, and what was passed over", function()
    local h = flow.home("Europe/Berlin")
    local night = '{"logId":%d,"dateOfSleep":"2025-03-02","startTime":"2025-03-%sT%s:00.000","duration":%d,'
      .. '"levels":{"data":[{"level":"deep","seconds":%d}]}}'
    h.import(flow.write(h.dir .. "/sleep-2025-03-01.json", ("[%s,%s]"):format(night:format(1, "01", "22:00", 34200000,
      25200), night:format(2, "02", "14:00", 3600000, 3600))))
    h.ok("log", "sleep", "23:00-07:00", "2025-03-02")
    local e = h.json("explain", "sleep", "2025-03-02")
    expect(e.value).equals(480)
    local said = {}
    for _, n in ipairs(e.nights) do
      said[#said + 1] = ("%s %s: %s"):format(n.origin, n.start:sub(12, 16), n.reason)
    end
    table.sort(said)
    expect(said).equals { "Fitbit 14:00: a nap: it does not belong to the night",
      "Fitbit 22:00: passed over: by hand stands better; its time in bed counts",
      "by hand 23:00: used; Fitbit states the longer time in bed" }
    expect(h.json("explain", "sleep_in_bed", "2025-03-02").value).equals(570)
    expect(h.ok("explain", "sleep", "2025-03-02").out).contains("a nap")
    expect(h.json("explain", "steps", "2025-03-02").nights).is_nil()
    h.remove()
  end)
end)
