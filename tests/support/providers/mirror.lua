-- A made-up service that takes entries and gives them back, for tests; LANE is a, b or c.
--   POST /mirror/a/items { "key", "start", "text", "note" } --> { "id": "a1" }
--   GET /mirror/a/items --> [ { "id": "a1", "start", "text", "note", "source": "mirror-c:c1" } ]
local sw = require "syncwell"

return sw.provider {
  id = "mirror-LANE", title = "Mirror LANE", self_hosted = true,
  limits = { { 6000, per = "1min" } },
  policy = { share = true, aggregate = true, llm = true },
  reads = {
    items = { path = "/mirror/LANE/items", kind = "note", window = "30d", complete = true,
      map = { id = "id", start = sw.iso "start", text = "note", derived_from = "source" } },
  },
  writes = {
    calendar = function(entry, acct)
      local y, m, d, hour, minute, s = entry.ics:match "DTSTART:(%d%d%d%d)(%d%d)(%d%d)T(%d%d)(%d%d)(%d%d)Z"
      local start = ("%s-%s-%sT%s:%s:%sZ"):format(y, m, d, hour, minute, s)
      local res = acct.post { path = "/mirror/LANE/items", json = { key = entry.tag, start = start, text = entry.uid,
        note = "made by " .. entry.tag } }
      return res, res.json and res.json.id
    end,
  },
}
