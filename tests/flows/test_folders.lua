-- Folders of small files: they share commits, and nobody can tell.
local flow = require("flow")
local world = require("world")

local N = 70 -- more than share one commit

local function folder_of(h, w)
  local dir = h.dir .. "/folder"
  sw.fs.mkdir(dir)
  for i = 1, N do
    local format = ({ "fit", "tcx", "gpx" })[i % 3 + 1]
    flow.write(("%s/%03d.%s"):format(dir, i, format), w.bytes(i, format))
  end
  return dir
end

-- The chunks of the home say nothing any more.
local function damage_chunks(h)
  return flow.sh(([[python3 -c "
import sqlite3
c = sqlite3.connect('%s/syncwell.db'); c.execute('UPDATE chunk SET data = x\'00\''); c.commit()"]]):format(h.dir))
end

describe("a folder", function()
  it("leaves what its files leave one by one", function()
    local all, single = flow.home("Europe/Berlin"), flow.home("Europe/Berlin")
    local dir = folder_of(all, world.new(all.dir, { days = 260 }))
    local list = all.import(dir) -- some have no position: not everything is whole
    expect(#list).equals(N + 1)
    local new = 0
    for i = 1, N do
      local one = single.import(list[i].file)
      expect(one[1].new).equals(list[i].new)
      expect(one[1].status).equals(list[i].status)
      expect(one[1].reasons).equals(list[i].reasons)
      expect(one[1].notes).equals(list[i].notes)
      new = new + list[i].new
    end
    expect(list[N + 1].total.new).equals(new)
    expect(flow.difference(single.dump(), all.dump())).equals("")
    all.remove()
    single.remove()
  end)

  it("with one file under two names stores it once and says that it is known", function()
    local h = flow.home("UTC")
    local w = world.new(h.dir, { days = 12 })
    sw.fs.mkdir(h.dir .. "/two")
    w.activity(1, "fit", "two/a")
    w.activity(1, "fit", "two/b")
    local list = h.import(h.dir .. "/two")
    expect(list[1].new > 0).is_true()
    expect(list[2].new).equals(0)
    expect(list[2].unchanged).equals(list[1].new)
    expect(list[2].kept_reason).contains("imported before")
    h.remove()
  end)

  it("with a file that cannot be stored keeps the others that share its commit", function()
    local h = flow.home("UTC")
    local w = world.new(h.dir, { days = 30 })
    h.import(w.activity(1, "fit", "first"))
    if damage_chunks(h).code ~= 0 then
      skip("needs python3 with sqlite3")
    end
    sw.fs.mkdir(h.dir .. "/some")
    flow.write(h.dir .. "/some/b.fit", w.bytes(1, "fit", { every_s = 7 })) -- the day of the damaged chunks
    w.activity(5, "fit", "some/a")
    w.activity(9, "fit", "some/c")
    local list, r = h.import(h.dir .. "/some")
    expect(r.code).equals(4)
    expect(list[1].status).equals("ok")
    expect(list[2].status).equals("refused")
    expect(list[2].reasons[1]).contains("damaged")
    expect(list[3].status).equals("ok")
    expect(list[4].total.refused).equals(1)
    local again = h.import(h.dir .. "/some")
    expect(again[1].new).equals(0)
    expect(again[2].status).equals("refused")
    expect(again[3].unchanged).equals(list[3].new)
    h.remove()
  end)
end)
