-- A person's own words for messages: config.lua's `words`, by the name of a rule, by rule and the id of the
-- message ("my_rule.begin"), or by the id of a notice ("rule.paused"). Places in braces take its values.
--   return { words = { sleep_debt = { title = "Schlaf", text = "{hours} Stunden fehlen" } } }
--   wording.apply(ctx, "sleep_debt", args)         --> args, or a copy with the person's words
--   wording.fill("{rule} rests", { rule = "a" })   --> "a rests"; a place without a value stays, or is `none`
local wording = {}

local LONG = 400

function wording.fill(text, values, none)
  return (text:gsub("{([%a_][%w_]*)}", function(name)
    return values[name] ~= nil and sw.sys.clean(tostring(values[name])):sub(1, LONG) or none
  end))
end

local function own(ctx, name)
  local said = (ctx.config and ctx.config.words or {})[name]
  return type(said) == "table" and said or nil
end

-- The words for a notice, ours where the person has none.
function wording.of(ctx, id, ours)
  local said = own(ctx, id) or {}
  return said.title or ours.title, said.text or ours.text
end

function wording.apply(ctx, rule, args)
  local said = args.id and own(ctx, rule .. "." .. args.id) or own(ctx, rule)
  if not said then
    return args
  end
  local copy = {}
  for name, value in pairs(args) do
    copy[name] = value
  end
  for _, name in ipairs { "title", "text" } do
    copy[name] = said[name] and wording.fill(said[name], args.values or {}) or args[name]
  end
  return copy
end

-- Why what config.lua says is no wording; nil when it is one.
function wording.problem(words)
  for id, said in pairs(words) do
    if type(said) ~= "table" then
      return ("config.lua: words[\"%s\"] is a table: { title = ..., text = ... }"):format(tostring(id))
    end
    for name, text in pairs(said) do
      if name ~= "title" and name ~= "text" or type(text) ~= "string" or #text > 4096 then
        return ("config.lua: words[\"%s\"] has a title and a text of at most 4096 characters, no '%s'")
          :format(tostring(id), tostring(name))
      end
    end
  end
end

return wording
