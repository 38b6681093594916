-- SPDX-License-Identifier: MIT
-- An address as a QR code: its shape as the standard says, and a sentence for what does not fit.
local FINDER = { "#######", "#     #", "# ### #", "# ### #", "# ### #", "#     #", "#######" }

local function has_finder(rows, y, x)
  for i, line in ipairs(FINDER) do
    if rows[y + i - 1]:sub(x, x + 6) ~= line then
      return false
    end
  end
  return true
end

describe("a QR code", function()
  it("is a square of a standard size with its three finders and timing marks", function()
    for _, n in ipairs { 1, 17, 60, 300, 1200 } do
      local rows = assert(sw.qr.rows(("x"):rep(n)))
      local width = #rows
      expect((width - 17) % 4).equals(0)
      for _, row in ipairs(rows) do
        expect(#row).equals(width)
        expect(row:find("[^# ]")).is_nil()
      end
      expect(has_finder(rows, 1, 1) and has_finder(rows, 1, width - 6) and has_finder(rows, width - 6, 1)).is_true()
      for x = 9, width - 8 do
        expect(rows[7]:sub(x, x)).equals(x % 2 == 1 and "#" or " ")
      end
    end
  end)

  it("tells texts apart and refuses one that is too long", function()
    expect(table.concat(sw.qr.rows("a")) ~= table.concat(sw.qr.rows("b"))).is_true()
    local rows, message, code = sw.qr.rows(("x"):rep(1201))
    expect(rows).is_nil()
    expect(message).contains("too long for a QR code")
    expect(code).equals("limit")
  end)
end)
