-- Names as people type them. Devices write them with signs no keyboard has: "Anna’s Apple\u{a0}Watch".
--   spelling.same("Anna’s Apple\u{a0}Watch", "anna's apple watch")  --> true
local spelling = {}

local PLAIN = { ["\u{a0}"] = " ", ["\u{202f}"] = " ", ["\u{2007}"] = " ", ["‘"] = "'", ["’"] = "'",
  ["“"] = '"', ["”"] = '"', ["„"] = '"', ["‐"] = "-", ["‑"] = "-", ["–"] = "-" }

function spelling.folded(text)
  return (text:lower():gsub("[\xc2\xe2][\x80-\xbf]+", PLAIN):gsub(" +", " "))
end

function spelling.same(a, b)
  return a == b or spelling.folded(a) == spelling.folded(b)
end

return spelling
