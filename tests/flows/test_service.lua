-- The systemd unit must not forbid what the engine and its box need: its rules are played without systemd.
local flow = require("flow")

local unit = flow.root .. "/packaging/syncwell.service.in"
local under = ("python3 %s/tests/support/under_unit.py "):format(flow.quote(flow.root))
local confine = flow.read(flow.root .. "/core/box/confine.c")

local function possible()
  local r = flow.sh(under .. unit .. " --list")
  if r.code == 77 then
    skip((r.err:gsub("\n", "")))
  elseif flow.sh(under .. unit .. " " .. flow.binary .. " --version").code ~= 0 then
    skip("another user cannot read the build")
  end
  return r.out
end

-- A folder in which whatever user the unit has may write.
local function open_folder()
  local dir = flow.temp()
  flow.sh("chmod 755 " .. dir .. " && mkdir -m 777 " .. dir .. "/state")
  return dir
end

local function directives()
  local list = {}
  for key, value in flow.read(unit):gmatch("\n(%u%a+)=([^\n]*)") do
    list[key] = value
  end
  return list
end

describe("the systemd unit", function()
  it("lets every system call through that the box allows its workers", function()
    local calls, n = "\n" .. possible(), 0
    for name in confine:gmatch("SCMP_SYS%(([%w_]+)%)") do
      expect(calls).contains("\n" .. name .. "\n")
      n = n + 1
    end
    expect(n > 10).is_true()
    expect(calls).contains("\nseccomp\n")
    expect(calls:find("\nmount\n", 1, true)).is_nil()
  end)

  it("sets no limit that the box sets itself, but on core files", function()
    local said, n = directives(), 0
    for name in confine:gmatch("RLIMIT_(%u+)") do
      n = n + 1
      expect(said["Limit" .. name]).equals(name == "CORE" and "0" or nil)
    end
    expect(n > 4).is_true()
  end)

  it("keeps what confinement builds on: no new privileges, no executable memory, a key, a folder", function()
    local said = directives()
    expect({ said.NoNewPrivileges, said.MemoryDenyWriteExecute, said.LoadCredential, said.StateDirectory }).equals {
      "yes", "yes", "syncwell.key", "syncwell" }
    expect(said.RestrictAddressFamilies).contains("AF_UNIX")
    expect(said.ProtectProc).is_nil() -- leases look at /proc/PID/stat of their holder
  end)

  it("runs scripts in full confinement under its rules, and not without the seccomp call", function()
    possible()
    local dir = open_folder()
    flow.write(dir .. "/try.lua", "return 6 * 7")
    flow.sh("chmod 644 " .. dir .. "/try.lua")
    local command = ("%s script run %s/try.lua"):format(flow.binary, dir)
    expect(flow.sh(under .. unit .. " " .. command).out).equals("42\n")
    local weaker = flow.write(dir .. "/unit", (flow.read(unit):gsub("\nSystemCallFilter=seccomp\n", "\n")))
    local r = flow.sh(under .. weaker .. " " .. command)
    expect(r.code).equals(1)
    expect(r.err).contains("seccomp")
    sw.fs.remove_tree(dir)
  end)

  it("starts, answers and stops under its rules, as its commands say", function()
    possible()
    local dir = open_folder()
    local home = "SYNCWELL_HOME=" .. dir .. "/state/syncwell "
    local function words(key)
      return (directives()[key]:gsub("@SYNCWELL@", flow.binary))
    end
    expect(flow.sh(home .. under .. unit .. " " .. words("ExecStartPre")).code).equals(0)
    expect(flow.sh(home .. under .. unit .. " " .. words("ExecStartPre")).code).equals(0)
    os.execute(("%s %s %s %s --listen 127.0.0.1:0 >%s/out 2>&1 & echo $! >%s/pid"):format(home, under, unit, words("ExecStart"), dir, dir))
    local base
    for _ = 1, 200 do
      base = (flow.read(dir .. "/out") or ""):match("listening on (http://%S+)")
      if base then
        break
      end
      sw.sys.sleep(25)
    end
    local r = base and sw.http.request { url = base .. "/healthz", administrator = true }
    expect(r and r.status).equals(200)
    flow.sh(("kill -HUP $(cat %s/pid); kill -TERM $(cat %s/pid)"):format(dir, dir))
    for _ = 1, 200 do
      if flow.read(dir .. "/out"):find("stopped") then
        break
      end
      sw.sys.sleep(25)
    end
    expect(flow.read(dir .. "/out")).contains("stopped")
    sw.fs.remove_tree(dir)
  end)
end)
