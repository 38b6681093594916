-- SPDX-License-Identifier: MIT
-- What a test that fails tells: which one, where, and what is to be done, in a text that a person reads.
local flow = require("flow")

local function outcome(source)
  local file = flow.temp() .. "/test_x.lua"
  flow.write(file, source)
  return flow.sh(("%s --lua-test %s"):format(flow.quote(flow.binary), flow.quote(file)))
end

describe("a test that fails", function()
  it("is named with what was wanted and found, however long that is, and without marks of Lua", function()
    local r = outcome [[describe("a page", function() it("is short", function()
      expect(("one line of a page\n"):rep(2000)).contains("nothing \27[2J like it")
    end) end)]]
    expect(r.code).equals(1)
    expect(r.out).contains("FAIL a page: is short\n")
    expect(r.out).contains("test_x.lua:2: expected a text with")
    expect(r.out).contains("bytes in all)\nstack traceback:\n\t")
    expect(r.out:find("\\9", 1, true)).is_nil()
    expect(r.out:find("\27", 1, true)).is_nil()
    expect(#r.out < 4000).is_true()
  end)
end)

describe("what two texts differ in", function()
  it("is the lines that one of them has more often, and no others", function()
    local page = "head\nrow\nfoot\nhead\nrow\nfoot\n"
    expect(flow.difference(page, (page:gsub("foot\n$", "feet\n")))).equals("+ feet\n- foot")
    expect(flow.difference(page, page .. "row\n")).equals("+ row")
    expect(flow.difference(page .. "row\nrow\n", page)).equals("- row\n- row")
  end)
end)

describe("a page that is kept beside what makes it", function()
  it("is told with the command that writes it anew", function()
    expect(flow.stale("lua/README.md", "a\nb\n", "a\nb\n")).equals("")
    expect(flow.stale("lua/README.md", "a\nb\n", "a\nb\nc\n")).contains("lua/README.md is not what the program makes now: run `./run pages`")
  end)
end)
