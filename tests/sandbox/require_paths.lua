-- attack: escape, 100 ms
-- ends: value true
for _, name in ipairs { "os", "io", "debug", "syncwell/env", "env", "../env", "/etc/passwd", "core", "SyncWell", "syncwell\0" } do
  assert(not pcall(require, name), name)
end
return not pcall(require) and not pcall(require, {}) and require "syncwell" == require "syncwell"
