-- One truth: exports of the load generator, merged steps and nights equal to its truth file, day by day.
local flow = require("flow")

local json = sw.json

local function export(dir, seed, era, start, extra)
  local out, truth = dir .. "/export.xml", dir .. "/truth.json"
  local r = flow.sh(("python3 %s/tools/make_apple_export.py %s --years 1 --seed %d --start %s --hr-interval 600 --truth %s --era %s %s"):format(
    flow.quote(flow.shared), out, seed, start, truth, era, extra or ""))
  if r.code ~= 0 then
    error(r.err)
  end
  return out, json.decode(flow.read(truth))
end

local function daily(h, metric)
  local list = {}
  for _, r in ipairs(h.json("query", metric, "--from", "2000-01-01", "--to", "2079-12-31")) do
    list[r.day] = r.value
  end
  return list
end

local function compare(got, wanted, what, tolerance)
  local wrong, days = {}, 0
  for day, value in pairs(wanted) do
    days = days + 1
    if not got[day] or math.abs(got[day] - value) > tolerance then
      wrong[#wrong + 1] = ("%s %s: %s, not %s"):format(what, day, tostring(got[day]), tostring(value))
    end
  end
  for day in pairs(got) do
    if wanted[day] == nil then
      wrong[#wrong + 1] = ("%s %s: %s, but there is none"):format(what, day, tostring(got[day]))
    end
  end
  table.sort(wrong)
  return table.concat(wrong, "\n"), days
end

describe("one truth", function()
  for _, case in ipairs { { 1, "ios16", "2021-01-01", "" }, { 2, "ios15", "2022-02-01", "--bad-chars" },
    { 3, "ios16", "2023-06-01", "--bad-dtd --bad-chars --zip" },
    { 77, "ios15", "2024-01-01", "" } } do
    it(("steps and nights of a year (%s, seed %d) equal the truth on every day"):format(case[2], case[1]),
      function()
      if not flow.has_shared("tools/make_apple_export.py") then
        skip("needs ../shared/tools")
      end
      local h = flow.home("America/New_York")
      local out, truth = export(h.dir, case[1], case[2], case[3], case[4])
      local path = case[4]:find("zip") and out .. ".zip" or out
      local list, r = h.import(path)
      expect(r.code).equals(0)
      expect(list[1].status).equals("ok")
      local asleep, in_bed, steps = {}, {}, {}
      for day, n in pairs(truth.nights_by_wake_day) do
        asleep[day], in_bed[day] = n.asleep_min, n.in_bed_min
      end
      for day, n in pairs(truth.steps.by_local_day_watch_first) do
        steps[day] = n > 0 and n or nil
      end
      local text, days = compare(daily(h, "steps"), steps, "steps", 0.001)
      expect(text).equals("")
      expect((compare(daily(h, "sleep_duration"), asleep, "asleep", 0.02))).equals("")
      expect((compare(daily(h, "sleep_in_bed"), in_bed, "in bed", 0.02))).equals("")
      expect(#h.json("records", "workout")).equals(#truth.workouts)
      sw.sys.out(("note seed %d: %d days of steps, %s records\n"):format(case[1], days, list[1].new))
      h.remove()
    end)
  end
end)
