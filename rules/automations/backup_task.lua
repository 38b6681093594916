-- A planned backup did not work: on the list of tasks, once a day.
--   syncwell rules install backup_task
local sw = require "syncwell"

return sw.rule {
  title = "Backup did not run",
  doc = "Puts a task on your list when a planned backup failed, with the reason.",
  on = sw.event "backup.failed",
  key = function() return os.date "%Y-%m-%d" end,
  reads = {},
  uses = { "task:write" },
  run = function(e, ctx)
    ctx.task.add { title = "Look after the backup", due = ctx.now + "1d",
      notes = ("It failed: %s\nTry it by hand: syncwell backup now"):format(e.error or "no reason known") }
  end,
}
