-- SPDX-License-Identifier: MIT
-- Closed tables: what is unknown or of the wrong kind is told in one sentence, with a suggestion.
local schema = require("schema")

local shape = { listen = "string", port = "number", limits = { rule_ms = "number", rules = "boolean" } }

describe("a closed table", function()
  it("passes when all keys are known and of their kind", function()
    expect(schema.check({}, shape, "config.lua")).is_nil()
    expect(schema.check({ listen = "x", port = 1, limits = { rule_ms = 5, rules = false } }, shape, "config.lua")).is_nil()
  end)

  it("says what is wrong, where, and what was meant", function()
    local cases = {
      { { listne = "x" }, "config.lua: unknown key 'listne' (did you mean 'listen'?)" },
      { { limits = { rule_sm = 1 } }, "config.lua: limits: unknown key 'rule_sm' (did you mean 'rule_ms'?)" },
      { { port = "80" }, "config.lua: 'port' must be a number, not a string" },
      { { limits = 3 }, "config.lua: limits: a table is expected, not number" },
      { { quite_other = 1 }, "config.lua: unknown key 'quite_other'" },
      { { "x", listen = "y" }, "config.lua: unknown key '1'" }, { { [true] = 1, port = 2 }, "config.lua: unknown key 'true'" },
    }
    for _, c in ipairs(cases) do
      expect(schema.check(c[1], shape, "config.lua")).contains(c[2])
    end
    expect(schema.check("text", shape, "config.lua")).equals("config.lua: a table is expected, not string")
  end)
end)

describe("the nearest name", function()
  it("is found through a slip, a swap, another case, and is the same whatever the order", function()
    local names = { "heart_rate", "steps", "weight", "sleep_score" }
    expect(schema.nearest("setps", names)).equals("steps")
    expect(schema.nearest("hart_rate", names)).equals("heart_rate")
    expect(schema.nearest("WEIGHT", names)).equals("weight")
    expect(schema.nearest("bat", { "rat", "cat" })).equals("cat")
    expect(schema.nearest("bat", { "cat", "rat" })).equals("cat")
  end)

  it("is none when nothing is near, however long the word", function()
    expect(schema.nearest("banana", { "steps" })).is_nil()
    expect(schema.nearest(("x"):rep(500), { "steps", ("y"):rep(200) })).is_nil()
    expect(schema.nearest("a", {})).is_nil()
    expect(schema.did_you_mean("banana", { "steps" })).equals("")
  end)
end)
