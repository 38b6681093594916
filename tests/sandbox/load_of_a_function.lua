-- attack: escape, 100 ms
-- ends: error load takes a text
return load(function() return "return io" end)
