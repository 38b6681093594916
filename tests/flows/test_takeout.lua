-- Exports of services that people lost or left, through the real importer: all that the expectation of each
-- sample says is compared with what is stored. Each figure is looked at or named with the reason why not.
local expectation = require("expectation")
local exports = require("expect_exports")
local flow = require("flow")

local check = expectation.check
local FILES = { ["fitbit-takeout"] = true, ["health-connect"] = true, strava = true, ["hrv-csv"] = true }
local FOLDERS = { "fitbit-takeout", "fitbit-takeout-made", "google-fit-takeout-made", "health-connect",
  "health-connect-made", "garmin-gdpr-made", "strava", "withings-made", "oura-made", "zepp-made",
  "samsung-health-made", "cronometer-made", "myfitnesspal-made", "hrv-csv" }
local MORE = { ["myfitnesspal-made"] = { "--weight-unit", "lb" } }
-- An exercise of sets and repetitions has no length.
local REJECTED = { ["myfitnesspal-made"] = 1 }

local function import_all(h, path, more)
  local list, r = h.import(path, table.unpack(more or {}))
  check(r.code == 0, "%s: exit %d %s%s", path, r.code, r.err, r.out)
  return list[#list] and list[#list].total or {}
end

-- One sample with its expectation: imported, compared, imported again.
local function run(folder, path, expected)
  local e, book = expectation.open(expected)
  local h = flow.home("America/New_York")
  local total = import_all(h, path, MORE[folder])
  check(total.rejected == (REJECTED[folder] or 0), "%s: %s rejected", folder, tostring(total.rejected))
  local dump = h.dump()
  exports[folder](e, expectation.stored(dump))
  local again = import_all(h, path, MORE[folder])
  check(again.new == 0 and again.updated == 0, "%s: the second time added %s", folder, tostring(again.new))
  check(h.dump() == dump, "%s: the second time changed the dump", folder)
  local unseen = expectation.unseen(book, exports.reasons)
  check(#unseen == 0, "%s: not looked at: %s", folder, table.concat(unseen, ", "))
  h.remove()
end

local function samples_of(folder)
  local dir = flow.shared .. "/samples/" .. folder
  if not FILES[folder] then
    return { { dir, dir .. "/expected.json" } }
  end
  local list = {}
  for _, name in ipairs(sw.fs.list(dir)) do
    if sw.fs.stat(dir .. "/" .. name .. ".expected.json") then
      list[#list + 1] = { dir .. "/" .. name, dir .. "/" .. name .. ".expected.json" }
    end
  end
  return list
end

describe("exports of services", function()
  local matched, all = 0, 0

  for _, folder in ipairs(FOLDERS) do
    it(("of %s give what their expectation says"):format(folder), function()
      if not flow.has_shared() then
        skip("needs ../shared")
      end
      local problems = {}
      for _, sample in ipairs(samples_of(folder)) do
        expectation.problems = {}
        run(folder, sample[1], sample[2])
        all, matched = all + 1, matched + (#expectation.problems == 0 and 1 or 0)
        table.move(expectation.problems, 1, #expectation.problems, #problems + 1, problems)
      end
      expect(table.concat(problems, "\n")).equals("")
    end)
  end

  it("all match, and converge whichever comes first", function()
    if not flow.has_shared() then
      skip("needs ../shared")
    end
    sw.sys.out(("note %d of %d samples match their expectation\n"):format(matched, all))
    local dumps = {}
    for turn = 1, 2 do
      local h = flow.home("America/New_York")
      for i = 1, #FOLDERS do
        local folder = FOLDERS[turn == 1 and i or #FOLDERS + 1 - i]
        import_all(h, flow.shared .. "/samples/" .. folder, MORE[folder])
      end
      h.ok("query", "steps", "--from", "2024-03-04", "--to", "2024-03-17")
      -- a group is named after the member that came first, so only the names of groups may differ
      dumps[turn] = h.dump():gsub('"group":%d+', '"group":0')
      h.remove()
    end
    expect(flow.difference(dumps[1], dumps[2])).equals("")
  end)
end)
