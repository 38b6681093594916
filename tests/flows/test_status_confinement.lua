-- SPDX-License-Identifier: MIT
-- What confines scripts is asked of a worker once; `status` starts none as long as nothing changed.
local flow = require("flow")
local homes = require("home")

local function remembered(h)
  local ctx = assert(homes.open({ home = h.dir, zone = "UTC" }, true))
  return ctx, sw.store.doc(ctx.who, ".confinement", "worker").body
end

local function remember(ctx, body)
  local t = homes.txn(ctx)
  t:doc(".confinement", "worker", sw.json.encode(body))
  assert(t:commit())
end

describe("status", function()
  it("tells the confinement a worker told before, and asks again when what it depends on changed", function()
    local h = flow.home("UTC")
    local first = h.json("status").confinement
    local ctx, body = remembered(h)
    expect(body.text).equals(first)
    remember(ctx, { stamp = body.stamp, text = "told before" })
    expect(h.json("status").confinement).equals("told before")
    remember(ctx, { stamp = "of another kernel", text = "told before" })
    expect(h.json("status").confinement).equals(first)
    h.remove()
  end)
end)
