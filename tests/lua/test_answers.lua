-- SPDX-License-Identifier: MIT
-- Long answers and long posts live for a moment: whoever comes later pays for none of those before. The collector
-- is stopped meanwhile, so what is seen is what asking and being asked give back themselves.
local MIB, LENGTH, TIMES = 1 << 20, 1 << 20, 24

local posted = 0
local port = assert(sw.serve.listen("127.0.0.1:0", function(request, answer)
  posted = posted + #request.body
  answer(200, {}, request.path == "/long" and ("x"):rep(LENGTH) or "")
end))

local function ask(path, body)
  return assert(sw.http.request { url = ("http://127.0.0.1:%d%s"):format(port, path), body = body,
    method = body and "POST" or nil, administrator = true })
end

-- The most by which the heap of Lua had grown after any of them, in MiB.
local function most_of(times, f)
  collectgarbage()
  collectgarbage("stop")
  local before, most = collectgarbage("count"), 0
  for _ = 1, times do
    f()
    most = math.max(most, (collectgarbage("count") - before) / 1024)
  end
  collectgarbage("restart")
  return most
end

describe("texts from outside", function()
  it("do not gather while a service gives one after another", function()
    local most = most_of(TIMES, function()
      expect(#ask("/long").body).equals(LENGTH)
    end)
    expect(most < TIMES * LENGTH / MIB / 2).is_true()
  end)

  it("do not gather while one after another is posted", function()
    local body = ("y"):rep(LENGTH)
    posted = 0
    local most = most_of(TIMES, function()
      ask("/post", body)
    end)
    expect(posted).equals(TIMES * LENGTH)
    expect(most < TIMES * LENGTH / MIB / 2).is_true()
  end)

  it("stay as long as somebody holds them", function()
    local held = {}
    for i = 1, 8 do
      held[i] = ask("/long").body
    end
    for i = 1, 8 do
      expect(held[i]).equals(("x"):rep(LENGTH))
    end
  end)
end)
