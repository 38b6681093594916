-- Channel "log": the program's own log, for trying things out. At most once: a crash may lose it.
local log = { keyed = false }

function log.send(_, _, args)
  sw.sys.log("info", "notify", (args.title and args.title .. ": " or "") .. args.text)
  return "done"
end

return log
