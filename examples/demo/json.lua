-- A JSON writer and parser: the lines of TEXT go out, come back, and go out
-- again, which must give the same.
local function quote(s)
  return '"' .. s:gsub('[%c"\\]', function(c)
    return string.format("\\u%04x", c:byte())
  end) .. '"'
end

local function encode(v)
  if type(v) ~= "table" then
    return type(v) == "string" and quote(v) or tostring(v)
  end
  local out = {}
  if #v > 0 then
    for i, x in ipairs(v) do out[i] = encode(x) end
    return "[" .. table.concat(out, ",") .. "]"
  end
  local keys = {}
  for k in pairs(v) do keys[#keys + 1] = k end
  table.sort(keys)
  for i, k in ipairs(keys) do out[i] = quote(k) .. ":" .. encode(v[k]) end
  return "{" .. table.concat(out, ",") .. "}"
end

local decode

local function decode_list(s, i, close, item)
  local list = {}
  i = s:match("^%s*()", i + 1)
  if s:sub(i, i) == close then return list, i + 1 end
  while true do
    i = item(list, i)
    local sep
    sep, i = s:match("^%s*([,%]}])%s*()", i)
    if sep == close then return list, i end
    if sep ~= "," then error("separator expected") end
  end
end

local function decode_string(s, i)
  local text, next = s:match('^"([^"]*)"()', i)
  return text:gsub("\\u(%x%x%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end), next
end

function decode(s, i)
  local c = s:sub(i, i)
  if c == '"' then
    local text, next = decode_string(s, i)
    return text, next
  elseif c == "[" then
    return decode_list(s, i, "]", function(list, at)
      list[#list + 1], at = decode(s, at)
      return at
    end)
  elseif c == "{" then
    return decode_list(s, i, "}", function(list, at)
      local key, value
      key, at = decode_string(s, at)
      at = s:match("^%s*:%s*()", at)
      value, at = decode(s, at)
      list[key] = value
      return at
    end)
  end
  local number, next = s:match("^(-?[%d.eE+-]+)()", i)
  return math.tointeger(number) or tonumber(number), next
end

local lines = {}
for line in TEXT:gmatch("[^\n]+") do
  local words = {}
  for w in line:gmatch("%S+") do words[#words + 1] = w end
  lines[#lines + 1] = { number = #lines + 1, text = line, words = words,
                        length = #line }
end
local out = encode({ lines = lines })
local back = decode(out, 1)
assert(encode(back) == out, "it came back otherwise")
assert(#back.lines == #lines)
return string.format("%d lines, %d bytes of JSON", #lines, #out)
