-- GET /healthz: is the engine alive and its store answering?
return function(ctx)
  local found, message = sw.store.dirty(ctx.who) -- a small question: it is asked every few seconds, for years
  local well = found ~= nil
  return well and 200 or 503, { ["Content-Type"] = "application/json" },
    sw.json.encode { status = well and "ok" or "store: " .. message }
end
