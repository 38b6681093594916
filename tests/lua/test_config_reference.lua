-- SPDX-License-Identifier: MIT
-- Every key that config.lua may have is told of, and nothing else.
local config = require("config")
local config_reference = require("config_reference")

-- "retention.raw_days" of each leaf of the shape.
local function leaves(shape, before, list)
  for key, what in pairs(shape) do
    local name = before == "notices" and ("notices[\"%s\"]"):format(key) or (before and before .. "." or "") .. key
    if type(what) == "table" then
      leaves(what, name, list)
    else
      list[#list + 1] = name
    end
  end
  return list
end

describe("`syncwell doc config`", function()
  it("tells of each setting there is, once", function()
    local there, told = leaves(config.shape(), nil, {}), {}
    for _, row in ipairs(config_reference.rows()) do
      told[#told + 1] = row[1]
      expect(#row[3] > 5).is_true()
    end
    table.sort(there)
    expect(told).equals(there)
  end)
end)
