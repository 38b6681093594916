-- SPDX-License-Identifier: MIT
-- What people see: figures, durations, bars and tables, also at their edges and with hostile texts.
local term = require("term")

-- What f writes to standard output.
local function written(f)
  local parts, out = {}, sw.sys.out
  rawset(sw.sys, "out", function(text)
    parts[#parts + 1] = text
    return true
  end)
  local ok, message = pcall(f)
  rawset(sw.sys, "out", out)
  assert(ok, message)
  return table.concat(parts)
end

local function check(f, rows)
  for _, row in ipairs(rows) do
    expect(f(row[1])).equals(row[2])
  end
end

describe("figures", function()
  it("are grouped by thousands, with one decimal where there is a fraction", function()
    check(term.number, { { 0, "0" }, { 999, "999" }, { 1000, "1,000" }, { 1234567, "1,234,567" }, { -1234, "-1,234" }, { -123456, "-123,456" },
      { 2.0, "2" }, { 1234.56, "1,234.6" }, { 0.04, "0.0" } })
    expect(#term.number(1e300) > 300).is_true()
  end)

  it("of bytes take the unit that fits, a rate below one byte included", function()
    check(term.bytes, { { 0, "0 B" }, { 0.53, "1 B" }, { 999, "999 B" }, { 1000, "1.0 kB" }, { 1500000, "1.5 MB" }, { 2e9, "2.0 GB" },
      { 5e12, "5000.0 GB" } })
  end)

  it("of time never say 60 minutes", function()
    check(term.duration, { { 0, "0 s" }, { 59.4, "59 s" }, { 59.6, "1 min" }, { 89, "1 min" }, { 90, "2 min" }, { 3569, "59 min" },
      { 3570, "1 h 00 min" }, { 3600, "1 h 00 min" }, { 5400, "1 h 30 min" }, { 7199, "2 h 00 min" }, { 90000, "25 h 00 min" } })
  end)
end)

describe("bars and sparklines", function()
  it("stay within their width and show holes as blanks", function()
    expect(term.width(term.bar(5, 10, 20))).equals(10)
    expect(term.bar(5, 0, 20)).equals("")
    expect(term.bar(-5, 10, 20)).equals("")
    expect(term.width(term.bar(50, 10, 20))).equals(20)
    local spark = term.spark({ 1, nil, 8 }, 3)
    expect(term.width(spark)).equals(3)
    expect(spark).contains(" ")
    expect(term.width(term.spark { 4, 4, 4 })).equals(3)
    expect(term.spark({}, 2)).equals("  ")
  end)
end)

describe("points", function()
  it("stand between the least and the most, which are written below", function()
    local text = written(function()
      term.points { { label = "a", text = "78", value = 78 }, { label = "bb", text = "80", value = 80 },
        { label = "c", text = "79", value = 79 } }
    end)
    local at = {}
    for line in text:gmatch("[^\n]+") do
      at[#at + 1] = #(line:match("^%a+ +%d+  ( *)[^ ]") or line)
    end
    expect({ at[1], at[2] > 8, math.abs(at[3] * 2 - at[2]) < 2 }).equals { 0, true, true }
    expect(text:match("([^\n]*)\n*$")).contains("78  ")
    expect(text:match("(%S+)\n*$")).equals("80")
    expect(written(function() term.points { { label = "a", text = "5", value = 5 } } end)).contains("a  5")
  end)
end)

describe("a table", function()
  it("counts characters, puts figures right and lets no control byte through", function()
    local text = written(function()
      term.table({ "name", "n" }, { { "größe", 5 }, { "a\27[2J\nb", 12 }, { "x" } })
    end)
    local lines = {}
    for line in text:gsub("\27%[%d*m", ""):gmatch("[^\n]+") do
      lines[#lines + 1] = line
    end
    expect(#lines).equals(4)
    expect(lines[2]).equals("größe    5")
    expect(lines[3]:sub(-2)).equals("12")
    expect(lines[3]:find("\27", 1, true)).is_nil()
    expect(lines[4]).equals("x")
  end)

  it("takes a percent sign for what it is", function()
    expect(written(function()
      term.line("100 %")
      term.line("%s", "50 %d")
    end)).equals("100 %\n50 %d\n")
  end)
end)
