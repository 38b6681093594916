-- expect: error field 'close'
coroutine.close(coroutine.create(print))
