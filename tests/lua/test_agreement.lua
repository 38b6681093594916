-- Agreement of two sources, against figures worked out by hand; and the picture of it as XML.
local agreement = require("agreement")
local expected = require("expected")
local svg = require("svg")

local function near(a, b)
  return math.abs(a - b) < 1e-9
end

describe("agreement of two sources", function()
  it("has the bias, spread and limits of a small table", function()
    -- differences 1, 3, -1, 1: mean 1, squares 0 + 4 + 4 + 0, sd = sqrt(8 / 3)
    local s = agreement.of { { a = 11, b = 10 }, { a = 23, b = 20 }, { a = 29, b = 30 }, { a = 41, b = 40 } }
    expect(s.n).equals(4)
    expect(s.bias).equals(1)
    expect(near(s.sd, math.sqrt(8 / 3))).equals(true)
    expect(near(s.low, 1 - 1.96 * math.sqrt(8 / 3))).equals(true)
    expect(near(s.high, 1 + 1.96 * math.sqrt(8 / 3))).equals(true)
    expect(near(s.mean_a, 26)).equals(true)
    -- deviations -15 -3 3 15 and -15 -5 5 15: 480 / sqrt(468 * 500)
    expect(near(s.correlation, 480 / math.sqrt(468 * 500))).equals(true)
  end)

  it("of one pair, of none and of a source that never changes claims nothing it cannot know", function()
    expect(agreement.of({}).bias).equals(nil)
    local one = agreement.of { { a = 3, b = 1 } }
    expect(one.bias).equals(2)
    expect(one.sd).equals(nil)
    local flat = agreement.of { { a = 5, b = 1 }, { a = 5, b = 2 }, { a = 5, b = 3 } }
    expect(flat.correlation).equals(nil)
  end)

  it("pairs days that both have and keeps apart those of one", function()
    local both, a, b = agreement.pair({ { day = 1, value = 5 }, { day = 2, value = 6 }, { day = 4, value = 0 } },
      { { day = 2, value = 7 }, { day = 3, value = 8 }, { day = 4, value = 0 } })
    expect(#both).equals(2)
    expect(both[1].a - both[1].b).equals(-1)
    expect(both[2].a).equals(0)
    expect(table.concat(a, " ")).equals("1")
    expect(table.concat(b, " ")).equals("3")
  end)
end)

describe("what is expected", function()
  it("came on at least four of the eight such weekdays before", function()
    local present = {}
    for _, back in ipairs { 1, 3, 5 } do
      present[1000 - back * 7] = true
    end
    expect(expected.on(present, 1000)).equals(false)
    present[1000 - 8 * 7] = true
    expect(expected.on(present, 1000)).equals(true)
    expect(expected.on(present, 1001)).equals(false)
    present[1000 - 8 * 7], present[1000 - 9 * 7] = nil, true -- too long ago
    expect(expected.on(present, 1000)).equals(false)
  end)
end)

describe("a picture", function()
  it("escapes names of strangers and holds a circle a point", function()
    local text = svg.scatter { title = '<script>"&\27[31m', x = "x", y = "y",
      points = { { 1, 2, "a<b" }, { 3, 4 }, { 5, 6 } }, lines = { { 3, "bias" } } }
    expect(text:find("<script", 1, true)).equals(nil)
    expect(text:find("\27", 1, true)).equals(nil)
    expect(text:find("&lt;script&gt;&quot;&amp;", 1, true) ~= nil).equals(true)
    expect(select(2, text:gsub("<circle ", ""))).equals(3)
    expect(text:find("nan", 1, true) or text:find("inf", 1, true)).equals(nil)
  end)

  it("of one point, or of equal values, has finite places", function()
    for _, points in ipairs { { { 5, 0 } }, { { 0, 0 }, { 0, 0 } }, {} } do
      local text = svg.scatter { title = "t", x = "x", y = "y", points = points, lines = {} }
      expect(text:find("nan", 1, true) or text:find("inf", 1, true)).equals(nil)
    end
  end)
end)
