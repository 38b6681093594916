-- In the evening, when the medication that you usually write down is not there.
--   syncwell rules install medication_check
local sw = require "syncwell"

return sw.rule {
  title = "Medication not logged",
  doc = "At eight in the evening, when you wrote medication down on most days but not today.",
  params = { days = sw.number { default = 10, min = 3, max = 14, doc = "of 14 days make it a habit" } },
  on = sw.at "20:00",
  reads = { "medication" },
  uses = { "notify" },
  run = function(_, ctx)
    local today, usual, done = os.date "%Y-%m-%d", 0, false
    for _, row in ipairs(ctx.series("medication", { last = "15d" }).rows) do
      done = done or row.day == today
      usual = usual + (row.day ~= today and 1 or 0)
    end
    if not done and usual >= ctx.params.days then
      ctx.notify { title = "Medication", text = "None is written down for today. If you took it: "
        .. "syncwell log medication 1. If not, do what was agreed with who prescribed it." }
    end
  end,
}
