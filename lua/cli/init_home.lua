-- syncwell init: make a home and say whose it is.
--   syncwell init --zone Europe/Berlin
local home = require("home")
local term = require("term")

local command = {
  creates = true,
  group = "start", summary = "make a home for your data",
    usage = "[--zone ZONE] [--place LATITUDE,LONGITUDE] [--test]",
  example = "syncwell init --zone Europe/Berlin",
  options = {
    zone = { value = "ZONE", doc = "your time zone (default: this machine's)" },
    place = { value = "LATITUDE,LONGITUDE", doc = "where you are, for sunrise and sunset: 52.52,13.40" },
    test = { doc = "a home for tests: --now may change data time" },
  },
}

local function place_of(text)
  local lat, lon = text:match("^%s*(%-?%d+%.?%d*)%s*,%s*(%-?%d+%.?%d*)%s*$")
  lat, lon = tonumber(lat), tonumber(lon)
  if not lat or math.abs(lat) > 90 or math.abs(lon) > 180 then
    return nil, ("--place: '%s' is not a place like 52.52,13.40 (degrees north, degrees east)"):format(text),
      "usage"
  end
  return { latitude = lat, longitude = lon }
end

function command.run(ctx, _, options)
  if options.zone then
    local ok, message = sw.time.zone_ok(options.zone)
    if not ok then
      return nil, message, "usage"
    end
    local t = home.txn(ctx)
    t:person(ctx.name, options.zone, true)
    local done, why, code = t:commit()
    if not done then
      return nil, why, code
    end
    ctx.zone = options.zone
  end
  local setting = home.setting(ctx, "home")
  setting.test = options.test or setting.test
  if options.place then
    local place, why, kind = place_of(options.place)
    if not place then
      return nil, why, kind
    end
    setting.place = place
  end
  local ok, message, code = home.set(ctx, "home", setting)
  if not ok then
    return nil, message, code
  end
  if ctx.json then
    term.line("%s", sw.json.encode { home = ctx.home, user = ctx.name, zone = ctx.zone, test = setting.test
      or false })
  elseif not ctx.quiet then
    term.line("home %s, user %s, zone %s\nnext: syncwell import FILE, then syncwell show", ctx.home,
      ctx.name, ctx.zone)
  end
  return 0
end

return command
