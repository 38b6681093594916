-- G5: a provider whose samples go through a function of its own, one by one.
local sw = require "syncwell"

return sw.provider {
  id = "bench", title = "Bench", hosts = {},
  posts = function(doc, out)
    out.series(doc.data, { metric = "heart_rate", unit = "/min", time = "timestamp",
      value = function(item) return item.bpm end })
  end,
}
