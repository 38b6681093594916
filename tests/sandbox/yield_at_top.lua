-- attack: escape, 100 ms
-- ends: error outside a coroutine
coroutine.yield(1)
