-- All ways to place n queens, by recursion and tables.
local n = 10

local function place(row, columns, down, up)
  if row > n then return 1 end
  local found = 0
  for c = 1, n do
    if not columns[c] and not down[row + c] and not up[row - c + n] then
      columns[c], down[row + c], up[row - c + n] = true, true, true
      found = found + place(row + 1, columns, down, up)
      columns[c], down[row + c], up[row - c + n] = nil, nil, nil
    end
  end
  return found
end

return string.format("%d queens: %d ways", n, place(1, {}, {}, {}))
