-- ctx.record.tag "race": a tag on the record that fired, or on { id = ..., tag = ... }.
-- A tag that is there already changes nothing, so rules on workout.updated do not go round in circles.
local bulk = require("bulk")
local record = require("record")

local TAGS_MOST = 32 -- a rule on updates that thinks of a new one each time ends there

local function members_of(ctx, id)
  local number = id and #id <= 16 and id:find("^%x+$") and math.tointeger(tonumber("0x" .. id))
  if not number then
    return {}
  end
  local members, message, code = sw.store.records(ctx.who, { group = number })
  return members, message, code
end

local function has(view, tag)
  for _, have in ipairs(view.attributes.tags or {}) do
    if have == tag then
      return true
    end
  end
end

local function send(ctx, _, args, steps)
  local tag = sw.sys.clean(args.tag)
  if tag == "" or #tag > 60 or tag:find("[%s,]") then
    return nil, ("'%s' is no tag: one word of at most 60 bytes"):format(tag), "bad"
  end
  local members, message, code = members_of(ctx, args.id)
  if not members then
    return nil, message, code
  elseif #members == 0 then
    return "skipped: the record to tag is not there"
  end
  local view = record.merged(table.move(members, 1, #members, 1, {}))
  if has(view, tag) then
    return "done"
  elseif #(view.attributes.tags or {}) >= TAGS_MOST then
    return ("skipped: it has %d tags already"):format(TAGS_MOST)
  end
  local run
  run, message, code = bulk.tag(ctx, { { view = view, members = members, all = members } }, { tag },
    ("tag '%s' of rule %s"):format(tag, steps.firing.body.rule))
  return run and "done" or nil, message, code
end

return { grant = "record:write", keyed = true, send = send }
