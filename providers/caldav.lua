-- CalDAV: a calendar of yours on Nextcloud, Radicale, Fastmail, iCloud ... that rules write entries to.
-- The address is the calendar's own: --base-url https://cloud.example/remote.php/dav/calendars/me/health
-- An entry has one address, made from its UID: writing it again changes it, never doubles it.
local sw = require "syncwell"

return sw.provider {
  id = "caldav", title = "CalDAV calendar", self_hosted = true,
  doc = "Give the calendar's own address with --base-url, your user name and an app password.",
  auth = sw.basic { user = sw.secret "user", password = "password" },
  secrets = { user = "your user name there", password = "an app password" },
  limits = { { 60, per = "1min" } },
  policy = { share = true, aggregate = true, llm = true },
  writes = {
    calendar = function(entry, acct)
      local path = "/" .. entry.uid:gsub("[^%w%-]", "-") .. ".ics"
      if entry.remove then
        local gone = acct.delete { path = path }
        return (gone.status == 404 or gone.status == 410) and "done" or gone
      end
      local ics = { ["Content-Type"] = "text/calendar; charset=utf-8", ["If-None-Match"] = "*" }
      local res = acct.put { path = path, headers = ics, body = entry.ics }
      if res.status ~= 412 then
        return res
      end
      local there = acct.get { path = path, headers = { Accept = "text/calendar" } }
      if there.status ~= 200 or not there.headers.etag then
        return "retry"
      end
      ics["If-None-Match"], ics["If-Match"] = nil, there.headers.etag
      return acct.put { path = path, headers = ics, body = entry.ics }
    end,
  },
}
