-- Takes due timelines under a lease: now, how many.
local call = redis.call
local due = call('ZRANGE', 'due', '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, ARGV[2])
if #due > 0 then
  local lease, leases = ARGV[1] + 600000, {}
  for _, timeline in ipairs(due) do
    leases[#leases + 1] = lease
    leases[#leases + 1] = timeline
  end
  call('ZREM', 'due', unpack(due))
  call('ZADD', 'leases', unpack(leases))
end
return due
