-- SPDX-License-Identifier: MIT
-- A workout of a plan as a GPX 1.1 file with Garmin's extension; a pause begins a new segment.
-- A swim in a pool has no position: write() answers false and puts nothing.
--   gpx.write(plan.workouts[1], function(text) file:write(text) end, { every_s = 5 })
local track = require("demo.track")

local gpx = {}

local HEAD = [[
<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" creator="%s" xmlns="http://www.topografix.com/GPX/1/1"
  xmlns:gpxtpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">
 <metadata><time>%s</time></metadata>
 <trk>
  <name>%s</name>
  <type>%s</type>
  <trkseg>
]]
local POINT = '   <trkpt lat="%.7f" lon="%.7f"><ele>%.1f</ele><time>%s</time><extensions>%s'
  .. "<gpxtpx:TrackPointExtension><gpxtpx:hr>%d</gpxtpx:hr><gpxtpx:cad>%d</gpxtpx:cad>"
  .. "</gpxtpx:TrackPointExtension></extensions></trkpt>\n"

local function stamp(t)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", t)
end

local function escaped(text)
  return (text:gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }))
end

local function trackpoint(p)
  local power = p.power and ("<power>%d</power>"):format(p.power) or ""
  return POINT:format(p.lat, p.lon, p.altitude, stamp(p.time), power, p.heart_rate, p.cadence)
end

-- Options: every_s (5), creator ("Garmin Connect"), name.
function gpx.write(w, put, options)
  options = options or {}
  if not w.lat then return false end
  local name = options.name or w.sport == "running" and "Round the park" or "Out & about"
  put(HEAD:format(options.creator or "Garmin Connect", stamp(w.start), escaped(name), w.sport))
  local part, paused = {}, w.pause_s == 0
  for _, p in track.points(w, options.every_s or 5) do
    if not paused and p.timer_s > w.pause_at_s then
      paused = true
      part[#part + 1] = "  </trkseg>\n  <trkseg>\n"
    end
    part[#part + 1] = trackpoint(p)
  end
  put(table.concat(part))
  put("  </trkseg>\n </trk>\n</gpx>\n")
  return true
end

return gpx
