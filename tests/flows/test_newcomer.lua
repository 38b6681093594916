-- What somebody sees who follows the pages for the first time: short answers, and the way on in each.
local flow = require("flow")
local world = require("world")

local function folder_of(h, n)
  local w = world.new(h.dir, { first = "2025-01-01", days = 120 })
  sw.fs.mkdir(h.dir .. "/files")
  for i = 1, n do
    flow.write(("%s/files/%03d.tcx"):format(h.dir, i), w.bytes(i, "tcx"))
  end
  return h.dir .. "/files"
end

describe("import", function()
  it("names a few files one by one, and gathers many, but for those with something to say", function()
    local h = flow.home("UTC")
    local dir = folder_of(h, 25)
    local few = h.ok("import", dir .. "/001.tcx", dir .. "/002.tcx").out
    expect(few).contains("001.tcx (tcx): ")
    expect(few).contains("002.tcx (tcx): ")
    flow.write(dir .. "/broken.fit", "this is no such file\n")
    local r = h.run("import", dir)
    expect(r.code).equals(4)
    expect(r.out).contains("25 files (tcx): ")
    expect(r.out:find("/003.tcx")).is_nil()
    expect(r.out).contains("refused  " .. dir .. "/broken.fit: ")
    expect(#h.import(dir)).equals(27) -- for machines each file is a line, and the total one
    expect(h.run("--quiet", "import", dir).out:find("files (tcx)", 1, true)).is_nil()
    h.remove()
  end)
end)

describe("show", function()
  it("says where the data is when the last days have less of it than there was", function()
    local h = flow.home("UTC")
    h.import(world.new(h.dir, { first = "2025-03-01", days = 10 }).export())
    local function shown(at, ...)
      return h.ok("--now", at, "show", ...).out
    end
    expect(shown("2025-03-10T12:00:00Z"):find("nothing in these days")).is_nil()
    h.ok("--now", "2025-05-01T12:00:00Z", "log", "weight", "81kg")
    local out = shown("2025-05-01T12:00:00Z")
    expect(out).contains("Weight")
    expect(out).contains("nothing in these days: Steps")
    local way = out:match("syncwell show (2025[^\n]+)")
    expect(shown("2025-05-01T12:00:00Z", way)).contains("Steps")
    expect(shown("2025-05-01T12:00:00Z", "steps", "last", "3d")).contains("syncwell show steps 2025-03-10")
    h.remove()
  end)
end)
