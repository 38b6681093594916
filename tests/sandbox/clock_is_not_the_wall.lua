-- attack: information, 100 ms
-- ends: value 0
-- A plain script has no firing: its clock stands at nothing.
return os.time()
