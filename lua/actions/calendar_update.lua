-- ctx.calendar.update { uid = "plan-1", at = w.finish }: changes what is named of an entry there is.
local calendar = require("calendar")

return { grant = "calendar:write", keyed = true, send = calendar.update }
