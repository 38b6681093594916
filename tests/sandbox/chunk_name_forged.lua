-- attack: escape, 100 ms
-- ends: error (load):1: here
load("error('here')", "@/etc/passwd", "t")()
