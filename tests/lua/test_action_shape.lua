-- SPDX-License-Identifier: MIT
-- What comes out of a box that lies is refused before anything of it is written down.
local firing = require("firing")

local rule = { declaration = { uses = { "notify", "task:write", "record:write", "calendar:write" } } }

local function doubt(action, args, log)
  return firing.doubt(rule, { key = "k", fired = true, log = log, actions = { { action = action, args = args } } })
end

describe("the result of a run", function()
  it("passes as rules write it", function()
    expect(doubt("notify", { text = "a", at = 1735718400000, within = 60, buttons = {}, priority = "high" },
      { "a line" }) == nil).is_true()
    expect(doubt("record.add", { start = 1735718400000.0, metric = "caffeine", value = 80.5 }) == nil).is_true()
  end)

  it("is refused when an argument is of another kind than its name says", function()
    for _, case in ipairs {
      { "notify", { text = {} }, "'text' is no text" },
      { "notify", { text = "a", at = "noon" }, "'at' is no time" },
      { "notify", { text = "a", at = 0 / 0 }, "'at' is no time" },
      { "notify", { text = "a", at = 1e18 }, "'at' is no time" },
      { "notify", { text = "a", within = 1 / 0 }, "'within' is no number" },
      { "notify", { text = "a", buttons = "x" }, "'buttons' is no table" },
      { "notify", { text = "a", priority = {} }, "'priority' is no priority" },
      { "notify", { text = ("x"):rep(70000) }, "'text' is no text" },
      { "notify", {}, "given no 'text'" },
      { "notify", { "a" }, "an argument that it does not have" },
      { "task.add", { title = "a", due = {} }, "'due' is no time" },
      { "record.add", { start = 1, metric = "caffeine", value = 0 / 0 }, "'value' is no number" },
      { "record.tag", { id = 5, tag = "a" }, "'id' is no text" },
      { "calendar.add", { title = "a" }, "given no 'at'" },
    } do
      expect(doubt(case[1], case[2])).contains(case[3])
    end
  end)

  it("is seen to be plain only when it is a clean key and texts alone, for actions that were granted", function()
    local allowed, texts = { notify = "text" }, { text = true, title = true }
    local function plain(key, action, args)
      return sw.box.plain({ key = key, actions = { { action = action, args = args } } }, allowed, texts)
    end
    expect(plain("k", "notify", { text = "a", title = "b" })).is_true()
    expect(sw.box.plain({ key = "k" }, allowed, texts)).is_true()
    for _, out in ipairs { 5, {}, { key = 7 }, { key = "k", log = { "a" } }, { key = "k", actions = "text" },
      { key = "k", actions = { "notify" } }, { key = "k", actions = { { action = "notify" } } } } do
      expect(sw.box.plain(out, allowed, texts)).equals(false)
    end
    for _, case in ipairs {
      { "\27[31mk", "notify", { text = "a" } }, { "k", "task.add", { text = "a" } }, { "k", {}, { text = "a" } },
      { "k", "notify", { title = "a" } }, { "k", "notify", { text = 5 } }, { "k", "notify", { text = "a", buttons = {} } },
      { "k", "notify", { text = "a", "b" } }, { "k", "notify", { text = ("x"):rep(65537) } },
    } do
      expect(plain(case[1], case[2], case[3])).equals(false)
    end
  end)

  it("is refused when a hole stands among its actions", function()
    expect(firing.doubt(rule, { key = "k", actions = { nil, { action = "notify", args = { text = "a" } } } }))
      .contains("not granted")
  end)

  it("is refused when its log or its actions are none", function()
    for _, out in ipairs { { key = "k", log = "text" }, { key = "k", log = { {} } }, { key = "k", actions = "text" } } do
      expect(firing.doubt(rule, out)).contains("what no run gives")
    end
  end)
end)
