-- attack: crash, 100 ms
-- ends: error field 'close'
coroutine.close(coroutine.create(print))
