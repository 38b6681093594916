-- A connection needs you: on the list of tasks until it is done, so that it is not forgotten with a message.
--   syncwell rules install reconnect_task
local sw = require "syncwell"

return sw.rule {
  title = "Sync needs attention",
  doc = "Puts a task on your list (and into the calendar feed) when a connection needs you.",
  on = sw.event "connection.needs_user",
  reads = {},
  uses = { "task:write" },
  run = function(e, ctx)
    ctx.task.add { title = "Reconnect " .. e.connection, notes = e.text, due = ctx.now + "1d" }
  end,
}
