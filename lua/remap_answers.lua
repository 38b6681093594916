-- Playing a provider script over answers that are kept: the worker path of a sync, a detail or a posted
-- document, only that the answers come from the archive. Nothing is asked of anybody.
--   answers.run(ctx, c, provider, item, about, taken) --> true, filled taken | nil, message, code
-- Codes: "bad" when this item cannot be read so; others are those of the store and the box.
local door = require("door")
local home = require("home")
local pull = require("pull")
local raw = require("raw")
local zones = require("zones")

local answers = {}

local CPU_MS, AROUND_MS = 5000, 400 * 86400000

-- The kept answer to a question: that to the very same, or the only one there is.
local function pick(list, request)
  local asked = sw.sys.hash(raw.question(type(request) == "table" and request or {})):sub(1, 16)
  for _, a in ipairs(list) do
    if a.whole == asked and not a.used then
      a.used = true
      return a
    end
  end
  for _, a in ipairs(list) do
    if a.whole == asked or #list == 1 then
      return a
    end
  end
end

local function answer(list, taken, failure)
  return function(call, _, name, args)
    if name == "http" then
      local a = pick(list, args)
      if not a then
        failure.message = "the script asks for something that was not asked then: sync it again"
        return sw.box.reply(call, false, failure.message)
      end
      sw.box.body(call, a.body)
      return sw.box.reply(call, true, { status = a.status, headers = { ["content-type"] = a.type } })
    elseif name == "body" then
      sw.box.body(call, list[1].body)
      return sw.box.reply(call, true, true)
    end
    local ok, message = taken:take(name, args)
    sw.box.reply(call, ok or false, ok or message)
  end
end

local specs = {}

function specs.page(ctx, c, provider, item)
  local read = (provider.declaration.reads or {})[item.resource]
  if not read then
    return nil, ("%s no longer reads '%s': what it brought stays"):format(provider.script, item.resource)
  end
  local window = pull.window(ctx, read, item.first, item.last, item.to)
  window.from, window.to = item.from, item.to
  return { op = "page", resource = item.resource, window = window, page = item.page, account = c.body.account,
    zone = zones.between(ctx.zone, item.from, item.to) }
end

function specs.detail(_, _, provider, item, about)
  local read = (provider.declaration.reads or {})[item.resource]
  if not read or not read.detail then
    return nil, ("%s no longer asks for details of '%s': what they brought stays"):format(provider.script,
      item.resource)
  end
  return { op = "detail", resource = item.resource, item = about or item.item }
end

function specs.posted(ctx, _, provider, item)
  if not provider.declaration.posts then
    return nil, provider.script .. " no longer takes posted documents: what they brought stays"
  end
  return { op = "posted", zone = zones.between(ctx.zone, item.fetched - AROUND_MS, item.fetched + 86400000) }
end

local function judge(provider, results, failure)
  local r = results[1]
  if failure.message then
    return nil, failure.message, "bad"
  elseif not r.ok then
    return nil, r.error and (r.error.text or r.error.message) or "the script was stopped", "bad"
  elseif type(r.out) == "table" and r.out.verdict then
    return nil, ("%s now takes the answer for none (%s)"):format(provider.script,
      tostring(r.out.verdict.reason or r.out.verdict.word)), "bad"
  end
  return true
end

function answers.run(ctx, c, provider, item, about, taken)
  local spec, why = specs[item.op](ctx, c, provider, item, about)
  if not spec then
    return nil, why, "bad"
  end
  local list, message = raw.answers(ctx, item)
  if not list or #list == 0 then
    return nil, message or "nothing is kept of it", "bad"
  end
  spec.script, spec.at, spec.user = provider.script, item.fetched, ctx.name
  spec.offset_min, spec.settings = home.offset(ctx, item.fetched), c.body.settings
  local failure = {}
  local results, problem, code = door.run(ctx.name, provider.package, { { cpu_ms = CPU_MS, spec = spec } },
    answer(list, taken, failure))
  if not results then
    return nil, problem, code
  end
  return judge(provider, results, failure)
end

return answers
