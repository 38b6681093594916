-- What `when` and `key` do that only `run` may: waiting, acting, asking for history, keeping something. Those
-- two are asked for any event, also in the past, so they decide and nothing else.
--   lint_pure.problems(tokens, actions, reads) --> { { i = index of the token, message, hint } ... }
-- tokens: of lint.lua, { text, kind, line }; actions, reads: names of ctx that do something, that ask.
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

lint_pure.behind = behind

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

local hints = { wait = "wait in run: when and key are asked again for events of the past",
  act = "actions belong in run",
  read = "ask in run, and return there when it does not hold",
  keep = "what they leave in ctx.state is not kept: count in run" }

-- Is something put into ctx.state, or into a local that stands for it? i: of `ctx` or the local's name.
local function is_kept(tokens, i, as_local)
  local function text(k)
    return tokens[k] and tokens[k].text
  end
  i = as_local and i or i + 2
  while text(i + 1) == "." do
    i = i + 2
    if text(i + 1) == "=" then
      return true
    end
  end
end

local function kind_of(tokens, i, name, names)
  return waits[name] and "wait" or names.actions[name] and "act" or names.reads[name] and "read"
    or name == "state" and is_kept(tokens, i) and "keep" or nil
end

local function look(found, tokens, from, ctx, names)
  local where, states = tokens[from - 2].text, {}
  for i = from, behind(tokens, from) - 3 do
    local begins = tokens[i - 1].text ~= "." and tokens[i + 1].text == "."
    local name = begins and tokens[i].text == ctx and tokens[i + 2].text
    local kind = name and kind_of(tokens, i, name, names)
    if name == "state" and tokens[i - 1].text == "=" and tokens[i + 3].text ~= "." then
      states[tokens[i - 2].text] = true
    elseif begins and states[tokens[i].text] and is_kept(tokens, i, true) then
      name, kind = "state", "keep"
    end
    if kind then
      found[#found + 1] = { i = i, hint = hints[kind],
        message = ("ctx.%s stands in %s, which only decides"):format(name, where) }
    end
  end
end

function lint_pure.problems(tokens, actions, reads)
  local found = {}
  for i = 1, #tokens do
    local from, ctx = head(tokens, i)
    if from then
      look(found, tokens, from, ctx, { actions = actions, reads = reads })
    end
  end
  return found
end

return lint_pure
