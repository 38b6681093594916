-- What a trigger asks of an event, beside its kind: provider, maker, sport and the like.
--   filters.passes({ kind = "event", sport = "running" }, view)   --> does the event have it?
--   filters.problem(trigger)        --> nil, or a sentence: what no event can ever have
--   filters.slips(ctx, trigger)     --> sentences such as "there is no sport 'runing' (did you mean ...)"
-- Services and people bring words of their own, so a word that is like none of ours may come one day and is
-- left alone; one that is nearly ours, and that no data of the person has, is a slip. It may come one day,
-- too, so a slip is told by `lint` and keeps no rule from running.
local matching = require("box.matching")
local lua_files = require("lua_files")
local schema = require("schema")
local spelling = require("box.spelling")
local sports = require("box.sports")

local filters = {}

local SHORT = 4 -- letters; what is near to so short a word says nothing

function filters.passes(trigger, view)
  if not matching.asks(trigger) then
    return true
  end
  local function get(name)
    local value = view[name]
    return value == nil and (view.attributes or {})[name] or value
  end
  for _, name in ipairs(matching.names) do
    if trigger[name] and not matching.has(name, trigger[name], get, spelling.same) then
      return false
    end
  end
  return true
end

-- --- what could never be ---

local known = {}

-- The words of devices and files; what services say is box/sports.lua.
known.sport = [[
alpine_skiing american_football archery australian_football badminton barre baseball basketball bowling
boxing climbing cooldown core_training cricket cross_country_skiing cross_training curling cycling dance
dancing disc_golf diving downhill_skiing driving e_biking elliptical equestrian_sports fencing fishing
fitness_equipment flexibility flying functional_strength_training generic golf gymnastics hand_cycling
handball hiit hiking hockey horseback_riding hunting ice_skating inline_skating jump_rope kayaking
kickboxing kitesurfing lacrosse martial_arts meditation mind_and_body mixed_cardio mixed_martial_arts
motorcycling mountaineering multisport other paddle_sports paddling padel pickleball pilates play
preparation_and_recovery racket racquetball rafting rock_climbing rowing rugby running sailing
skating_sports sky_diving snorkeling snow_sports snowboarding snowmobiling snowshoeing soccer
social_dance softball squash stair_climbing stairs stand_up_paddleboarding step_training
strength_training surfing surfing_sports swim_bike_run swimming table_tennis tactical tai_chi tennis
track_and_field traditional_strength_training training transition triathlon underwater_diving volleyball
wakeboarding walking water_fitness water_polo water_skiing water_sports wheelchair_run_pace
wheelchair_walk_pace windsurfing workout wrestling yoga]]

known.provider = [[cronometer elite_hrv file files fitbit garmin google_fit health_connect hrv4training manual
myfitnesspal oura rule samsung strava withings zepp]]

known.maker = [[amazfit apple casio coros decathlon elite fitbit garmin google hammerhead honor huami
huawei karoo mio nokia omron oppo oura polar samsung sigma stages suunto tacx timex tomtom wahoo whoop
withings xiaomi zepp zwift]]

for name, words in pairs(known) do
  known[name] = {}
  for word in words:gmatch("%S+") do
    known[name][word] = true
  end
end
for _, word in ipairs(sports.names()) do
  known.sport[word] = true
end

local seen = {}

function seen.sport(ctx, add)
  for _, sport in ipairs(sw.store.types(ctx.who, "workout") or {}) do
    add(sport)
  end
end

function seen.maker(ctx, add)
  for _, o in ipairs(sw.store.origins(ctx.who) or {}) do
    add(o.maker)
  end
end

function seen.provider(ctx, add)
  for _, dir in ipairs { sw.sys.share() .. "/providers", ctx.home and ctx.home .. "/providers" } do
    for _, name in ipairs(lua_files.names(dir)) do
      add(name)
    end
  end
  for _, o in ipairs(sw.store.origins(ctx.who) or {}) do
    add(o.provider)
  end
end

local function words_of(ctx, name)
  local set = {}
  for word in pairs(known[name]) do
    set[word] = true
  end
  if ctx.who then
    seen[name](ctx, function(word) set[word or ""] = true end)
  end
  return set
end

-- The word of ours that such a value is nearly; nil when it is known, or like none.
function filters.meant(ctx, name, value)
  if #value <= SHORT or known[name][value] then
    return nil
  end
  local set = words_of(ctx, name)
  if set[value] then
    return nil
  end
  local near = schema.nearest(value, schema.keys(set), #value < 8 and 1 or 2)
  return near ~= "" and near or nil
end

local function value_problem(ctx, name, value)
  local near = filters.meant(ctx, name, value)
  return near and ("there is no %s '%s' (did you mean '%s'?)"):format(name, value, near) or nil
end

-- Only a workout has a sport.
function filters.problem(t)
  local kind = t.kind == "streak" and t.records
    or t.kind == "event" and tostring(t.event or t[1]):match("^(%l+)%.%l+$")
  if t.sport and kind and kind ~= "workout" then
    return ("sport = '%s': only workouts have a sport, and this looks at %s"):format(t.sport, kind)
  end
end

function filters.slips(ctx, t)
  local found = {}
  for _, name in ipairs { "sport", "provider", "maker" } do
    local value = t[name]
    found[#found + 1] = type(value) == "string" and value_problem(ctx, name, value) or nil
  end
  return found
end

return filters
