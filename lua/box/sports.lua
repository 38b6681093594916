-- What services call a sport, in one spelling: "VirtualRide" -> "cycling", "virtual". A new word of theirs is
-- one row here; files and devices have short lists of their own (lua/import).
--   local sport, sub_sport = sports.of("TrailRun")   --> "running", "trail"
local sports = {}

local MOST = 60 -- bytes of a word nobody knows

local known = {
  ride = { "cycling" }, virtualride = { "cycling", "virtual" },
  mountainbikeride = { "cycling", "mountain" },
  gravelride = { "cycling", "gravel" }, ebikeride = { "cycling", "e_bike" }, cycling = { "cycling" },
  emountainbikeride = { "cycling", "e_bike" }, indoorcycling = { "cycling", "indoor" },
  biking = { "cycling" },
  handcycle = { "cycling", "hand" }, velomobile = { "cycling", "velomobile" }, bike = { "cycling" },
  run = { "running" }, trailrun = { "running", "trail" }, virtualrun = { "running", "virtual" },
  running = { "running" }, treadmill = { "running", "treadmill" }, outdoorrun = { "running" },
  indoorrun = { "running", "treadmill" }, trackrun = { "running", "track" },
  walk = { "walking" }, walking = { "walking" }, outdoorwalk = { "walking" },
  indoorwalk = { "walking", "indoor" },
  hike = { "hiking" }, hiking = { "hiking" },
  swim = { "swimming" }, swimming = { "swimming" }, openwaterswim = { "swimming", "open_water" },
  openwaterswimming = { "swimming", "open_water" }, poolswim = { "swimming", "lap_swimming" },
  lapswimming = { "swimming", "lap_swimming" },
  weighttraining = { "strength_training" }, workout = { "training" },
  strengthtraining = { "strength_training" },
  traditionalstrengthtraining = { "strength_training" },
  functionalstrengthtraining = { "strength_training" },
  crossfit = { "strength_training", "crossfit" },
  highintensityintervaltraining = { "hiit" }, hiit = { "hiit" },
  yoga = { "yoga" }, pilates = { "pilates" }, rowing = { "rowing" }, virtualrow = { "rowing", "indoor" },
  elliptical = { "elliptical" }, stairstepper = { "stair_climbing" }, stairclimbing = { "stair_climbing" },
  nordicski = { "cross_country_skiing" }, backcountryski = { "backcountry_skiing" },
  alpineski = { "alpine_skiing" }, snowboard = { "snowboarding" }, snowshoe = { "snowshoeing" },
  rollerski = { "roller_skiing" },
  iceskate = { "ice_skating" }, inlineskate = { "inline_skating" },
  kayaking = { "kayaking" }, canoeing = { "canoeing" }, standuppaddling = { "stand_up_paddling" },
  surfing = { "surfing" }, kitesurf = { "kitesurfing" }, windsurf = { "windsurfing" }, sail = { "sailing" },
  rockclimbing = { "rock_climbing" }, rockclimb = { "rock_climbing" },
  golf = { "golf" }, soccer = { "soccer" }, tennis = { "tennis" },
  badminton = { "badminton" }, pickleball = { "pickleball" }, squash = { "squash" },
  racquetball = { "racquetball" }, tabletennis = { "table_tennis" }, dance = { "dancing" },
}

-- Sport and, where the word says more, the kind of it. A word nobody knows keeps its own spelling.
function sports.of(word)
  if type(word) ~= "string" or word == "" then
    return nil
  end
  local row = known[word:lower():gsub("[^%l]", "")]
  if row then
    return row[1], row[2]
  end
  word = word:gsub("(%l)(%u)", "%1_%2"):lower():gsub("[^%w\128-\255]+", "_")
  return #word <= MOST and word or word:sub(1, MOST):gsub("[\192-\255][\128-\191]*$", "")
end

-- Every sport of the table, in our spelling.
function sports.names()
  local list = {}
  for _, row in pairs(known) do
    list[#list + 1] = row[1]
  end
  return list
end

return sports
