-- What `when` and `key` do that only `run` may: waiting and acting. Those two are asked for any event, also
-- in the past, so they decide and nothing else.
--   lint_pure.problems(tokens, actions) --> { { i = index of the token, message, hint } ... }
-- tokens: of lint.lua, { text, kind, line }; actions: names of ctx that do something.
local lint_pure = {}

local opens = { ["function"] = true, ["do"] = true, ["if"] = true, ["repeat"] = true }
local closes = { ["end"] = true, ["until"] = true }
local waits = { sleep = true, wait_for = true }

-- The index behind the function that begins at i, its `end` included.
local function behind(tokens, i)
  local depth = 0
  repeat
    local t = tokens[i]
    depth = depth + (t.kind == "keyword" and (opens[t.text] and 1 or closes[t.text] and -1) or 0)
    i = i + 1
  until depth == 0 or not tokens[i]
  return i
end

-- when = function(w, ctx): where its body begins, and what it calls its second parameter.
local function head(tokens, i)
  local function text(k)
    return tokens[k] and tokens[k].text
  end
  if (text(i) == "when" or text(i) == "key") and text(i + 1) == "=" and text(i + 2) == "function"
    and text(i + 3) == "(" and text(i + 5) == "," then
    return i + 2, text(i + 6)
  end
end

local function look(found, tokens, from, ctx, actions)
  for i = from, behind(tokens, from) - 3 do
    local name = tokens[i].text == ctx and tokens[i + 1].text == "." and tokens[i - 1].text ~= "."
      and tokens[i + 2].text
    if name and waits[name] then
      found[#found + 1] = { i = i, message = ("ctx.%s stands in %s, which only decides"):format(name,
        tokens[from - 2].text), hint = "wait in run: when and key are asked again for events of the past" }
    elseif name and actions[name] then
      found[#found + 1] = { i = i, message = ("ctx.%s stands in %s, which only decides"):format(name,
        tokens[from - 2].text), hint = "actions belong in run" }
    end
  end
end

function lint_pure.problems(tokens, actions)
  local found = {}
  for i = 1, #tokens do
    local from, ctx = head(tokens, i)
    if from then
      look(found, tokens, from, ctx, actions)
    end
  end
  return found
end

return lint_pure
