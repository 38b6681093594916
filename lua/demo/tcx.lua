-- SPDX-License-Identifier: MIT
-- A workout of a plan as a TCX file (Training Center Database v2): laps, points, the device as Creator.
-- Speed, watts and running cadence stand in Garmin's activity extension.
--   tcx.write(plan.workouts[1], function(text) file:write(text) end, { every_s = 5 })
local track = require("demo.track")

local tcx = {}

local HEAD = [[
<?xml version="1.0" encoding="UTF-8"?>
<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"
  xmlns:ns3="http://www.garmin.com/xmlschemas/ActivityExtension/v2">
 <Activities>
  <Activity Sport="%s">
   <Id>%s</Id>
]]
local TAIL = [[
   <Creator xsi:type="Device_t" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
    <Name>%s</Name>
    <UnitId>%d</UnitId>
    <ProductID>%d</ProductID>
   </Creator>
  </Activity>
 </Activities>
</TrainingCenterDatabase>
]]
local LAP = [[
   <Lap StartTime="%s">
    <TotalTimeSeconds>%d</TotalTimeSeconds>
    <DistanceMeters>%.2f</DistanceMeters>
    <Calories>%d</Calories>
    <AverageHeartRateBpm><Value>%d</Value></AverageHeartRateBpm>
    <MaximumHeartRateBpm><Value>%d</Value></MaximumHeartRateBpm>
    <Intensity>Active</Intensity>
    <TriggerMethod>Distance</TriggerMethod>
    <Track>
]]
local SPORTS = { running = "Running", cycling = "Biking", swimming = "Other" }
local DEVICES = {
  running = { "Forerunner 945", 3901234567, 3113 }, cycling = { "Edge 530", 3907654321, 3121 },
  swimming = { "Swim 2", 3905550123, 3405 },
}

local function stamp(t)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", t)
end

local function extension(w, p)
  local inner = ("<ns3:Speed>%.3f</ns3:Speed>"):format(p.speed)
  if p.cadence and w.sport == "running" then
    inner = inner .. ("<ns3:RunCadence>%d</ns3:RunCadence>"):format(p.cadence)
  end
  if p.power then inner = inner .. ("<ns3:Watts>%d</ns3:Watts>"):format(p.power) end
  return "<Extensions><ns3:TPX>" .. inner .. "</ns3:TPX></Extensions>"
end

local PLACE = "<Position><LatitudeDegrees>%.7f</LatitudeDegrees><LongitudeDegrees>%.7f</LongitudeDegrees>"
  .. "</Position><AltitudeMeters>%.1f</AltitudeMeters>"
local BODY = "<DistanceMeters>%.2f</DistanceMeters><HeartRateBpm><Value>%d</Value></HeartRateBpm>"

local function trackpoint(w, p)
  local cadence = p.cadence and w.sport == "cycling" and ("<Cadence>%d</Cadence>"):format(p.cadence) or ""
  return table.concat { "     <Trackpoint><Time>", stamp(p.time), "</Time>",
    p.lat and PLACE:format(p.lat, p.lon, p.altitude) or "", BODY:format(p.distance, p.heart_rate), cadence,
    extension(w, p), "</Trackpoint>\n" }
end

-- Points of a lap each every_s seconds of the timer; the end of one lap is the start of the next.
local function lap(w, l, last, every_s, put)
  local part = { LAP:format(stamp(l.start), l.timer_s, l.distance_m, l.energy_kcal, l.hr_avg, l.hr_max) }
  for s = l.from_s, l.to_s - 1, every_s do part[#part + 1] = trackpoint(w, track.point(w, s)) end
  if last then part[#part + 1] = trackpoint(w, track.point(w, l.to_s)) end
  part[#part + 1] = "    </Track>\n   </Lap>\n"
  put(table.concat(part))
end

-- Options: every_s (5). Text goes to put() lap by lap.
function tcx.write(w, put, options)
  local list = track.laps(w)
  put(HEAD:format(SPORTS[w.sport], stamp(w.start)))
  for i, l in ipairs(list) do lap(w, l, i == #list, options and options.every_s or 5, put) end
  put(TAIL:format(table.unpack(DEVICES[w.sport])))
end

return tcx
