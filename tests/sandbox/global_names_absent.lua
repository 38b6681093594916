-- attack: escape, 100 ms
-- ends: value true
for _, name in ipairs { "io", "debug", "package", "dofile", "loadfile", "loadstring", "collectgarbage", "core", "sw",
  "load_text", "where", "jit", "ffi", "newproxy", "getfenv", "setfenv", "module", "unpack", "warn" } do
  assert(_G[name] == nil, name)
end
return string.dump == nil and os.exit == nil and os.remove == nil and coroutine.close == nil and table.maxn == nil
