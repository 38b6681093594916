-- Notifications beyond their channel: buttons and their one-time links, groups, what is not told twice, the
-- log of deliveries; and what SyncWell tells by itself, each to be turned off.
local daemon = require("daemon")
local flow = require("flow")
local live = require("live")
local replay = require("replay_server")

local seen, status = {}, 200
local port = assert(sw.serve.listen("127.0.0.1:0", function(request, answer)
  seen[#seen + 1] = request
  answer(status, {}, "{}")
end))

local NOON = "2026-03-01T12:00:00Z"

local function rule(h, name, body, uses)
  flow.write(("%s/rules/automations/%s.lua"):format(h.dir, name), ([[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.event "workout.created", uses = { %s }, run = function(w, ctx) %s end }
]]):format(uses or '"notify"', body))
end

local function home(channel, more)
  local h = flow.home("UTC")
  flow.write(h.dir .. "/config.lua", ('return { channels = { default = "%s", ntfy = { url = "http://127.0.0.1:%d/topic" },'
    .. ' webhook = { url = "http://127.0.0.1:%d/hook" } }%s }'):format(channel or "file", port, port, more or ""))
  seen, status = {}, 200
  return h
end

local function step(h, at)
  return flow.beside(h.command("--now", at or NOON, "run", "--once"))
end

local function workout(h, sport, at)
  h.ok("--now", at or NOON, "log", "workout", sport, "30min", (at or NOON):sub(1, 10) .. " 09:00")
end

local function told(h)
  return flow.read(h.dir .. "/notifications.log") or ""
end

local function lines(h)
  return select(2, told(h):gsub("\n", "\n"))
end

local function curl(words)
  return flow.beside("curl -s " .. words).out
end

local function wait_for(f)
  for _ = 1, 100 do
    local value = f()
    if value then
      return value
    end
    sw.sys.sleep(100)
  end
end

