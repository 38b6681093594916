-- SPDX-License-Identifier: MIT
-- Random rules over random histories: the firings are those that an oracle works out from the words of the README.
--   SW_FIRINGS=1000 SW_SEED=7 build/syncwell --lua-test tests/flows/test_firings.lua    (so many, from a seed on)
-- tests/support/firings.py makes zone, rules and arrivals, and says what fires; here the engine lives them on a clock
-- that is set, and looks back by a backtest. A sun is within two minutes of an almanac's.
local flow = require("flow")
local life = require("rule_life")

local json = sw.json
local N = tonumber(os.getenv("SW_FIRINGS") or "")
local SEED = tonumber(os.getenv("SW_SEED") or "") or 1
local SECONDS, MOST = 25, 40 -- without a number: as many as fit, up to so many

-- The rule and the minute of a line of a planned time.
local function planned(line)
  local rule, month, day, h, m, s = line:match("^[+-] (%w+)|(%d+)-(%d+)T(%d+):(%d+):(%d+)|[^|]*|planned")
  return rule, rule and os.time { year = 2026, month = month, day = day, hour = h, min = m, sec = s } // 60
end

-- Two planned times of one rule that are a minute or two apart are one: a sun that rises a little earlier.
local function without_suns(lines)
  local out, i = {}, 1
  while lines[i] do
    local rule, minute = planned(lines[i])
    local other, at = planned(lines[i + 1] or "")
    if rule and rule == other and at - minute <= 2 and lines[i]:sub(1, 1) ~= lines[i + 1]:sub(1, 1) then
      i = i + 2
    else
      out[#out + 1], i = lines[i], i + 1
    end
  end
  return out
end

local function difference(wanted, got)
  return table.concat(without_suns(flow.unlike(wanted, got)), "\n")
end

local function lived(case)
  local e = life.new(case)
  e:live_through()
  local live, past = difference(case.live, e:live()), difference(case.past, e:past(case.first))
  e:close()
  return (live ~= "" and "lived:\n" .. live .. "\n" or "") .. (past ~= "" and "looked back:\n" .. past or "")
end

local function report(case, what)
  local sources = {}
  for _, rule in ipairs(case.rules) do
    sources[#sources + 1] = what:find("[+-] " .. rule.name .. "|") and rule.name .. ": " .. rule.source:match("on = (.-)\n") or nil
  end
  return ("seed %d, %s\n%s\n%s"):format(case.seed, case.zone, table.concat(sources, "\n"), what)
end

-- Some cases at a time.
local function cases(seed, n)
  local r = flow.sh(("timeout 300 /usr/bin/python3 %s/tests/support/firings.py %d %d"):format(flow.quote(flow.root), seed, n))
  expect(r.err).equals("")
  return r.out:gmatch("[^\n]+")
end

local function is_enough(n, began)
  if N then
    return n >= N
  end
  return n >= MOST or sw.time.mono() - began > SECONDS * 1000
end

describe("random rules over random histories", function()
  it("fire when the words of the README say so, while they live and looking back", function()
    local began, n, fired, wrong = sw.time.mono(), 0, 0, {}
    while not is_enough(n, began) do
      for line in cases(SEED + n, math.min(5, N and N - n or 5)) do
        local case = assert(json.decode(line))
        local ok, what = pcall(lived, case)
        if not ok or what ~= "" then
          wrong[#wrong + 1] = report(case, tostring(what))
        end
        n, fired = n + 1, fired + #case.live + #case.past
      end
    end
    sw.sys.out(("note %d histories from seed %d, %d firings, %d wrong\n"):format(n, SEED, fired, #wrong))
    expect(table.concat(wrong, "\n\n", 1, math.min(#wrong, 20))).equals("")
    expect(fired > 10 * n).is_true()
  end)
end)
