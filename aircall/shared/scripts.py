"""What is done in Redis in one step, in its own language. Knows the keys by their order only.

Of the feed: its state (`epoch`, `sequence`), its stream, and the version told last of each call.
"""

# How long after the last change the versions are kept: longer than two processes can differ (milliseconds).
VERSION_MEMORY = 60_000

# A lost sequence goes on where no process has been: at the time in milliseconds.
_BEGIN = """
local function begin(epoch, seen)
    if redis.call('HEXISTS', KEYS[1], 'sequence') == 0 then
        local now = redis.call('TIME')
        redis.call('HSET', KEYS[1], 'sequence', now[1] * 1000 + math.floor(now[2] / 1000))
    end
    local last = tonumber(redis.call('HGET', KEYS[1], 'sequence'))
    local sequence = math.max(last, seen) + 1
    redis.call('HSET', KEYS[1], 'epoch', epoch, 'sequence', sequence)
    redis.call('DEL', KEYS[2], KEYS[3])
    redis.call('XADD', KEYS[2], sequence .. '-0', 'epoch', epoch)
end
"""

# Begin an epoch by the name ARGV[1], with a number above ARGV[2], which somebody has seen already.
BEGIN = f"{_BEGIN} begin(ARGV[1], tonumber(ARGV[2]))"

# The epoch, begun as ARGV[1] where there is none, its last number and all changes that are kept.
FIRST = f"""{_BEGIN}
if redis.call('HEXISTS', KEYS[1], 'epoch') == 0 then begin(ARGV[1], 0) end
local state = redis.call('HMGET', KEYS[1], 'epoch', 'sequence')
return {{state[1], tonumber(state[2]), redis.call('XRANGE', KEYS[2], '-', '+')}}
"""

# Add the change ARGV[1] of the call ARGV[2], made at version ARGV[3], to the last ARGV[4]; in a new epoch
# ARGV[5] where there is none. Answers the epoch and its last number.
APPEND = f"""{_BEGIN}
if redis.call('HEXISTS', KEYS[1], 'epoch') == 0 then begin(ARGV[5], 0) end
local version = tonumber(ARGV[3])
local told = tonumber(redis.call('ZSCORE', KEYS[3], ARGV[2]) or -1)
if version >= told then
    local sequence = redis.call('HINCRBY', KEYS[1], 'sequence', 1)
    redis.call('XADD', KEYS[2], 'MAXLEN', ARGV[4], sequence .. '-0', 'change', ARGV[1])
    redis.call('ZADD', KEYS[3], version, ARGV[2])
    redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -ARGV[4] - 1)
    redis.call('PEXPIRE', KEYS[3], {VERSION_MEMORY})
end
local state = redis.call('HMGET', KEYS[1], 'epoch', 'sequence')
return {{state[1], tonumber(state[2])}}
"""

# Post the notice ARGV[2] of the process ARGV[1] for ARGV[3] milliseconds; all notices that are good.
# The notices stand in a hash, until when they are good in a sorted set; the last one ends with both.
POST = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
for _, gone in ipairs(redis.call('ZRANGE', KEYS[2], '-inf', '(' .. now, 'BYSCORE')) do
    redis.call('ZREM', KEYS[2], gone)
    redis.call('HDEL', KEYS[1], gone)
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[3]) end
return redis.call('HVALS', KEYS[1])
"""
