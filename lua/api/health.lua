-- GET /healthz: is the engine alive and its store answering?
return function(ctx)
  local counts, message = sw.store.counts(ctx.who)
  local well = counts ~= nil
  return well and 200 or 503, { ["Content-Type"] = "application/json" },
    sw.json.encode { status = well and "ok" or "store: " .. message }
end
