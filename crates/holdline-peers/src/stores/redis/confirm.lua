-- The last look at claimed timelines: now, then each. How many may go.
local call = redis.call
local now = tonumber(ARGV[1])
local go = 0
local timelines = { unpack(ARGV, 2) }
local leases = call('ZMSCORE', 'leases', unpack(timelines))
for n, timeline in ipairs(timelines) do
  local key = 'p:' .. string.match(timeline, ':(.*)')
  local person = call('HMGET', key, 'company', 'stopped', 'until')
  local held = call('HGET', 'held', person[1])
  local free = not person[2]
    and (not person[3] or tonumber(person[3]) <= now)
    and (not held or tonumber(held) <= now)
  if free and leases[n] and tonumber(leases[n]) > now then
    call('HSET', 't:' .. timeline, 'state', 2)
    go = go + 1
  end
end
return go
