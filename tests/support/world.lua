-- Made-up files for flow tests, from the generator of lua/demo: one plan, many formats.
--   local w = world.new(dir, { days = 60 });  w.export() --> path;  w.activity(1, "fit") --> path
local flow = require("flow")

local world = {}

function world.new(dir, options)
  local person, apple = require("demo.person"), require("demo.apple")
  local fit, tcx, gpx = require("demo.fit"), require("demo.tcx"), require("demo.gpx")
  local w = { dir = dir, plan = person.plan { seed = options.seed or 1, first = options.first
    or "2025-02-01", days = options.days or 60,
    zone = options.zone or "Europe/Berlin" } }
  local function collect(write)
    local parts = {}
    local ok = write(function(text)
      parts[#parts + 1] = text
    end)
    return table.concat(parts), ok
  end
  function w.export(name)
    return flow.write(dir .. "/" .. (name or "export.xml"), (collect(function(put)
      return apple.write(w.plan, put, { control_byte = true })
    end)))
  end
  function w.bytes(i, format, o)
    local workout = w.plan.workouts[i]
    if format == "fit" then
      return fit.activity(w.plan, workout, o or { every_s = 5 })
    end
    return (collect(function(put)
      return (format == "tcx" and tcx or gpx).write(workout, put, o or { every_s = 5 })
    end))
  end
  function w.activity(i, format, name, o)
    return flow.write(("%s/%s.%s"):format(dir, name or ("w%03d"):format(i), format), w.bytes(i, format, o))
  end
  function w.find(sport)
    for i, x in ipairs(w.plan.workouts) do
      if x.sport == sport then
        return i, x
      end
    end
  end
  return w
end

return world
