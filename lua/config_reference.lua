-- What config.lua of the home may say, with what holds where it says nothing: for `syncwell doc config`.
--   config_reference.rows()   --> { { "retention.raw_days", "30", "..." } ... }, in the order of their names
local channels = require("channels")
local notices = require("notices")

local config_reference = {}

local rows = {
  { "listen", "127.0.0.1:8787", "address and port of `serve`" },
  { "public_url", "", "how phones and services reach `serve`: https://..." },
  { "log_level", "info", "debug, info, warn or error" },
  { "local_hosts", "", "machines of your network that rules may ask: { [\"192.168.1.5:8080\"] = \"own\" }" },
  { "words", "", "your own words: { sleep_debt = { text = \"{hours} h fehlen\" } }; also of notices" },
  { "retention.run_days", "90", "what each sync and job did" },
  { "retention.undo_days", "30", "what `undo` can take back" },
  { "retention.trace_days", "90", "details of firings; of failed ones four times as long" },
  { "retention.raw_days", "30", "what services answered, for `remap`; 0: not kept" },
  { "retention.raw_connection_mb", "256", "and so much of a connection" },
  { "retention.raw_mb", "1024", "and of a person" },
  { "limits.memory_mb", "32", "memory of a worker's scripts" },
  { "limits.rule_ms", "200", "CPU time of one run of a rule" },
  { "limits.disk_free_mb", "512", "less free space than this is told" },
  { "limits.allow_unconfined", "false", "run scripts where seccomp cannot be loaded" },
  { "channels.default", "file", "where messages go that name no channel" },
}

function config_reference.rows()
  local list = table.move(rows, 1, #rows, 1, {})
  for name, settings in pairs(channels.settings()) do
    for key, s in pairs(settings) do
      list[#list + 1] = { ("channels.%s.%s"):format(name, key), s.default or "", s.doc }
    end
  end
  for id, notice in pairs(notices.texts) do
    list[#list + 1] = { ("notices[\"%s\"]"):format(id), notice.off and "false" or "true", notice.title }
  end
  table.sort(list, function(a, b) return a[1] < b[1] end)
  return list
end

return config_reference
