-- attack: information, 100 ms
-- ends: error 3: attempt to call a nil value (field 'getenv')
return os.getenv("HOME")
