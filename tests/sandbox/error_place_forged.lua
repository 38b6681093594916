-- attack: escape, 100 ms
-- ends: error rm -rf
error("rules/other.lua:1: rm -rf\27[31m", 0)
