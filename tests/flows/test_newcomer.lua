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
    expect(r.out).contains("refused  files/broken.fit: ") -- as it lies below what was named
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

describe("rules backtest", function()
  it("says what would have been said, and which firings did nothing", function()
    local h = flow.home("UTC")
    h.import(world.new(h.dir, { first = "2025-03-01", days = 10 }).export())
    local out = h.ok("--now", "2025-03-10T12:00:00Z", "rules", "backtest", "morning_digest", "--since", "3d").out
    expect(out).contains("Good morning: slept ")
    expect(out:find("without doing anything")).is_nil()
    flow.write(h.dir .. "/rules/automations/quiet.lua", [[local sw = require "syncwell"
return sw.rule { title = "T", on = sw.at "08:00", uses = { "notify" }, run = function(_, ctx)
  if os.date("%d") == "09" then ctx.notify { text = "{n} cups", values = { n = 3 } } end
end }
]])
    out = h.ok("--now", "2025-03-10T12:00:00Z", "rules", "backtest", "quiet", "--since", "3d").out
    expect(out).contains("would have fired 3 times, 2 of them without doing anything\n")
    expect(out).contains("2025-03-08 08:00  quiet  schedule  (nothing to do)\n")
    expect(out).contains("2025-03-09 08:00  quiet  schedule  3 cups\n")
    h.remove()
  end)
end)

describe("colours", function()
  it("are for terminals that have them, unless the person wants none", function()
    local function first_line(env)
      return flow.sh(("%s script -qec '%s metrics' /dev/null </dev/null"):format(env, flow.binary)).out:match("[^\n]*")
    end
    expect(first_line("NO_COLOR= TERM=xterm")).contains("\27[1m")
    expect(first_line("NO_COLOR=1 TERM=xterm"):find("\27", 1, true)).is_nil()
    expect(first_line("NO_COLOR= TERM=dumb"):find("\27", 1, true)).is_nil()
    expect(flow.sh(flow.binary .. " metrics").out:find("\27", 1, true)).is_nil()
  end)
end)

describe("a table on a terminal", function()
  it("wraps its last column where it would not fit, and stays one line a row elsewhere", function()
    local function on(columns)
      return flow.sh(("script -qec 'stty cols %d; %s doc notify' /dev/null </dev/null"):format(columns,
        flow.binary)).out:gsub("\r", "")
    end
    for line in on(70):gmatch("[^\n]+") do
      expect(utf8.len(line) <= 70 or line:find("\27") ~= nil).is_true()
    end
    expect(on(70)).contains("up to three { text, and\n" .. (" "):rep(47) .. "one of")
    local plain = flow.sh(flow.binary .. " doc notify").out
    expect(plain).contains("up to three { text, and one of fire, task, tag, snooze, url }\n")
    expect(on(30)).contains("up to three { text, and one of fire") -- too narrow for a column of words
  end)
end)

describe("records", function()
  it("takes the words for a time that show takes, and refuses what is none", function()
    local h = flow.home("UTC")
    h.ok("--now", "2026-03-10T12:00:00Z", "log", "workout", "running", "45min", "2026-03-09 09:00")
    h.ok("--now", "2026-03-10T12:00:00Z", "log", "workout", "hiking", "45min", "2026-01-10 09:00")
    local function types(...)
      local list = {}
      for i, r in ipairs(h.json("--now", "2026-03-10T12:00:00Z", "records", "workout", ...)) do
        list[i] = r.type
      end
      return list
    end
    expect(types()).equals { "hiking", "running" }
    expect(types("last", "9d")).equals { "running" }
    expect(types("2026-01")).equals { "hiking" }
    local r = h.run("records", "workout", "lately")
    expect(r.code).equals(2)
    expect(r.err).contains("'lately' is not a time I understand")
    h.remove()
  end)

  it("shows the clock on the wall, with its offset where that was not the one at home", function()
    local h = flow.home("Europe/Berlin")
    h.import(flow.write(h.dir .. "/export.xml", [[<?xml version="1.0" encoding="UTF-8"?>
<HealthData locale="en_US"><ExportDate value="2026-03-10 12:00:00 +0100"/>
<Workout workoutActivityType="HKWorkoutActivityTypeRunning" duration="45" durationUnit="min" sourceName="Watch"
 startDate="2026-03-09 09:00:00 -0500" endDate="2026-03-09 09:45:00 -0500"/>
</HealthData>
]]))
    h.ok("log", "workout", "hiking", "45min", "2026-03-09 11:00")
    local out = h.ok("records", "workout").out
    expect(out).contains("2026-03-09 09:00 -05:00  running")
    expect(out).contains("2026-03-09 11:00         hiking")
    h.remove()
  end)
end)

describe("the first rule and the first connection", function()
  it("say when they work, where messages go, and which address a phone needs", function()
    local h = flow.home("UTC")
    local out = h.ok("rules", "install", "short_sleep").out
    expect(out).contains("it fires while `syncwell serve` or `run` is on; messages go to " .. h.dir .. "/notifications.log\n")
    expect(h.ok("rules", "install", "hydrate").out:find("messages go")).is_nil()
    expect(h.ok("connect", "phone").out).contains("Only this machine reaches it there: `public_url`")
    flow.write(h.dir .. "/config.lua", [[return { public_url = "https://me.example",
  channels = { default = "ntfy", ntfy = { url = "https://ntfy.example/x" } } }]])
    expect(h.ok("rules", "install", "short_sleep").out).contains("; messages go to ntfy\n")
    out = h.ok("connect", "health-connect").out
    expect(out).contains("https://me.example/in/")
    expect(out:find("Only this machine")).is_nil()
    h.remove()
  end)

  it("rules fire says which gate stood in the way, and log asks about a sport that is nearly one", function()
    local h = flow.home("UTC")
    expect(h.ok("log", "workout", "runing", "45min").out).contains("did you mean 'running'?")
    expect(h.ok("log", "workout", "running", "45min").out:find("did you mean")).is_nil()
    h.ok("rules", "install", "hydrate")
    expect(h.ok("rules", "fire", "hydrate").out).contains("no  when: elapsed 45 min, needs > 1 h")
    h.remove()
  end)
end)
