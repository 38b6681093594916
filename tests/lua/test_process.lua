-- SPDX-License-Identifier: MIT
-- Whether another process of this machine still lives.
local flow = require("flow")
local process = require("process")

local function pid_in(file)
  for _ = 1, 2000 do
    local pid = tonumber(sw.fs.read(file, 100) or "")
    if pid then
      return pid
    end
    sw.sys.sleep(5)
  end
end

describe("a process", function()
  it("lives with one beginning, by which its name is known", function()
    local name = process.name()
    expect(process.started(sw.sys.pid())).equals(process.started(sw.sys.pid()))
    expect(process.is_dead(name)).equals(false)
    expect(process.is_dead((name:gsub("%.%d+%.", ".1.")))).is_true()
  end)

  it("that was killed is dead even before its parent takes note of it", function()
    local folder = flow.temp()
    os.execute(("sh -c 'sleep 60 & echo $! >%s/pid; exec sleep 5' >/dev/null 2>&1 &"):format(folder))
    local pid = pid_in(folder .. "/pid")
    local started = process.started(pid)
    os.execute("kill -9 " .. pid)
    for _ = 1, 2000 do
      if process.started(pid) ~= started then break end
      sw.sys.sleep(5)
    end
    expect(sw.fs.read(("/proc/%d/stat"):format(pid), 4096)).contains(") Z ")
    expect(process.started(pid)).is_nil()
  end)
end)
