-- SPDX-License-Identifier: MIT
-- A week of 200 Strava accounts behind one app, in data time: store, queue, limits and provider script are
-- the real ones, the network is a function that counts as Strava does. No window is ever over its limit;
-- how fresh data is, and what a connection costs, is printed.
local flow = require("flow")
local home = require("home")
local providers = require("providers")
local queue = require("queue")
local signin = require("signin")

local json = sw.json
local ACCOUNTS, DAY, QUARTER = 200, 86400000, 900000
local START = 1767225600000 -- 2026-01-01T00:00:00Z

-- A small generator of our own, so that the week is the same each time.
local seed = 7
local function random(n)
  seed = (seed * 1103515245 + 12345) & 0x7fffffff
  return seed // 65536 % n
end

-- What people do: one or two activities on most days, told to the service when they end.
local function lives()
  local list = {}
  for account = 1, ACCOUNTS do
    list[account] = {}
    for day = -8, 6 do
      for k = 1, random(3) do
        local start = START + day * DAY + (6 + k * 5) * 3600000 + random(240) * 60000
        table.insert(list[account], { id = account * 100000 + (day + 10) * 10 + k, start = start,
          finish = start + (30 + random(60)) * 60000 })
      end
    end
  end
  return list
end

local function strava(people)
  local s = { windows = {}, most = {}, over = 0, requests = 0, waits = {} }
  local LIMITS = { { QUARTER, 100 }, { DAY, 1000 } }
  local function count(now)
    local used = {}
    for i, l in ipairs(LIMITS) do
      local name = i .. ":" .. now // l[1]
      s.windows[name] = (s.windows[name] or 0) + 1
      used[i] = s.windows[name]
      s.most[i] = math.max(s.most[i] or 0, used[i])
      s.over = s.over + (used[i] > l[2] and 1 or 0)
    end
    return used
  end
  local function activities(account, after, before, now)
    local out = json.list()
    for _, a in ipairs(people[account]) do
      if a.start // 1000 > after and a.start // 1000 < before and a.finish <= now then
        out[#out + 1] = { id = a.id, name = "x", sport_type = "Run", start_date = sw.time.iso(a.start, 0), utc_offset = 3600,
          elapsed_time = (a.finish - a.start) // 1000, moving_time = (a.finish - a.start) // 1000, distance = 9000.0 }
        if not a.told and a.finish >= START then
          a.told = now
          table.insert(s.waits, { a.finish, now - a.finish })
        end
      end
    end
    return out
  end
  function s.request(q)
    local now = sw.time.now()
    local used = count(now)
    s.requests = s.requests + 1
    local account = tonumber(q.headers.Authorization:match("token%-(%d+)"))
    local headers = { ["X-RateLimit-Usage"] = ("%d,%d"):format(used[1], used[2]),
      ["X-ReadRateLimit-Usage"] = ("%d,%d"):format(used[1], used[2]), ["Content-Type"] = "application/json" }
    if used[1] > 100 or used[2] > 1000 then
      return { status = 429, headers = headers, body = "{}", redirects = 0 }
    elseif q.url:find("/athlete/activities", 1, true) then
      local p = require("url").params(q.url)
      local list = p.page == "1" and activities(account, tonumber(p.after), tonumber(p.before), now) or json.list()
      return { status = 200, headers = headers, body = json.encode(list), redirects = 0 }
    end
    return { status = 200, headers = headers, body = json.encode { id = account, username = "p" .. account }, redirects = 0 }
  end
  return s
end

local function percentile(list, p)
  table.sort(list)
  return list[math.max(1, math.ceil(#list * p / 100))] or 0
end

describe("a week of 200 accounts behind one app", function()
  it("never passes a limit, and brings every activity", function()
    local people = lives()
    local service = strava(people)
    local real, dir = sw.http.request, flow.temp()
    sw.http.request = service.request -- luacheck: ignore 122
    sw.time.set(START)
    local ctx = assert(home.open({ home = dir, zone = "Europe/Berlin" }, true))
    ctx.config, ctx.daemon = {}, true
    local provider = assert(providers.get(ctx, "strava"))
    local cpu = sw.time.cpu()
    for i = 1, ACCOUNTS do -- two minutes apart: connecting asks too
      sw.time.set(START + i * 20000)
      assert(signin.keep(ctx, provider, { name = "p" .. i, secret = { secrets = { access = ("token-%04d"):format(i) } } }))
    end
    local made = service.requests
    while true do
      local due = sw.store.next_due()
      if not due or due > START + 7 * DAY then
        break
      end
      sw.time.set(math.max(due, sw.time.now()))
      assert(queue.run_due(ctx))
    end
    cpu = sw.time.cpu() - cpu
    local late, missing = {}, 0
    for _, list in ipairs(people) do
      for _, a in ipairs(list) do
        if a.finish >= START and a.finish < START + 6 * DAY and not a.told then
          missing = missing + 1
        end
      end
    end
    local first = {} -- on the first day connecting itself spends most of the day's limit
    for _, w in ipairs(service.waits) do
      table.insert(w[1] < START + DAY and first or late, w[2] / 3600000)
    end
    sw.sys.out(("     %d requests, at most %d of 100 a quarter and %d of 1000 a day; new data after %.1f h (median), %.1f h (95 of 100); %.1f ms of CPU a sync, %.2f s a connection and week\n"):format(
      service.requests, service.most[1], service.most[2], percentile(late, 50), percentile(late, 95),
      cpu * 1000 / (service.requests - made), cpu / ACCOUNTS))
    expect(service.over).equals(0)
    expect(missing).equals(0)
    expect(percentile(late, 50) < 12).is_true()
    sw.http.request = real -- luacheck: ignore 122
    sw.fs.remove_tree(dir)
  end)
end)
