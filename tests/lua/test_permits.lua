-- SPDX-License-Identifier: MIT
-- Permits are taken several at once by who sends many, and never more than the limit in any period.
local home = require("home")
local permits = require("permits")

local dir = sw.fs.temp_dir()
sw.time.set(1772366400000)
local ctx = assert(home.open({ home = dir, zone = "UTC" }, true))

local function advance(ms)
  sw.time.set(sw.time.now() + ms)
end

local commits = 0
local new = sw.txn.new
sw.txn.new = function(...) -- luacheck: ignore 122
  commits = commits + 1
  return new(...)
end

describe("permits", function()
  it("cost a commit for each while requests are rare, and few commits when they come in a row", function()
    local limits = { { name = "rare", most = 1000, period_ms = 900000, reserve = 0 } }
    commits = 0
    for _ = 1, 10 do
      expect((permits.take(ctx, "rare", limits))).is_true()
      advance(60000)
    end
    expect(commits).equals(10)
    commits = 0
    for _ = 1, 200 do
      expect((permits.take(ctx, "rare", limits))).is_true()
    end
    expect(commits < 30).is_true()
    expect(sw.store.limit_used("rare", 1000, 900000, false) <= 232).is_true()
  end)

  it("never let more pass than the limit allows, in a sliding period and in an aligned one", function()
    for _, aligned in ipairs { true, false } do
      local limits = { { name = "few" .. tostring(aligned), most = 100, period_ms = 60000, aligned = aligned, reserve = 0 } }
      local sent = {}
      for _ = 1, 4000 do
        if permits.take(ctx, "few" .. tostring(aligned), limits) then
          sent[#sent + 1] = sw.time.now()
        end
        advance(100)
      end
      expect(#sent > 300).is_true()
      local worst = 0
      for i = 1, #sent do
        local n = 0
        for k = i, #sent do
          local inside = aligned and sent[k] // 60000 == sent[i] // 60000 or not aligned and sent[k] < sent[i] + 60000
          n = n + (inside and 1 or 0)
        end
        worst = math.max(worst, n)
      end
      expect(worst <= 100).is_true()
      expect(worst > 60).is_true()
    end
  end)

  it("lapse with their time, and are dropped when the service says stop", function()
    local limits = { { name = "stop", most = 10000, period_ms = 900000, reserve = 0 } }
    for _ = 1, 4 do -- 1, 2, and one of 4
      permits.take(ctx, "stop", limits)
    end
    commits = 0
    permits.take(ctx, "stop", limits)
    expect(commits).equals(0)
    permits.drop("stop")
    permits.take(ctx, "stop", limits)
    expect(commits).equals(1)
    permits.take(ctx, "stop", limits)
    advance(5000)
    commits = 0
    permits.take(ctx, "stop", limits)
    expect(commits).equals(1)
  end)

  it("tell how long to wait when there are none", function()
    local limits = { { name = "none", most = 1, period_ms = 60000, aligned = true, reserve = 0 } }
    expect((permits.take(ctx, "none", limits))).is_true()
    local fine, wait = permits.take(ctx, "none", limits)
    expect(fine).is_nil()
    expect(wait > 0 and wait <= 60000).is_true()
    sw.time.set()
    sw.txn.new = new -- luacheck: ignore 122
    sw.fs.remove_tree(dir)
  end)
end)
