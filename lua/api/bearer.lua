-- The word that a request shows as "Authorization: Bearer ...": kept by `syncwell secrets set metrics`.
--   bearer.word(ctx) --> the word | nil          bearer.shown(request, word) --> is it the right one?
local vault = require("vault")

local bearer = { SHORTEST = 16 }

function bearer.word(ctx)
  local kept, message, code = vault.get(ctx, "user:metrics")
  if not kept then
    return nil, type(message) == "string" and message or nil, code
  end
  return kept.secrets.value
end

-- Hashes are compared, in the same time whatever differs.
function bearer.shown(request, word)
  local given = (request.headers.authorization or ""):match("^[Bb]earer +(%S+)$") or ""
  return sw.crypto.equal(sw.crypto.sha256(given), sw.crypto.sha256(word))
end

return bearer
