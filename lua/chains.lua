-- What sets off what: a rule fires another one, or hears of a record that a rule added. Each firing knows the
-- chain it came from. A chain is eight rules long at most, and one beginning sets off 200 firings at most:
-- without that, rules that fire each other several times would grow by powers.
--   chains.of(firing)           --> names of firings, the first one is its beginning
--   chains.refusal(chain)       --> why no more may follow | nil
--   chains.spend(ctx, chain)    --> true | false, why not | nil, message, code
local home = require("home")

local json = sw.json
local chains = {}

local DEPTH_MOST, FIRED_MOST, TRIES, PART = 8, 200, 5, 500
local KIND = ".chain"

-- firing: its document
function chains.of(firing)
  local before = firing.body.chain or {}
  local chain = table.move(before, 1, #before, 1, {})
  chain[#chain + 1] = firing.name
  return chain
end

function chains.words(chain)
  local names = {}
  for i, link in ipairs(chain) do
    names[i] = link:match("^[^|]*")
  end
  return table.concat(names, " > ")
end

function chains.refusal(chain)
  if #chain >= DEPTH_MOST then
    return ("a chain has at most %d rules (%s)"):format(DEPTH_MOST, chains.words(chain))
  end
end

-- One more follows from its beginning. Asked again after a kill it counts twice, which does no harm.
function chains.spend(ctx, chain)
  local message, code
  for _ = 1, TRIES do
    local doc
    doc, message, code = sw.store.doc(ctx.who, KIND, chain[1])
    local n = doc and doc.body.fired or 0
    if not doc and message then
      return nil, message, code
    elseif n >= FIRED_MOST then
      return false, ("%s has set off %d firings, which is the most"):format(chain[1], FIRED_MOST)
    end
    local t = home.txn(ctx)
    t:doc(KIND, chain[1], json.encode { fired = n + 1 }, doc and { revision = doc.revision, at = doc.at }
      or { mode = "new", at = sw.time.now() })
    local done
    done, message, code = t:commit()
    if done or code ~= "conflict" then
      return done and true, message, code
    end
  end
  return nil, message, "again"
end

-- The chain behind an event whose record a rule added: nil when none did.
function chains.behind(ctx, view)
  local from = (view.attributes or {}).derived_from
  local firing = type(from) == "string" and from:find("|", 1, true) and sw.store.doc(ctx.who, "firing", from)
  return firing and chains.of(firing) or nil
end

-- Forget those that began before an instant.
function chains.prune(ctx, before)
  local old, message, code = sw.store.docs(ctx.who, KIND, { to = before })
  for first = 1, #(old or {}), PART do
    local t = home.txn(ctx)
    for i = first, math.min(first + PART - 1, #old) do
      t:doc_delete(KIND, old[i].name)
    end
    local done
    done, message, code = t:commit()
    if not done then
      return nil, message, code
    end
  end
  return old and #old, message, code
end

return chains
