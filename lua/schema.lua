-- Closed tables of the trusted side: unknown keys are errors with a suggestion.
--   local problem = schema.check(value, { listen = "string" }, "config.lua")   --> nil or a sentence
local schema = {}

-- Edit distance of two short words, with a swap of neighbours counted once.
local function distance(a, b)
  local before, last = {}, {}
  for j = 0, #b do
    last[j] = j
  end
  for i = 1, #a do
    local row = { [0] = i }
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      row[j] = math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (same and 0 or 1))
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        row[j] = math.min(row[j], before[j - 2] + 1)
      end
    end
    before, last = last, row
  end
  return last[#b]
end

-- The closest of the names, nil when none is close: a third of the word, or `most` letters apart.
function schema.nearest(word, names, most)
  local best, at
  for _, name in ipairs(names) do
    local d = distance(word:lower():sub(1, 40), name:lower():sub(1, 40))
    if not best or d < best or (d == best and name < at) then
      best, at = d, name
    end
  end
  return best and best <= (most or math.min(#word, 40) // 3 + 1) and at or nil
end

function schema.did_you_mean(word, names)
  local near = schema.nearest(word, names)
  return near and (" (did you mean '%s'?)"):format(near) or ""
end

-- The same for the few words of a closed list: all of them where none is near.
function schema.one_of(word, names)
  local near = schema.nearest(word, names)
  return near and (" (did you mean '%s'?)"):format(near)
    or ("; there are %s and %s"):format(table.concat(names, ", ", 1, #names - 1), names[#names])
end

function schema.keys(t)
  local list = {}
  for k in pairs(t) do
    list[#list + 1] = k
  end
  table.sort(list, function(a, b) -- keys of a table someone typed may be of any kind
    return tostring(a) < tostring(b)
  end)
  return list
end

function schema.check(value, shape, where)
  if type(value) ~= "table" then
    return ("%s: a table is expected, not %s"):format(where, type(value))
  end
  for _, key in ipairs(schema.keys(value)) do
    local want = shape[key]
    if not want then
      return ("%s: unknown key '%s'%s"):format(where, tostring(key),
        schema.did_you_mean(tostring(key), schema.keys(shape)))
    elseif type(want) == "table" then
      local problem = schema.check(value[key], want, where .. ": " .. key)
      if problem then
        return problem
      end
    elseif type(value[key]) ~= want then
      return ("%s: '%s' must be a %s, not a %s"):format(where, key, want, type(value[key]))
    end
  end
end

return schema
