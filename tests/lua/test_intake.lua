-- SPDX-License-Identifier: MIT
-- What a stranger's script hands over: every shape and length it can think of is taken, counted or refused.
local intake = require("intake")

local provider = { id = "acme", declaration = { kind = "provider", title = "Acme", posts = true } }

local function fresh()
  return intake.new({ zone = "UTC" }, { id = 1 }, provider)
end

local function column(n, more)
  local c = { metric = "heart_rate", unit = "/min", start = ("<i8"):pack(1772344800000):rep(n), dur = ("\0"):rep(8 * n),
    value = ("<d"):pack(60):rep(n), offset = ("\0"):rep(2 * n) }
  for k, v in pairs(more or {}) do
    c[k] = v
  end
  return c
end

describe("packed columns", function()
  it("are taken when their lengths agree", function()
    for _, n in ipairs { 0, 1, 7, 8192 } do
      local i = fresh()
      expect(i:take("samples", column(n))).is_true()
      expect(#i.columns).equals(1)
    end
  end)

  it("are refused when they do not, in the intake and in the transaction", function()
    for _, more in ipairs { { dur = "" }, { dur = ("\0"):rep(15) }, { value = "" }, { value = ("\0"):rep(24) }, { offset = "" }, { offset = ("\0"):rep(3) },
      { offset = ("\0"):rep(16) }, { start = "" }, { start = "1234567" }, { start = 5 }, { start = {} }, { dur = true }, { start = ("x"):rep(17), dur = ("x"):rep(17),
      value = ("x"):rep(17), offset = ("x"):rep(4) } } do
      local i = fresh()
      local ok, message = i:take("samples", column(2, more))
      expect(ok).is_nil()
      expect(message).contains("unlike lengths")
      if type(more.start or "") == "string" and type(more.dur or "") == "string" then
        local c = column(2, more)
        local fine, why = pcall(function() sw.txn.new(1, "me", "UTC"):packed(c, { provider = "acme", name = "x" }) end)
        expect(fine).equals(false)
        expect(why).contains("unlike lengths")
      end
    end
  end)

  it("of no metric or in a unit that does not fit are counted, not raised", function()
    for _, more in ipairs { { metric = "nothing" }, { metric = 5 }, { metric = {} }, { unit = "kg" }, { unit = "no such" } } do
      local i = fresh()
      expect(i:take("samples", column(2, more))).is_true()
      expect(i.rejected > 0 and #i.columns == 0).is_true()
    end
    local i = fresh()
    expect(i:take("samples", column(2, { unit = "kg" }))).is_true()
    expect(i.reasons["heart_rate in 'kg', which is no /min"]).equals(2)
  end)
end)

describe("what else a script hands over", function()
  it("is looked at field by field", function()
    for _, odd in ipairs { 5, "x", true, {}, { 5 }, { "x" }, { {} }, { { kind = 5 } }, { { kind = "workout" } }, { { kind = "workout", id = 5, start = 1 } },
      { { kind = "workout", id = "x", start = "now" } }, { { kind = "workout", id = "x", start = 1.5 } }, { { kind = "workout", id = "x", start = math.mininteger } },
      { { kind = "workout", id = "x", start = 5, finish = 4 } }, { { kind = "user", id = "x", start = 5 } }, { { day = 5 } }, { { day = "2026-13-45" } },
      { { day = "2026-03-01", metric = "steps", value = "x" } }, { { day = "2026-03-01", metric = "steps", value = 0 / 0 } },
      { { day = "2026-03-01", metric = "steps", value = 1, unit = "kg" } } } do
      for _, what in ipairs { "records", "days", "samples", "reject", "nothing" } do
        local i = fresh()
        i:take(what, odd)
        expect(#i.records + #i.days + #i.columns).equals(0)
      end
    end
  end)

  it("has reasons that do not grow without end", function()
    local i = fresh()
    for n = 1, 500 do
      i:take("reject", { reason = "reason " .. n })
    end
    local n = 0
    for _ in pairs(i.reasons) do
      n = n + 1
    end
    expect(n <= 61).is_true()
    expect(i.rejected).equals(500)
    i:take("reject", { reason = "many", n = 1 << 40 })
    i:take("reject", { reason = "few", n = -5 })
    expect(i.rejected).equals(500 + (1 << 40) + 1)
  end)
end)
