-- ctx.calendar.remove "plan-1": the entry goes from the feed and from calendars it was written to.
local calendar = require("calendar")

return { grant = "calendar:write", keyed = true, send = calendar.remove }
