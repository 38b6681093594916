-- SPDX-License-Identifier: MIT
-- What confines a worker, read from the process file system; workers stopped and killed in mid-call; a forged
-- worker; and what happens where no seccomp filter can be loaded.
local flow = require("flow")
local live = require("live")

local LOOP = "local x = 0 for i = 1, %d do x = x + (i & 7) end return x"
local CPU_MS = 100
local CEILING_MS = CPU_MS * 10 + 1000 -- of a worker that stands still
local FINE = { spec = { op = "script", script = "fine.lua", source = "return 6 * 7" } }

local function run(user, package, ...)
  local runs = {}
  for i, source in ipairs { ... } do
    runs[i] = { cpu_ms = CPU_MS, spec = { op = "script", script = "t" .. i .. ".lua", source = source } }
  end
  return assert(sw.box.run(user, package, runs))
end

local function proc(pid, what)
  return flow.read(("/proc/%d/%s"):format(pid, what))
end

describe("a live worker", function()
  it("has one descriptor, no environment, seccomp mode 2, no capabilities and an unprivileged uid", function()
    run("facts", "p", "return 1")
    local pid = sw.box.pid("facts", "p")
    local status = proc(pid, "status")
    for _, line in ipairs { "Seccomp:\t2", "NoNewPrivs:\t1", "CapInh:\t0000000000000000", "CapPrm:\t0000000000000000",
      "CapEff:\t0000000000000000", "CapAmb:\t0000000000000000", "Threads:\t1" } do
      expect(status).contains(line .. "\n")
    end
    local uids = { status:match("\nUid:%s+(%d+)%s+(%d+)%s+(%d+)%s+(%d+)") }
    expect(#uids).equals(4)
    for _, uid in ipairs(uids) do
      expect(uid ~= "0").is_true()
    end
    if flow.sh("id -u").out ~= "0\n" then
      return skip("what a worker has open and was given can be read by root only")
    end
    expect(flow.sh(("ls /proc/%d/fd | wc -l; ls -l /proc/%d/fd/*"):format(pid, pid)).out:match("^1\n.*socket")).is_true()
    expect(proc(pid, "environ")).equals("")
    expect(proc(pid, "cmdline"):find(flow.binary .. "-box", 1, true)).equals(1)
    local limits = proc(pid, "limits")
    for _, name in ipairs { "Max processes", "Max file size", "Max core file size" } do
      expect(limits:match("\n" .. name .. " +(%d+) +%d+")).equals("0")
    end
  end)

  it("is one for each person and package, and none sees another's", function()
    run("one", "p", "return 1")
    run("two", "p", "return 1")
    run("one", "q", "return 1")
    local seen = {}
    for _, who in ipairs { { "one", "p" }, { "two", "p" }, { "one", "q" } } do
      local pid = sw.box.pid(who[1], who[2])
      expect(pid ~= nil and not seen[pid]).is_true()
      seen[pid] = true
    end
    expect(sw.box.pid("nobody", "p")).is_nil()
  end)
end)

-- A rule that asks the engine; told when it has asked, answered when `release` was called.
local function asking(user)
  local source = [[local sw = require "syncwell"
return sw.rule { on = "workout.created", run = function(_, ctx) ctx.log(#ctx.series("steps", { last = "7d" })) end }]]
  assert(sw.box.load(user, "p", { { name = "asks.lua", source = source } })[1].ok)
  local s = { asked = 0, open = {} }
  sw.spawn(function()
    local spec = { op = "rule", script = "asks.lua", event = { kind = "workout", id = "w", group = "g" }, at = 0 }
    s.result = assert(sw.box.run(user, "p", { { spec = spec, cpu_ms = 50 } }, function(call)
      s.asked = s.asked + 1
      s.open[#s.open + 1] = call
    end))[1]
  end)
  function s.wait(n)
    for _ = 1, 6000 do
      if s.asked >= n then
        return
      end
      sw.sys.sleep(5)
    end
    error("the rule did not ask")
  end
  function s.ended()
    for _ = 1, 6000 do
      if s.result then
        return s.result
      end
      sw.sys.sleep(5)
    end
    error("the run did not end")
  end
  return s
end

local function signal(name, user)
  expect(flow.sh(("kill -%s %d"):format(name, sw.box.pid(user, "p"))).code).equals(0)
end

describe("a worker lost in mid-call", function()
  it("by SIGKILL: the run that waited begins again and gets its answer, an answer to the lost one is refused", function()
    local s = asking("killed")
    s.wait(1)
    signal("KILL", "killed")
    s.wait(2)
    expect(sw.box.reply(s.open[1], true, { 1 })).is_nil()
    expect(sw.box.reply(s.open[2], true, { { value = 1 }, { value = 2 } })).is_true()
    local r = s.ended()
    expect(r.error and r.error.text).is_nil()
    expect(r.out.log).equals { "2" }
  end)

  it("by SIGSTOP: the run is charged once its answer finds nobody, and the package goes on", function()
    local s = asking("stopped")
    s.wait(1)
    signal("STOP", "stopped")
    sw.box.reply(s.open[1], true, { { value = 1 } })
    local r = s.ended()
    expect(r.ok).equals(false)
    expect(r.error.text).contains("did not react to its limit of 50 ms")
    expect(assert(sw.box.run("stopped", "p", { FINE }))[1].ok).is_true()
  end)

  it("by SIGSTOP between runs: the next run is charged, the one after it is served by another worker", function()
    run("idle", "p", "return 1")
    signal("STOP", "idle")
    local rs = run("idle", "p", "return 1", "return 2")
    expect(rs[2].ok).is_true()
    expect(run("idle", "p", "return 3")[1].ok).is_true()
  end)
end)

-- Holds a process still three times, longer than two seconds in all; between them it has some milliseconds of CPU.
local STARVE = [[
import os, signal, sys, time
pid = int(sys.argv[1])
for _ in range(3):
    os.kill(pid, signal.SIGSTOP)
    time.sleep(0.75)
    os.kill(pid, signal.SIGCONT)
    before, till = time.clock_gettime(~pid << 3 | 2), time.monotonic() + 2
    while time.clock_gettime(~pid << 3 | 2) < before + 0.003 and time.monotonic() < till:
        time.sleep(0.0005)
]]

-- A loop of n rounds in a worker that is held so; what came of it, and after how many ms.
local function starved(n)
  local pid, r, took, ended = sw.box.pid("slow", "p"), nil, nil, nil
  local file = flow.write(flow.temp() .. "/starve.py", STARVE)
  sw.spawn(function()
    flow.beside(("python3 %s %d"):format(file, pid))
    ended = true
  end)
  live.wait(20, function() return proc(pid, "status"):find("State:\tT", 1, true) end)
  sw.spawn(function()
    local from = sw.time.mono()
    r = run("slow", "p", LOOP:format(n))[1]
    took = sw.time.mono() - from
  end)
  live.wait(30, function() return r and ended end)
  expect(sw.box.pid("slow", "p")).equals(pid)
  return r, took
end

describe("a worker that gets a core only now and then", function()
  it("is judged by the CPU time it had, not by how long it took", function()
    local once = run("slow", "p", LOOP:format(1000000))[1]
    local n = math.floor(1000000 * 70000 / math.max(once.cpu_us, 1000))
    for _ = 1, 8 do -- how quick the machine is changes while it is asked: aimed by where the last one went
      local r, took = starved(n)
      local text = r.error and r.error.text
      if text then
        expect(text).contains("used more than")
        n = math.floor(n * 0.75)
      elseif took > CEILING_MS then
        return
      else
        n = math.floor(n * 1.2)
      end
    end
    error("no loop lasted longer than the ceiling within its CPU time")
  end)
end)

-- The program beside a box that lies: the worker of tests/c/test_workers.c, told its lie by the memory limit.
local function with_forged_box(lie)
  local build, dir = flow.binary:match("^(.*)/[^/]+$"), flow.temp()
  local forged = (os.getenv("SW_ASAN") or flow.root .. "/build-asan") .. "/tests/test_workers"
  if not sw.fs.stat(forged) then
    return skip("needs the C tests built: " .. forged)
  end
  flow.sh(("cp %s/syncwell %s/ && ln -s %s/share %s/share && ln -s %s %s/syncwell-box"):format(build, dir, build, dir, forged, dir))
  flow.write(dir .. "/t.lua", "return 1")
  local r = flow.sh(("%s/syncwell script run %s/t.lua --time 50ms --memory %.20fM"):format(dir, dir, (1048576 + lie) / 1048576))
  sw.fs.remove_tree(dir)
  return r
end

describe("a forged worker", function()
  it("cannot drive the terminal with the words of its errors", function()
    local n = tonumber(flow.sh(("sed -n '/^enum lie/,/};/p' %s/tests/c/test_workers.c | sed 's/ LIES.*//' | tr -cd , | wc -c"):format(flow.root)).out)
    for _, lie in ipairs { n - 1, n - 2 } do -- the last two: a dirty error, a dirty farewell
      local r = with_forged_box(lie)
      expect(r.code).equals(1)
      expect(r.err).contains("red")
      expect(r.err:find("[\27\1]") or r.err:find("\u{202e}", 1, true) or r.err:find("\u{9b}", 1, true)).is_nil()
    end
  end)
end)

describe("without seccomp", function()
  local bare = "python3 " .. flow.quote(flow.root .. "/tests/support/no_seccomp.py") .. " "
  local h = flow.home("UTC")
  flow.write(h.dir .. "/try.lua", "return 6 * 7")
  flow.write(h.dir .. "/rules/automations/mine.lua", [[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.at "11:00", run = function() end }]])
  local possible = flow.sh(bare .. "true").code == 0

  it("strangers' scripts do not run, and status says why and what to do", function()
    if not possible then
      return skip("needs libseccomp's own library and Python")
    end
    local r = flow.sh(bare .. flow.binary .. " script run " .. h.dir .. "/try.lua")
    expect({ r.code, r.out }).equals { 1, "" }
    expect(r.err).contains("the seccomp filter cannot be loaded")
    local s = flow.sh(bare .. h.command("status"))
    expect(s.code).equals(4)
    expect(s.out).contains("rules        0 on, 1 broken")
    expect(s.out).contains("limits = { allow_unconfined = true } in config.lua")
  end)

  it("they run when the administrator's config.lua allows it, and status says so", function()
    if not possible then
      return skip("needs libseccomp's own library and Python")
    end
    flow.write(h.dir .. "/config.lua", "return { limits = { allow_unconfined = true } }")
    local s = flow.sh(bare .. h.command("status"))
    expect(s.code).equals(0)
    expect(s.out).contains("rules        1 on, 0 broken")
    expect(s.out).contains("confinement  NO seccomp (allowed by the administrator), uid ")
    expect(h.ok("status").out).contains("confinement  seccomp, uid ") -- where it can be had it is taken
    sw.fs.remove(h.dir .. "/config.lua")
  end)

  it("or with it, a limit out of range is refused with a sentence", function()
    flow.write(h.dir .. "/config.lua", "return { limits = { memory_mb = 1e9 } }")
    expect(h.run("status").err).contains("limits.memory_mb is a number from 4 to 4096")
    h.remove()
  end)
end)

describe("the memory limit of config.lua", function()
  it("counts for rules", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/config.lua", "return { limits = { memory_mb = 8 } }")
    flow.write(h.dir .. "/rules/automations/hoard.lua", [[local sw = require "syncwell"
local s = "x"
while true do s = s .. s end]])
    expect(h.run("status").out).contains("stopped: used more than 8 MB of memory")
    h.remove()
  end)
end)
