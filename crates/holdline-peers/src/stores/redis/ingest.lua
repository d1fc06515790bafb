-- One group of events, five arguments each: id, key, effect, until, at.
-- Effects: 0 touch, 1 pause, 2 bounce, 3 pause with the company, 4 stop.
local call = redis.call
local ids = {}
for i = 1, #ARGV, 5 do
  ids[#ids + 1] = ARGV[i]
end
local seen = call('SMISMEMBER', 'seen', unpack(ids))
local fresh, here = {}, {}

local function hold(what, field, until_at)
  local held = call('HGET', what, field)
  if not held or tonumber(held) < tonumber(until_at) then
    call('HSET', what, field, until_at)
  end
end

for n, id in ipairs(ids) do
  if seen[n] == 0 and not here[id] then
    here[id] = true
    fresh[#fresh + 1] = id
    local i = n * 5 - 4
    local key, effect, until_at, at = 'p:' .. ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
    local company = call('HGET', key, 'company')
    if not company then
      return redis.error_reply('nobody has the key ' .. key)
    end
    if effect == '4' then
      call('HSET', key, 'at', at, 'stopped', 1)
    elseif effect == '0' then
      call('HSET', key, 'at', at)
    else
      call('HSET', key, 'at', at)
      hold(key, 'until', until_at)
      if effect == '3' then
        hold('held', company, until_at)
      elseif effect == '2' then
        local bounces = 'b:' .. company
        call('ZADD', bounces, at, id)
        if call('ZCOUNT', bounces, '(' .. (at - 604800000), '+inf') >= 3 then
          hold('held', company, string.format('%.0f', at + 1209600000))
        end
      end
    end
  end
end
if #fresh > 0 then
  call('SADD', 'seen', unpack(fresh))
end
return #fresh
