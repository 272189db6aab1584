-- For ever: allocate, collect, throw errors.  No pcall stops being here.
while true do
  local ok, why = pcall(function()
    local t = {}
    for i = 1, 100 do t[i] = ("x"):rep(i) .. i end
    error(table.concat(t, " "))
  end)
  assert(not ok and #why > 5000)
end
