-- `query`: spans in words, and days gathered into weeks and months.
local flow = require("flow")

local NOW = "2025-03-05T12:00:00Z" -- a Wednesday

-- Steps by hand: the day of the year 2025 (1 is 1 January) -> steps
local function walked(days)
  local h = flow.home("UTC")
  for day, steps in pairs(days) do
    local at = sw.time.day_text(sw.time.day(2025, 1, 1) + day - 1)
    h.ok("--now", NOW, "log", "steps", tostring(steps), at .. " 18:00")
  end
  return h
end

local function values(rows, key)
  local list = {}
  for i, r in ipairs(rows) do
    list[i] = ("%s %d of %d"):format(r[key], r.value, r.days)
  end
  return list
end

describe("query", function()
  it("gathers days into weeks from Monday and months; the value is the mean of the days there are", function()
    local h = walked { [1] = 1000, [5] = 3000, [6] = 5000, [31] = 7000, [32] = 100, [59] = 300 }
    local function asked(...)
      return h.json("--now", NOW, "query", "steps", ...)
    end
    expect(values(asked("this", "year", "--every", "week"), "week")).equals { "2024-12-30 2000 of 2",
      "2025-01-06 5000 of 1", "2025-01-27 3550 of 2", "2025-02-24 300 of 1" }
    local months = asked("this", "year", "--every", "month")
    expect(values(months, "month")).equals { "2025-01 4000 of 4", "2025-02 200 of 2" }
    expect({ months[1].sum, months[1].min, months[1].max, months[1].n }).equals { 16000, 1000, 7000, 4 }
    expect(values(asked("last", "month", "--every", "month"), "month")).equals { "2025-02 200 of 2" }
    expect(asked("last", "year", "--every", "month")).equals {}
    expect(asked("2025-01", "--every", "week", "--by", "source")[1].origin).equals("by hand")
    expect(h.ok("--now", NOW, "query", "steps", "this year", "--every", "month").out).contains(
      "Jan 2025  16000, 4000 a day")
    h.remove()
  end)

  it("takes a span as words, and says which it does not understand", function()
    local h = walked { [62] = 500, [64] = 900 } -- Monday and today
    local function days(...)
      local list = {}
      for i, r in ipairs(h.json("--now", NOW, "query", "steps", ...)) do
        list[i] = r.day:sub(6) .. " " .. r.value
      end
      return table.concat(list, ", ")
    end
    expect(days()).equals("03-03 500, 03-05 900")
    expect(days("today")).equals("03-05 900")
    expect(days("this", "month")).equals("03-03 500, 03-05 900")
    expect(days("last month")).equals("")
    expect(days("2025-03-01..2025-03-04")).equals("03-03 500")
    for words, said in pairs { ["steps someday"] = "'someday' is no time I understand",
      ["steps today --from 2025-01-01"] = "beside --from", ["steps --every year"] = "day, week, month, hour or raw" } do
      local r = h.run("query", table.unpack(flow.words(words)))
      expect(r.code).equals(2)
      expect(r.err).contains(said)
    end
    h.remove()
  end)
end)

describe("show", function()
  local function lines(text, form)
    return select(2, text:gsub(form, ""))
  end

  it("shows a day by its hours, two months by days, and what is longer by weeks, months or years", function()
    local list = { '{"line":"syncwell","version":1,"zone":"UTC"}',
      '{"line":"origin","id":"1","provider":"acme","name":"Watch","maker":"acme","class":"watch"}' }
    for day = sw.time.day(2020, 1, 1), sw.time.day(2025, 3, 4) do
      local at = sw.time.day_text(day)
      list[#list + 1] = ('{"line":"samples","metric":"steps","unit":"{step}","origin":"1","at":[["%sT08:00:00Z",600,1000],'
        .. '["%sT19:00:00Z",600,3000]]}'):format(at, at)
    end
    local h = flow.home("UTC")
    h.ok("import", flow.write(h.dir .. "/steps.jsonl", table.concat(list, "\n") .. "\n"))
    local function shown(text)
      return h.ok("--now", NOW, "show", "steps", table.unpack(flow.words(text))).out
    end
    local day = shown("yesterday")
    expect(day).contains("4000\n")
    expect({ lines(day, "\n08:00  1000  "), lines(day, "\n19:00  3000  ") }).equals { 1, 1 }
    expect(lines(shown("last 30d"), " 4000  ")).equals(29)
    local weeks = shown("last 100d")
    expect({ lines(weeks, "week of "), lines(weeks, "28000, 4000 a day") }).equals { 15, 13 }
    expect(weeks).contains("from 4000 to 4000 a day")
    expect(lines(shown("2024"), "\n%a%a%a 2024  ")).equals(12)
    expect(lines(shown("all"), "\n20%d%d  ")).equals(6)
    h.remove()
  end)

  it("shows as points what is never near nought", function()
    local h = flow.home("UTC")
    for day, kilos in pairs { ["2025-03-01"] = 80, ["2025-03-02"] = 79, ["2025-03-03"] = 78 } do
      h.ok("log", "weight", tostring(kilos), day)
    end
    local out = h.ok("--now", NOW, "show", "weight").out
    expect({ lines(out, "●") + lines(out, " o\n"), lines(out, "█") + lines(out, "#") }).equals { 3, 0 }
    expect(out).contains("78.00 kg   ")
    h.remove()
  end)
end)
