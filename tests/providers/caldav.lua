-- A destination only: nothing is read from it. Answers as Radicale and Nextcloud give them; the flows try the
-- same against a Radicale of their own.
return function()
  local ics = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
  local entry, path = { uid = "rule/x@home-1", ics = ics }, "/rule-x-home-1.ics"
  local put = { method = "PUT", path = path, body = ics, headers = { ["If-None-Match"] = "*", ["If-Match"] = false } }
  local get = { method = "GET", path = path }
  local function over(etag)
    return { method = "PUT", path = path, body = ics, headers = { ["If-None-Match"] = false, ["If-Match"] = etag } }
  end
  return { reads = {}, writes = { calendar = {
    { name = "a new entry", entry = entry, answers = { { status = 201 } }, requests = { put }, result = "done" },
    { name = "one that is there is written over, in the state that was seen", entry = entry, result = "done",
      answers = { { status = 412 }, { status = 200, headers = { etag = '"7"' }, body = ics }, { status = 204 } },
      requests = { put, get, over '"7"' } },
    { name = "one that is there, on a server that names no state, waits", entry = entry, result = "retry",
      answers = { { status = 412 }, { status = 200, body = ics } }, requests = { put, get } },
    { name = "one that goes while it is looked at waits", entry = entry, result = "retry",
      answers = { { status = 412 }, { status = 404 } }, requests = { put, get } },
    { name = "a calendar that is not there is given up", entry = entry, result = "never",
      answers = { { status = 404 } }, requests = { put } },
  } } }
end
