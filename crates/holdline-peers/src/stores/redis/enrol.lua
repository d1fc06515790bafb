-- One group of people, three arguments each: key, campaign, next send.
local call = redis.call
local due = {}
for i = 1, #ARGV, 3 do
  local key, campaign, at = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local timeline = campaign .. ':' .. key
  if call('EXISTS', 'p:' .. key) == 0 or call('EXISTS', 't:' .. timeline) == 1 then
    return redis.error_reply('unknown or enrolled: ' .. key)
  end
  call('HSET', 't:' .. timeline, 'step', 1, 'state', 0)
  due[#due + 1] = at
  due[#due + 1] = timeline
end
return call('ZADD', 'due', unpack(due))
