-- attack: escape, 100 ms
-- ends: error 3: attempt to index a nil value (global 'io')
return io.open("/etc/passwd")
