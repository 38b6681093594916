-- The past of a new connection has arrived.
--   syncwell rules install history_ready
local sw = require "syncwell"

return sw.rule {
  title = "Your history is there",
  doc = "Says so when the first sync of a connection has brought its past.",
  on = sw.event "backfill.finished",
  reads = {},
  uses = { "notify" },
  run = function(e, ctx)
    ctx.notify { title = "Your history is there",
      text = ("%s brought %d records and values of the past. Have a look: syncwell show week"):format(
        e.connection, e.added or 0) }
  end,
}
