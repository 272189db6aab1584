-- Word count over TEXT, real text that the demo hands in.
local count, order = {}, {}
for word in TEXT:lower():gmatch("%a+") do
  if not count[word] then order[#order + 1] = word end
  count[word] = (count[word] or 0) + 1
end
table.sort(order, function(a, b)
  if count[a] ~= count[b] then return count[a] > count[b] end
  return a < b
end)
local top = {}
for i = 1, math.min(5, #order) do
  top[i] = order[i] .. "=" .. count[order[i]]
end
return string.format("%d words: %s", #order, table.concat(top, " "))