describe("buttons", function()
  local h, server
  local links = {}

  it("go to ntfy as its actions and to a webhook as links", function()
    h = home("ntfy")
    rule(h, "drink", [[ctx.task.add "Drink"
      ctx.notify { text = "Drink", buttons = { { text = "Erledigt ✓", task = "Drink" }, { text = "Later", snooze = "2h" },
        { text = "Note", fire = "noted" } } }
      ctx.notify { text = "Look", channel = "webhook", buttons = { { text = "Map", url = "https://example.org/m" },
        { text = "Hard", tag = "hard" } } }]],
      '"notify", "task:write", "rule:fire", "record:write"')
    flow.write(h.dir .. "/rules/automations/noted.lua", [[local sw = require "syncwell"
return sw.rule { title = "t", on = "rule.fired", uses = { "notify" },
  run = function(w, ctx) ctx.notify { text = w.by .. " pressed " .. w.body.button .. " about " .. w.body.id, channel = "file" } end }]])
    flow.write(h.dir .. "/config.lua", (flow.read(h.dir .. "/config.lua"):gsub("return {", 'return { public_url = "http://127.0.0.1:MINE/",')))
    server = daemon.start(("sed -i s/MINE/$PORT/ %s/config.lua; exec %s"):format(h.dir, h.command("serve", "--listen", "127.0.0.1:PORT"):gsub("PORT", "$PORT"):gsub("'127.0.0.1:$PORT'", "127.0.0.1:$PORT")))
    flow.beside(h.command("log", "workout", "running", "30min"))
    expect(wait_for(function() return #seen == 2 end)).is_true()
    local push, hook = seen[1], seen[2]
    if push.path ~= "/topic" then
      push, hook = hook, push
    end
    expect(push.headers.actions:find("[\128-\255]")).is_nil()
    local list = sw.json.decode(push.headers.actions)
    expect({ list[1].label, list[1].action, list[1].method }).equals { "Erledigt ✓", "http", "POST" }
    for i, b in ipairs(list) do
      links[i] = b.url
    end
    local under = sw.json.decode(hook.body).buttons
    expect(under[1]).equals { text = "Map", url = "https://example.org/m" }
    links[4] = under[2].url
  end)

  it("do nothing when a link is only looked at", function()
    expect(curl(links[1])).contains("<form method=post><button>Erledigt ✓</button>")
    expect(sw.json.decode(flow.beside(h.command("--json", "tasks")).out)[1].done).is_nil()
  end)

  it("end a task, fire a rule and remind later, once each", function()
    expect(curl("-X POST " .. links[1])).contains("Done: Drink.")
    expect(sw.json.decode(flow.beside(h.command("--json", "tasks")).out)[1].done ~= nil).is_true()
    expect(curl("-X POST " .. links[1])).contains("This was pressed already.")
    expect(curl("-X POST " .. links[3])).contains("Done.")
    local group = flow.beside(h.command("--json", "records", "workout")).out:match('"group":"(%x+)"')
    expect(wait_for(function() return told(h):find("drink pressed Note about " .. group, 1, true) end) ~= nil).is_true()
    expect(curl("-X POST " .. links[2])).contains("You will be reminded in 2h.")
    curl("-X POST " .. links[2])
    curl("-X POST " .. links[3])
    sw.sys.sleep(1000)
    expect(lines(h)).equals(1)
    local waits
    for _, m in ipairs(sw.json.decode(flow.beside(h.command("--json", "notifications")).out)) do
      waits = m.outcome == "planned" and m.due or waits
    end
    expect(math.abs(sw.time.parse(waits) - os.time() * 1000 - 7200000) < 60000).is_true()
  end)

  it("tag the record that the message was about, once", function()
    expect(curl("-X POST " .. links[4])).contains("Noted: hard.")
    expect(wait_for(function() return flow.beside(h.command("--json", "records", "workout")).out:find('"tags":["hard"]', 1, true) end)
      ~= nil).is_true()
    expect(curl("-X POST " .. links[4])).contains("This was pressed already.")
  end)

  it("of a link that was made up do nothing", function()
    expect(curl("-o /dev/null -w '%{http_code}' -X POST " .. links[1]:gsub("....$", "AAAA"))).equals("404")
    server.stop()
    h.remove()
  end)

  it("are left out with a word where no address of ours is set, and refused without their grant", function()
    h = home("ntfy")
    rule(h, "drink", 'ctx.notify { text = "Drink", buttons = { { text = "Later", snooze = "2h" } } }')
    rule(h, "sly", 'ctx.notify { text = "x", buttons = { { text = "y", fire = "drink" } } }')
    rule(h, "odd", 'ctx.notify { text = "x", buttons = { { text = "y", snooze = "2 moons" } } }')
    workout(h, "running")
    step(h)
    local by = {}
    for _, m in ipairs(sw.json.decode(flow.beside(h.command("--json", "notifications")).out)) do
      by[m.rule] = m
    end
    expect(by.drink.outcome).equals("done; buttons need public_url in config.lua")
    expect(by.odd.outcome).equals("failed: button 'y': snooze is a span from 1min to 7d")
    expect(by.sly).is_nil()
    expect(#seen).equals(1)
    expect(flow.beside(h.command("status")).out).contains('sly.lua: a button that fires a rule needs the line: uses = { ..., "rule:fire" }')
    h.remove()
  end)
end)

describe("a group", function()
  it("gathers for a while and goes out as one message, and alone as it was", function()
    local h = home()
    rule(h, "a", 'ctx.notify { text = "one " .. w.sport, title = "A", group = "sport", within = "30min" }')
    rule(h, "b", 'ctx.notify { text = "two", group = "sport", priority = "high" }')
    workout(h, "running")
    step(h)
    expect(told(h)).equals("")
    step(h, "2026-03-01T12:29:00Z")
    expect(told(h)).equals("")
    step(h, "2026-03-01T12:31:00Z")
    step(h, "2026-03-01T13:31:00Z")
    expect(lines(h)).equals(1)
    expect(told(h)).contains("2 messages: A: one running two")
    h.ok("rules", "disable", "b")
    workout(h, "cycling", "2026-03-02T12:00:00Z")
    step(h, "2026-03-02T12:00:00Z")
    step(h, "2026-03-02T12:31:00Z")
    expect(lines(h)).equals(2)
    expect(told(h)).contains("A: one cycling")
    h.remove()
  end)
end)

describe("words with places", function()
  local message = [[ctx.notify { title = "{sport}", text = "{length} till {till}, drink {amount} ml {why}", id = "begin",
    values = { sport = w.sport, length = w.elapsed, till = w.finish, amount = 500.0, why = "now" } }]]

  local function said(more, body)
    local h = home("file", more)
    rule(h, "a", body or message)
    workout(h, "running")
    local r = step(h)
    local text = told(h)
    h.remove()
    return text, r
  end

  it("are filled as people read values", function()
    expect((said())).contains("running: 30 min till 09:30, drink 500 ml now")
  end)

  it("are the person's own where config.lua has some, by rule, or by rule and message", function()
    expect((said(', words = { a = { title = "Laufen", text = "{amount} ml nach {length}, {nobody}" } }'))).contains(
      "Laufen: 500 ml nach 30 min, {nobody}")
    expect((said(', words = { ["a.begin"] = { text = "los" }, a = { text = "nein" } }'))).contains("running: los")
    expect((said(', words = { a = { text = "{sport}" } }', 'ctx.notify "{plain}"'))).contains("{sport}")
  end)

  it("that no value stands for are named, with the value that was meant", function()
    local h = home()
    rule(h, "a", 'ctx.notify { text = "after {sprt}", values = { sport = w.sport } }')
    workout(h, "running")
    local r = step(h)
    expect(told(h)).equals("")
    expect(r.out).contains("a.lua:2: there is no value for {sprt} (did you mean 'sport'?)")
    h.remove()
    h = home()
    rule(h, "a", 'ctx.notify { text = "{plain} stays" }')
    workout(h, "running")
    step(h)
    expect(told(h)).contains("{plain} stays")
    h.remove()
  end)

  it("of what SyncWell itself tells are the person's own as well; what is no wording is refused", function()
    local notices = require("notices")
    local wording = require("wording")
    local ctx = { config = { words = { ["rule.paused"] = { text = "{rule} ruht" } } } }
    expect({ wording.of(ctx, "rule.paused", notices.texts["rule.paused"]) }).equals { "A rule was paused", "{rule} ruht" }
    local h = home("file", ', words = { a = { txt = "?" } }')
    local r = flow.beside(h.command("status"))
    expect(r.out).contains("words[\"a\"] has a title and a text of at most 4096 characters, no 'txt'")
    h.remove()
  end)
end)

describe("once_per", function()
  it("does not hold back words that never left, because the channel was none or refused them", function()
    local h = home("file")
    rule(h, "a", 'ctx.notify { text = "stretch", once_per = "60d" }')
    flow.write(h.dir .. "/config.lua", 'return { channels = { default = "ntfyy" } }')
    workout(h, "running")
    step(h)
    flow.write(h.dir .. "/config.lua", ('return { channels = { default = "webhook", webhook = { url = "http://127.0.0.1:%d/h" } } }')
      :format(port))
    status = 404
    workout(h, "cycling", "2026-03-02T12:00:00Z")
    step(h, "2026-03-02T12:00:00Z")
    expect(#seen).equals(1)
    status = 200
    for day = 3, 4 do
      workout(h, "rowing", ("2026-03-0%dT12:00:00Z"):format(day))
      step(h, ("2026-03-0%dT12:00:00Z"):format(day))
    end
    expect(#seen).equals(2)
    h.remove()
  end)

  it("keeps the same words back for its span, not other ones", function()
    local h = home()
    rule(h, "a", 'ctx.notify { text = "stretch after " .. w.sport, once_per = "1d" }')
    workout(h, "running")
    step(h)
    workout(h, "running", "2026-03-02T11:00:00Z")
    workout(h, "cycling", "2026-03-02T11:30:00Z")
    step(h, "2026-03-02T11:30:00Z")
    expect(lines(h)).equals(2)
    workout(h, "running", "2026-03-03T12:00:00Z")
    step(h, "2026-03-03T12:00:00Z")
    expect(lines(h)).equals(3)
    local outcomes = {}
    for i, m in ipairs(sw.json.decode(flow.beside(h.command("--json", "notifications")).out)) do
      outcomes[i] = m.outcome:sub(1, 7)
    end
    table.sort(outcomes)
    expect(outcomes).equals { "done", "done", "done", "skipped" }
    h.remove()
  end)

  it("remembers as long as its span, also when that is longer than such things are kept", function()
    local h = home()
    rule(h, "a", 'ctx.notify { text = "a new season", once_per = "60d" }')
    workout(h, "running")
    step(h)
    step(h, "2026-04-10T12:00:00Z")
    workout(h, "running", "2026-04-20T12:00:00Z")
    step(h, "2026-04-20T12:00:00Z")
    expect(lines(h)).equals(1)
    workout(h, "running", "2026-05-10T12:00:00Z")
    step(h, "2026-05-10T12:00:00Z")
    expect(lines(h)).equals(2)
    h.remove()
  end)
end)

describe("the log of messages", function()
  it("says channel, tries and outcome, also of one that waits", function()
    local h = home("ntfy")
    rule(h, "a", 'ctx.notify "x"')
    workout(h, "running")
    status = 503
    step(h)
    local m = sw.json.decode(flow.beside(h.command("--json", "notifications")).out)[1]
    expect({ m.rule, m.channel, m.outcome, m.attempts, m.why }).equals { "a", "ntfy", "planned", 1, "the server answered 503" }
    expect(m.due ~= nil).is_true()
    status = 200
    step(h, "2026-03-01T12:30:00Z")
    m = sw.json.decode(flow.beside(h.command("--json", "notifications")).out)[1]
    expect({ m.outcome, m.attempts, m.why }).equals { "done", 2, nil }
    expect(flow.beside(h.command("notifications")).out).contains("2026-03-01 12:00  a     ntfy         2  done     x")
    h.remove()
  end)
end)

describe("rules on the engine's own events", function()
  it("hear that the past of a connection is there, once", function()
    local server = replay.start()
    server.control { reset = true, set = { intervals = { activities = {}, wellness = { { id = "2026-02-27", steps = 9000 } } } } }
    local h = home()
    h.ok("rules", "install", "history_ready")
    local began = sw.time.parse(NOON)
    local r = flow.sh("printf 'key\n' | " .. h.command("--now", NOON, "connect", "intervals-icu", "--base-url", server.url))
    expect(r.code).equals(0)
    step(h, live.iso(began + live.HOUR))
    step(h, live.iso(began + 5 * live.HOUR))
    expect(lines(h)).equals(1)
    expect(told(h)).contains("intervals-icu brought 1 records and values of the past")
    server.stop()
    h.remove()
  end)

  it("hear of a job that was given up, with the reason", function()
    local h = home()
    flow.write(h.dir .. "/rules/automations/heard.lua", [[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.event "job.failed", uses = { "notify" },
  run = function(e, ctx) ctx.notify { text = "gave up: " .. e.job .. ", " .. e.error, channel = "file" } end }]])
    rule(h, "plan", 'ctx.calendar.add { title = "Rest", at = w.finish + "1d" }', '"calendar:write"')
    local r = flow.beside(("printf 'secret\nme\n' | %s"):format(h.command("--now", NOON, "connect", "caldav",
      "--base-url", ("http://127.0.0.1:%d/cal"):format(port))))
    expect(r.code).equals(0)
    status = 400
    workout(h, "running")
    step(h)
    step(h, "2026-03-01T12:10:00Z")
    expect(told(h)).contains("gave up: deliver, CalDAV calendar refused the entry for good (answer 400)")
    h.remove()
  end)
end)

describe("SyncWell itself", function()
  it("tells once that a sync fails for a day, and not when that is turned off", function()
    for _, off in ipairs { false, true } do
      local server = replay.start()
      server.control { reset = true, set = { intervals = { activities = {} } } }
      local h = home()
      if off then
        h.ok("notices", "off", "sync.failed")
      end
      local began = sw.time.parse(NOON)
      local r = flow.sh("printf 'key\n' | " .. h.command("--now", NOON, "connect", "intervals-icu", "--base-url", server.url))
      expect(r.code).equals(0)
      server.control { fail = { path = "/api/", how = "status:500", times = -1 } }
      for hours = 1, 30, 3 do
        h.run("--now", live.iso(began + hours * live.HOUR), "run", "--once")
      end
      local _, n = told(h):gsub("intervals%-icu has brought nothing for a day", "")
      expect(n).equals(off and 0 or 1)
      server.stop()
      h.remove()
    end
  end)

  it("tells of a disk that is nearly full, once a day", function()
    local h = home("file", ", limits = { disk_free_mb = 999999999 }")
    step(h)
    step(h, "2026-03-01T15:00:00Z")
    expect(lines(h)).equals(1)
    expect(told(h)).contains("MB are left where " .. h.dir .. " lies")
    step(h, "2026-03-02T15:00:00Z")
    expect(lines(h)).equals(2)
    local r = flow.beside(h.command("status"))
    expect({ r.code, r.out:match("MB left where the home lies") }).equals { 4, "MB left where the home lies" }
    h.remove()
  end)

  it("tells that a backup failed, and that none came while nothing ran", function()
    local h = home()
    h.ok("rules", "install", "backup_task")
    h.ok("--now", NOON, "backup", "schedule", "1d")
    step(h)
    step(h, "2026-03-02T12:30:00Z")
    expect(told(h)).equals("")
    expect(#sw.json.decode(flow.beside(h.command("--json", "backup", "list")).out) >= 1).is_true()
    step(h, "2026-03-09T12:30:00Z")
    expect(told(h)).contains("There is no fresh backup: The newest planned backup is 7 days old.")
    expect(lines(h)).equals(1)
    step(h, "2026-03-09T14:30:00Z")
    expect(lines(h)).equals(1) -- one came at once
    flow.sh(("rm -rf %s/backups; echo x > %s/backups"):format(h.dir, h.dir))
    step(h, "2026-03-10T13:30:00Z")
    expect(told(h)).contains("A backup failed: The planned backup was not made:")
    step(h, "2026-03-10T13:31:00Z")
    expect(h.json("tasks")[1].title).equals("Look after the backup")
    h.remove()
  end)

  it("checks what is kept once a week while it runs, and tells what it found", function()
    local h = home()
    h.ok("log", "weight", "81.5kg")
    local function run()
      local engine = live.spawn(h.command("run"))
      engine.await("running; home")
      return engine
    end
    run().stop()
    expect(told(h)).equals("")
    local step_file = flow.write(h.dir .. "/step.py", ([[import sqlite3
db = sqlite3.connect("%s/syncwell.db")
assert db.execute("update doc set body = '{\"at\":0}' where kind = '.checked'").rowcount == 1
db.execute("update rollup set total = total * 2")
db.commit()]]):format(h.dir))
    expect(flow.sh("python3 " .. step_file).err).equals("")
    local engine = run()
    expect(live.wait(15, function() return told(h):find("The check found something", 1, true) end) ~= nil).is_true()
    expect(told(h)).contains("syncwell check --repair")
    engine.stop()
    h.remove()
  end)

  it("says a word on Monday when it is asked to", function()
    local h = home()
    rule(h, "a", 'ctx.notify "x"')
    h.ok("notices", "on", "week.word")
    workout(h, "running")
    step(h)
    step(h, "2026-03-02T09:00:00Z")
    step(h, "2026-03-03T09:00:00Z")
    expect(select(2, told(h):gsub("SyncWell, this week", ""))).equals(1)
    expect(told(h)).contains("1 firings of your rules, 1 messages sent, 0 that did not arrive; nothing is connected.")
    expect(flow.beside(h.command("notices")).out).contains("week.word")
    h.remove()
  end)

  it("knows its notices by name", function()
    local h = home("file", ', notices = { ["rule.paused"] = true }')
    expect(h.run("notices", "off", "sync.faild").err).contains("did you mean 'sync.failed'?")
    expect(h.run("notices", "off", "rule.paused").err).contains("config.lua says so")
    h.remove()
  end)
end)
