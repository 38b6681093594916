-- The tables of lua/import/<carrier>: metrics there are, units that fit, names that are used once.
local shapes = require("shapes")

local METRIC = {}
for _, m in ipairs(sw.store.metrics()) do
  METRIC[m.name] = m
end

local OPTIONS, HEADS = { weight_unit = "kg" }, { csv = { rows = {} }, json = { text = "" }, sqlite = { tables = {} } }

local function value_problem(v)
  local m = METRIC[v.metric or ""]
  if not m then
    return ("there is no metric '%s'"):format(tostring(v.metric))
  elseif not sw.store.convert(1, v.unit or "", m.unit) then
    return ("%s in '%s', which is no %s"):format(v.metric, tostring(v.unit), m.unit)
  end
end

local function table_problems(carrier, t, say)
  local values = type(t.values) == "function" and t.values(HEADS[carrier], OPTIONS) or t.values or {}
  for _, list in ipairs { values, t.arrays or {}, t.totals or {} } do
    for _, v in ipairs(list) do
      local problem = value_problem(v)
      if problem then
        say(problem)
      end
    end
  end
  if t.totals and not t.day then
    say("totals of a day need a day")
  elseif #values > 0 and not t.time then
    say("values need a time")
  elseif carrier == "csv" and not t.columns then
    say("a table is known by its columns")
  end
end

describe("every description of a table", function()
  for carrier in pairs(HEADS) do
    it(("that comes as %s names metrics there are in units that fit"):format(carrier), function()
      local out, n = {}, 0
      for _, f in ipairs(shapes.families(carrier)) do
        local seen = {}
        for _, t in ipairs(f.family.tables) do
          n = n + 1
          table_problems(carrier, t, function(text)
            out[#out + 1] = ("%s/%s: %s: %s"):format(carrier, f.name, t.name, text)
          end)
          if seen[t.name] then
            out[#out + 1] = ("%s/%s: %s stands twice"):format(carrier, f.name, t.name)
          end
          seen[t.name] = true
        end
      end
      expect(n > 0).is_true()
      expect(table.concat(out, "\n")).equals("")
    end)
  end

  it("is chosen by the columns it knows, not by how many others there are, in any case and order", function()
    local head = { delimiter = ",", rows = { { "new", "OVERALL_SCORE", "timestamp ", "sleep_log_entry_id" } } }
    local choice = shapes.choose("csv", head, "renamed.csv", {})
    expect(choice.name).equals("fitbit")
    expect(#choice.found).equals(1)
    expect(choice.found[1].table.name).equals("sleep_score")
    expect(shapes.choose("csv", { rows = { { "Date", "Weight (kg)" } } }, "mine.csv", {})).is_nil()
  end)

  it("takes the second of equal names where it says so, and the first of several spellings", function()
    local columns = require("shape_columns")
    local resolver = columns.csv { "\u{feff}Distance", "x", "distance" }
    expect(resolver("Distance#2").at).equals(2)
    expect(resolver("Distance").at).equals(0)
    expect(resolver { "missing", "X" }.at).equals(1)
    expect(resolver("missing")).is_nil()
  end)
end)

describe("a Fitbit weight", function()
  local function unit_of(text, options)
    local head = { text = text }
    local choice = shapes.choose("json", head, "weight-2024-03-04.json", options or {})
    for _, v in ipairs(choice.found[1].values) do
      if v.metric == "weight" then
        return v.unit
      end
    end
    return choice.found[1].note
  end

  it("has the unit that its index tells, that the person says, or none", function()
    local row = '[{"weight" : %s, "bmi": 24.1, "date": "03/04/24"}]'
    expect(unit_of(row:format("171.9"))).equals("lb")
    expect(unit_of(row:format("78.0"))).equals("kg")
    expect(unit_of(row:format("12.3"))).equals("st")
    expect(unit_of(row:format("300000"))).contains("--weight-unit")
    expect(unit_of(row:format("171.9"), { weight_unit = "kg" })).equals("kg")
  end)
end)
