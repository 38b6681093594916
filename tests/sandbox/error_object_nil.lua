-- attack: crash, 100 ms
-- ends: error (error object is a nil value)
error(nil)
