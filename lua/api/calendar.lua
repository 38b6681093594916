-- GET /calendar/SECRET.ics: the calendar of a home, for any calendar program to subscribe to.
-- The secret is made once per home and printed by `syncwell serve`; a wrong one finds nothing.
local feed = require("feed")

return function(ctx, _, word)
  local secret = feed.secret(ctx)
  if not secret or not sw.crypto.equal(word, secret) then
    return nil
  end
  local text = sw.fs.read(ctx.home .. "/calendar.ics") or assert(sw.ical.write("SyncWell", {}))
  return 200, { ["Content-Type"] = "text/calendar; charset=utf-8" }, text
end
