-- The machine's clock, before anything is planned by it. One that stands before the program was installed is
-- wrong: a small computer without a battery wakes up in 1970, and what it planned then would be caught up by
-- the thousand once the network has told it the time. So the engine waits until it is right.
--   right_time.wait(stopped)   -- stopped() --> true ends the waiting, too
local right_time = {}

local LOOK_MS, SAY_EVERY = 1000, 600 -- looks between two lines of the log
local SLACK_MS = 86400000 -- the clock of the machine that built it need not be exact

-- When the program's file was written; nil where that is not known.
local function installed()
  local st = sw.fs.stat("/proc/self/exe")
  return st and math.floor(st.mtime_ms)
end

local function day(ms)
  return sw.time.day_text(ms // 86400000)
end

local function is_wrong()
  return sw.time.now() < (installed() or 0) - SLACK_MS
end

function right_time.wait(stopped)
  local looks = 0
  while is_wrong() and not stopped() do
    if looks % SAY_EVERY == 0 then
      sw.sys.log("error", "run", ("the clock says %s, but this program was installed on %s: nothing runs "
        .. "until the clock is right; set it (timedatectl) or connect the network"):format(
        day(sw.time.now()), day(installed())))
    end
    looks = looks + 1
    sw.sys.sleep(LOOK_MS, true)
  end
  if looks > 0 and not stopped() then
    sw.sys.log("info", "run", "the clock is right now: " .. day(sw.time.now()))
  end
end

return right_time
