-- attack: escape, 100 ms
-- ends: error 3: attempt to call a nil value (field 'execute')
return os.execute("ls")
