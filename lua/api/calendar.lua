-- GET /calendar/SECRET.ics: the calendar of a home, for any calendar program to subscribe to.
-- The secret is made once per home and printed by `syncwell serve`; a wrong one finds nothing.
local feed = require("feed")

-- Equal without telling by time how much of it was right.
local function same(a, b)
  local differ = #a ~ #b
  for i = 1, math.min(#a, #b) do
    differ = differ | (a:byte(i) ~ b:byte(i))
  end
  return differ == 0
end

return function(ctx, _, word)
  local secret = feed.secret(ctx)
  if not secret or not same(word, secret) then
    return nil
  end
  local text = sw.fs.read(ctx.home .. "/calendar.ics") or assert(sw.ical.write("SyncWell", {}))
  return 200, { ["Content-Type"] = "text/calendar; charset=utf-8" }, text
end
