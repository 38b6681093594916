-- GET /metrics: figures of this engine as Prometheus text: counts of records, jobs, requests and runs, never
-- a name, a value or a time of what is kept. Asks for the word of `syncwell secrets set metrics` where there
-- is one; without one it answers only requests of this machine.
local bearer = require("api.bearer")
local outlets = require("outlets")

local function line(out, name, kind, help, value)
  out[#out + 1] = ("# HELP syncwell_%s %s\n# TYPE syncwell_%s %s\nsyncwell_%s %d\n"):format(name, help, name,
    kind,
    name, value)
end

-- Statements of the store by their text, which holds no values.
local function slow(out)
  local list = sw.store.slow()
  if #list == 0 then
    return
  end
  out[#out + 1] = "# HELP syncwell_slow_statements_total Statements that took 100 ms or longer.\n"
    .. "# TYPE syncwell_slow_statements_total counter\n"
  for _, s in ipairs(list) do
    local text = s.statement:gsub("%s+", " "):gsub('[\\"]', "\\%0")
    out[#out + 1] = ("syncwell_slow_statements_total{statement=\"%s\"} %d\n"):format(text, s.count)
  end
end

local function refused(status, text)
  return status, { ["Content-Type"] = "text/plain",
    ["WWW-Authenticate"] = status == 401 and "Bearer" or nil }, text .. "\n"
end

local function is_local(ctx, request)
  local name = (request.headers.host or ""):lower():gsub(":%d+$", "")
  return not ctx.public and (name == "127.0.0.1" or name == "localhost" or name == "[::1]")
end

return function(ctx, request)
  local word, problem = bearer.word(ctx)
  if problem then
    error(problem, 0)
  elseif not word and not is_local(ctx, request) then
    return refused(403, "these figures are for this machine; `syncwell secrets set metrics` opens them")
  elseif word and not bearer.shown(request, word) then
    return refused(401, "Authorization: Bearer with the word of `syncwell secrets set metrics`")
  end
  local c, message = sw.store.counts(ctx.who)
  if not c then
    error(message, 0)
  end
  local http, box, out = sw.serve.stats(), sw.box.stats(), {}
  line(out, "records", "gauge", "Records kept.", c.records)
  line(out, "samples", "gauge", "Samples kept in chunks.", c.samples)
  line(out, "jobs_waiting", "gauge", "Jobs that wait or run.", c.jobs)
  line(out, "jobs_given_up", "gauge", "Jobs that were given up.", c.given_up)
  line(out, "channels_failing", "gauge", "Channels that lost messages or have taken none for an hour.",
    #outlets.ill(ctx))
  line(out, "http_requests_total", "counter", "Requests given to a handler.", http.requests)
  line(out, "http_refused_total", "counter", "Requests refused before.", http.refused)
  line(out, "script_runs_total", "counter", "Runs of scripts.", box.runs)
  line(out, "script_workers_killed_total", "counter", "Workers stopped by force.", box.killed)
  line(out, "script_workers_crashed_total", "counter", "Workers that crashed.", box.crashed)
  slow(out)
  return 200, { ["Content-Type"] = "text/plain; version=0.0.4; charset=utf-8" }, table.concat(out)
end
