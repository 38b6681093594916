-- The REPL: one line with -e, lines from a pipe, and a person at a real pseudo-terminal.
local flow = require("flow")
local world = require("world")

describe("repl", function()
  it("prints the value of an expression and ends with 0", function()
    local h = flow.home("UTC")
    expect(h.ok("repl", "-e", "6 * 7").out).equals("42\n")
    expect(h.ok("repl", "-e", '"a" .. "b"').out).equals("ab\n")
    expect(h.ok("--json", "repl", "-e", "{ 1, 2 }").out).equals("[1,2]\n")
    h.remove()
  end)

  it("keeps names from line to line, waits for the end of a block, and goes on after an error", function()
    local h = flow.home("UTC")
    local r = flow.sh(("printf 'x = 5\\nfor i = 1, 2 do\\n  x = x + i\\nend\\nerror(\"no\")\\nx\\n_ + 1\\n' | %s"):format(h.command("repl")))
    expect(r.code).equals(1)
    expect(r.err).contains("no")
    expect(r.out).equals("8\n9\n")
    h.remove()
  end)

  it("goes on with a line that ends in the middle of an expression, and not with one that has a bracket too many", function()
    local h = flow.home("UTC")
    local r = flow.sh(("printf '1 +\\n2\\nx = 5 )\\n7\\n' | %s"):format(h.command("repl")))
    expect(r.out).equals("3\n7\n")
    expect(r.err).contains("near ')'")
    h.remove()
  end)

  it("shows a record with its fields and local times, alone and in a list, and refuses actions in a sentence", function()
    local h = flow.home("Europe/Berlin")
    h.ok("--now", "2026-03-01T12:00:00Z", "log", "workout", "running", "30min", "2026-03-01 09:00")
    for _, line in ipairs { 'records("workout")[1]', 'records("workout")' } do
      local r = h.ok("--now", "2026-03-01T12:00:00Z", "repl", "-e", line)
      expect(r.out).contains('"kind": "workout"')
      expect(r.out).contains('"start": "2026-03-01T09:00:00+01:00"')
      expect(r.out).contains('"elapsed_s": 1800')
    end
    expect(h.run("repl", "-e", 'ctx.notify "x"').err).contains("a line of the REPL reads and changes nothing")
    h.remove()
  end)

  it("says what a dot command did not understand, and writes types into its own home", function()
    local h = flow.home("Europe/Berlin")
    local r = flow.sh(("printf '.set now=soon\\n.set x=1\\n.set now=2026-03-01 08:00\\nsw.now()\\n.json 5\\n.types\\n' | %s")
      :format(h.command("repl")))
    expect(r.err).contains("'soon' is no time")
    expect(r.err).contains(".set knows now=TIME")
    expect(r.err).contains("it is .json on or .json off")
    expect(r.out).contains("data time stands at 2026-03-01T08:00:00+01:00\n2026-03-01T08:00:00+01:00")
    expect(flow.read(h.dir .. "/meta/syncwell.lua")).contains("@meta syncwell")
    h.remove()
  end)

  it("reads data and draws it, and changes nothing", function()
    local h = flow.home("Europe/Berlin")
    local w = world.new(h.dir, { first = "2025-03-01", days = 14 })
    h.import(w.export())
    local before = h.dump()
    local r = h.ok("--now", "2025-03-14T12:00:00Z", "repl", "-e", 'series("steps", { last = "7d" })')
    expect(r.out).contains("7 values")
    expect(h.ok("--now", "2025-03-14T12:00:00Z", "repl", "-e", '#records("sleep", { last = "7d" }) > 3').out).equals("true\n")
    local refused = h.run("repl", "-e", 'ctx.notify("x")')
    expect(refused.code).equals(1)
    expect(refused.err).contains("a line of the REPL reads and changes nothing")
    expect(h.dump()).equals(before)
    h.remove()
  end)

  it("a misspelt metric, a loop and an opened file are told in a sentence", function()
    local h = flow.home("UTC")
    expect(h.run("repl", "-e", 'series("stepz")').err).contains("did you mean 'steps'")
    expect(h.run("repl", "-e", "while true do end").err).contains("CPU time")
    expect(h.run("repl", "-e", 'io.open("/etc/passwd")').err).contains("io")
    local waits = 'table.sort({ 2, 1 }, function(a, b) series("steps") return a < b end)'
    expect(h.run("repl", "-e", waits).err).contains("repl:1: series cannot be used here")
    h.remove()
  end)

  it("completes names, metrics, rules and its own commands at a terminal", function()
    local h = flow.home("UTC")
    h.ok("rules", "install", "hydrate")
    flow.write(h.dir .. "/keys", table.concat({ [[series("heart_r\t]], [[").n\r]], [[.why hyd\t]], [[\r]], [[sw.thr\t]], [[\x15]],
      [[series("steps").mea\t]], [[\x15]], [[records("wor\t]], [[")\r]], [[.quit\r]] }, "\n") .. "\n")
    local r = flow.sh(("SYNCWELL_HISTORY=%s/history timeout 60 /usr/bin/python3 %s/tests/support/type_keys.py %s < %s/keys"):format(h.dir,
      flow.root, flow.quote(h.command("repl")), h.dir))
    local typed = flow.read(h.dir .. "/history"):gsub("\\040", " ") -- as libedit keeps a blank
    expect(typed).contains('series("heart_rate").n')
    expect(typed).contains(".why hydrate")
    expect(typed).contains('records("workout")')
    expect(r.out).contains("eshold") -- the rest of sw.threshold
    expect(r.out).contains("n()") -- the rest of .mean()
    h.remove()
  end)

  it("Ctrl-C stops the line that runs or is being typed, and the REPL goes on with its names", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/keys", table.concat({ [[x = 41\r]], [[while true do end\r]], [[\x03]], [[x + 1\r]],
      [[.plot (function() while true do end end)()\r]], [[\x03]], [[error("typed\x03]],
      [[for i = 1, 3 do\r]], [[\x03]], [[x + 2\r]], [[\x04]] }, "\n") .. "\n")
    local r = flow.sh(("SYNCWELL_HISTORY=%s/history timeout 60 /usr/bin/python3 %s/tests/support/type_keys.py %s < %s/keys"):format(
      h.dir, flow.root, flow.quote("trap : INT; " .. h.command("repl") .. "; echo ended $?"), h.dir))
    expect(select(2, r.out:gsub("repl:1: stopped", ""))).equals(2)
    expect(r.out:find("CPU time")).is_nil()
    expect(r.out).contains("\n42")
    expect(r.out).contains("\n43")
    expect(r.out).contains("ended 0")
    expect(flow.read(h.dir .. "/history"):find("typed")).is_nil()
    h.remove()
  end)

  it("shows the newest value in words, records as a table of what matters, and names a misspelt function", function()
    local h = flow.home("UTC")
    h.ok("--now", "2025-03-14T12:00:00Z", "log", "steps", "1200", "2025-03-13 09:00")
    h.ok("--now", "2025-03-14T12:00:00Z", "log", "workout", "running", "45min", "8.2km", "2025-03-13 18:00")
    local function said(line)
      return h.run("--now", "2025-03-14T12:00:00Z", "repl", "-e", line)
    end
    expect(said('series("steps", { last = "7d" })').out).contains("newest: 2025-03-13, 1200\n")
    expect(said('.table records("workout", { last = "7d" })').out).contains(
      "2025-03-13  2025-03-13T18:00:00Z  2025-03-13T18:45:00Z  running       2700        8200\n")
    expect(said('serie("steps")').err).contains("did you mean 'series'?")
    expect(said('cuont("workout")').err).contains("did you mean 'count'?")
    expect(said("quux()").err:find("did you mean")).is_nil()
    h.remove()
  end)

  it("draws figures below nought hanging from a line, equal ones at their height, noughts flat", function()
    local h = flow.home("UTC")
    local function drawn(list)
      return h.ok("repl", "-e", ".plot " .. list).out
    end
    local mixed = drawn "{ -4, 4, -2, 0 }"
    expect(mixed).contains(" 4 ┤    ████")
    expect(mixed).contains("\n 0 ┤    ████    ▁▁▁▁\n   ┤████    ████")
    expect(mixed).contains("\n-4 ┤████")
    expect(drawn "{ -3, -1 }").contains("0 ┤████████")
    local same = drawn "{ 5, 5 }"
    expect(same).contains("5 ┤████████")
    expect(same).contains("0 ┤████████")
    expect(drawn "{ 0, 0 }").contains("0 ┤▁▁▁▁▁▁▁▁")
    h.remove()
  end)

  it("draws charts and tables, shows what a rule would do, and says what scripts may write", function()
    local h = flow.home("UTC")
    local w = world.new(h.dir, { first = "2025-03-01", days = 14 })
    h.import(w.export())
    h.ok("rules", "install", "hydrate", "--set", "min=1min")
    local function said(line)
      return h.run("--now", "2025-03-14T12:00:00Z", "repl", "-e", line)
    end
    expect(said('.plot series("steps", { last = "14d" })').out).contains("2025-03-01")
    expect(said(".plot { 1, 2, 3 }").out).contains("┤")
    expect(said(".plot steps 2025-03-01").out).contains("Steps, 2025-03-01 to 2025-03-01")
    local own = flow.sh("printf 'steps = { 1, 2, 3 }\\n.plot steps\\n' | " .. h.command("repl")).out
    expect(own).contains("┤") -- a name that a line made is what is meant
    expect(said(".plot steps someday").err).contains("'someday' is not a time I understand")
    expect(said(".plot 5").err).contains("nothing to draw")
    expect(said('.table series("steps", { last = "3d" })').out).contains("2025-03-13")
    expect(said(".doc notify").out).contains('uses = { "notify" }')
    local before = h.dump()
    local fire = said(".fire --dry hydrate").out
    expect(fire).contains("would fire")
    expect(fire).contains("title = Hydration reminder")
    expect(h.dump()).equals(before)
    expect(#h.json("rules", "trace")).equals(0)
    h.remove()
  end)

  it("a person at a terminal gets a prompt, values, dot commands and an end by .quit", function()
    local h = flow.home("UTC")
    if flow.sh("command -v script").code ~= 0 then
      skip("needs script(1)")
    end
    local r = flow.sh(("printf '2 ^ 10\\n.help\\n.quti\\n.quit\\n' | SYNCWELL_HISTORY=%s/history timeout 20 script -qec %s /dev/null"):format(h.dir,
      flow.quote(h.command("repl"))))
    expect(r.out).contains("1024.0")
    expect(r.out).contains("series(")
    expect(r.out).contains("did you mean 'quit'")
    expect(flow.read(h.dir .. "/history")).contains(".help")
    h.remove()
  end)
end)
