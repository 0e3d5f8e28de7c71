-- KEYS[1] bucket; ARGV rate (tokens a second), burst, want. Returns tokens granted, tokens left, milliseconds to the next one.
-- The clock is Redis's own, so that processes whose clocks differ agree.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local rate, burst, want = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local held = redis.call('HMGET', KEYS[1], 'n', 'at')
local n = tonumber(held[1]) or burst
local at = tonumber(held[2]) or now
n = math.min(burst, n + math.max(0, now - at) * rate / 1000)
local granted = math.min(math.floor(n), want)
n = n - granted
redis.call('HSET', KEYS[1], 'n', string.format('%.6f', n), 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate * 1000) + 1000)
local wait = 0
if granted < 1 then wait = math.ceil((1 - n) / rate * 1000) end
return {granted, math.floor(n), wait}
