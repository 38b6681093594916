-- attack: crash, 100 ms
-- ends: error attempt to assign to const variable '_ENV'
-- CVE-2022-28805
local f, message = load("local _ENV <const> = {}; _ENV = 5; x = 1")
error(message, 0)
