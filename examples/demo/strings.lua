-- String building: concatenation, format, reverse, patterns, garbage.
local parts = {}
for i = 1, 6000 do
  local s = string.format("%d:%s|%x", i, ("ab"):rep(i % 17), i * i)
  s = s:upper():reverse():gsub("B(A+)", "<%1>")
  parts[#parts + 1] = s
end
local all = table.concat(parts, ",")

local hash = 5381
for c in all:gmatch("[%w<>]") do
  hash = (hash * 33 + c:byte()) & 0xffffffffffff
end
return string.format("%d bytes, hash %x", #all, hash)
