-- attack: information, 100 ms
-- ends: value false
return (pcall(function() return {} < {} end))
