-- Reports timelines as sent, and plans what comes next: now, next, then each.
local call = redis.call
local due, timelines = {}, { unpack(ARGV, 3) }
for _, timeline in ipairs(timelines) do
  local key = 't:' .. timeline
  local found = call('HMGET', key, 'state', 'step')
  if found[1] ~= '2' then
    return redis.error_reply('not leaving: ' .. timeline)
  end
  call('HSET', key, 'state', 0, 'step', found[2] + 1, 'sent', ARGV[1])
  due[#due + 1] = ARGV[2]
  due[#due + 1] = timeline
end
call('ZREM', 'leases', unpack(timelines))
return call('ZADD', 'due', unpack(due))
