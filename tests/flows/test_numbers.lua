-- SPDX-License-Identifier: MIT
-- Every figure against an oracle that knows the inputs and the design's words, nothing of the engine.
--   SW_NUMBERS=100 SW_SEED=7 build/syncwell --lua-test tests/flows/test_numbers.lua    (more homes, from a seed on)
local flow = require("flow")

local HOMES = tonumber(os.getenv("SW_NUMBERS") or "") or 4
local SEED = tonumber(os.getenv("SW_SEED") or "") or 1

local HEAD = '{"line":"syncwell","version":1,"zone":"UTC"}\n'
  .. '{"line":"origin","id":"1","provider":"file","name":"Scale","maker":"","class":"scale"}\n'
  .. '{"line":"origin","id":"2","provider":"file","name":"Phone","maker":"","class":"phone"}\n'

describe("the figures of random homes", function()
  it("are what the inputs come to: days, hours, nights, events, views and exports, told, changed, restored", function()
    local r = flow.sh(("timeout 800 /usr/bin/python3 %s/tests/support/figures.py %s %d %d"):format(flow.quote(flow.root),
      flow.quote(flow.binary), SEED, HOMES))
    local homes, figures = r.out:match("(%d+) homes, (%d+) figures compared\n$")
    sw.sys.out(("note seeds %d to %d: %s figures compared\n"):format(SEED, SEED + HOMES - 1, figures))
    expect(r.out:gsub("%d+ homes, %d+ figures compared\n$", "") .. r.err).equals("")
    expect({ tonumber(homes), tonumber(figures) > 500 * HOMES }).equals { HOMES, true }
  end)
end)

describe("the newest value of an hour", function()
  it("is the one that was measured last, whoever measured it", function()
    local h = flow.home("UTC")
    h.import(flow.write(h.dir .. "/weights.jsonl", HEAD
      .. '{"line":"samples","origin":"1","metric":"weight","unit":"kg","at":[["2025-03-02T08:40:00+00:00",0,80]]}\n'
      .. '{"line":"samples","origin":"2","metric":"weight","unit":"kg","at":[["2025-03-02T08:10:00+00:00",0,82]]}\n'))
    local day = { "--from", "2025-03-02", "--to", "2025-03-02" }
    expect(h.json("query", "weight", table.unpack(day))[1].value).equals(80)
    local hour = h.json("query", "weight", "--every", "hour", table.unpack(day))[1]
    expect({ hour.n, hour.value }).equals { 2, 80 }
    h.remove()
  end)
end)
