-- ctx.calendar.add { title = "Drink", at = w.finish + "30min" }: an entry, under a UID made from the action.
local calendar = require("calendar")

return { grant = "calendar:write", keyed = true, send = calendar.add }
