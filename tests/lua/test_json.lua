-- SPDX-License-Identifier: MIT
-- JSON for trusted Lua: round trips, one text for equal values, lists, identities, and what is no JSON.
local json = sw.json

local function round(value)
  return json.decode(json.encode(value))
end

describe("a round trip", function()
  it("keeps texts of every kind", function()
    for _, text in ipairs { "", "plain", 'quote " back \\ slash /', "tab\tline\nreturn\r", "nul\0inside", "\1\31\127", "äöü € 😀", "\u{2028}\u{feff}",
      ("long "):rep(20000) } do
      expect(round({ v = text }).v).equals(text)
    end
  end)

  it("keeps whole numbers of 64 bits and the last bit of fractions", function()
    for _, n in ipairs { 0, -1, 1, 2 ^ 53 | 0, math.maxinteger, math.mininteger } do
      expect(math.type(round({ n }))).is_nil()
      expect(round({ n })[1]).equals(n)
      expect(math.type(round({ n })[1])).equals("integer")
    end
    for _, x in ipairs { 0.1, 1 / 3, 1e-300, 1.7976931348623157e308, 5e-324, -2.5 } do
      expect(round({ x })[1]).equals(x)
    end
  end)

  it("keeps nesting, lists that are empty when they are said to be lists, and leaves null out", function()
    local value = { a = { b = { { 1, { c = true } }, false } } }
    expect(round(value)).equals(value)
    expect(json.encode { list = json.list {}, map = {} }).equals('{"list":[],"map":{}}')
    expect(json.encode { a = json.null }).equals('{"a":null}')
    expect(json.decode('{"a":null,"b":1}')).equals { b = 1 }
  end)

  it("writes equal values alike, whatever order they were made in", function()
    local a, b = {}, {}
    for i = 1, 50 do
      a["k" .. i], b["k" .. 51 - i] = i, 51 - i
    end
    expect(json.encode(a)).equals(json.encode(b))
  end)

  it("writes what is no figure as null, and bytes that are no text as marks", function()
    expect(json.encode { 1 / 0, 0 / 0 }).equals("[null,null]")
    expect(utf8.len(json.encode { "a\xff\xfeb\xc3" }) ~= nil).is_true()
  end)
end)

describe("reading", function()
  it("refuses with nil and a reason what is no JSON", function()
    for _, text in ipairs { "", " ", "{", "}", "[1,]", '{"a":}', '{"a" 1}', "{'a':1}", "nul", "truth", "01", "1.", ".5", "+1", "1e", "--1", '"open',
      '"\\x"', '"\\u12"', '"\\ud800"', '"line\nbreak"', "[1] 2", '{"a":1,}', "\xff", '"\xff"', "[1,2", "NaN", ("["):rep(100000) } do
      local ok, value, message = pcall(json.decode, text)
      expect(ok).is_true()
      expect(value).is_nil()
      expect(type(message)).equals("string")
    end
  end)

  it("takes white space, escapes and surrogate pairs", function()
    expect(json.decode(' \t\r\n{ "a" : [ 1 , 2 ] } ')).equals { a = { 1, 2 } }
    expect(json.decode('"\\u00e9\\ud83d\\ude00\\/\\b"')).equals("é😀/\b")
    expect(json.decode("-0")).equals(0)
    expect(json.decode("1e2")).equals(100.0)
  end)
end)

describe("writing", function()
  it("refuses what cannot be written instead of guessing", function()
    local loop = {}
    loop.me = loop
    for _, value in ipairs { { f = print }, { [1.5] = 1 }, { [true] = 1 }, loop } do
      local ok, message = pcall(json.encode, value)
      expect(ok).equals(false)
      expect(tostring(message)).contains("JSON")
    end
  end)
end)
