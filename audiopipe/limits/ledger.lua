-- The books of one account, in Redis: who may send now, who waits, and for how long.
-- The same as `Books` in ledger.py, step by step; its constants stand before this text.
-- KEYS: levels, told, pause, seq, queue, asked, flying, done.
-- ARGV: what to do, now ('' is the clock of Redis), id, requests, tokens, audio_s, sent_s, the six
--       limits ('' is none), then what the deed needs.
-- A request is its member, 4 packed numbers: id, requests, tokens, audio_s. It is in `queue` (by its
-- place) and `asked` (by when it was asked for) while it waits, in `flying` (by when it was sent)
-- until it is answered, and then in `done` (by when it was answered), with the moment of sending.

local K = {levels = KEYS[1], told = KEYS[2], pause = KEYS[3], seq = KEYS[4], queue = KEYS[5],
           asked = KEYS[6], flying = KEYS[7], done = KEYS[8]}
local deed, now = ARGV[1], tonumber(ARGV[2])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) + tonumber(time[2]) / 1e6
end
local cost = {tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])}
local sent_s = tonumber(ARGV[7])
local member = struct.pack('>dddd', tonumber(ARGV[3]), cost[1], cost[2], cost[3])
local max, min = math.max, math.min

local function exact(number) return string.format('%.17g', number) end
local function real(text) return min(max(tonumber(text) or 0, 0), 1e15) end
local function pair(text)
  local one, other = string.match(text or '', '^(%S+) (%S+)$')
  return real(one), real(other)
end
local function put(key, field, one, other)
  redis.call('HSET', key, field, exact(one) .. ' ' .. exact(other))
end

-- what nobody asked for, and what never was answered; times ahead are those of a clock set back
local function drop_the_dead()
  for _, range in ipairs({{'-inf', '(' .. exact(now - STALE)}, {'(' .. exact(now + STALE), '+inf'}}) do
    for _, dead in ipairs(redis.call('ZRANGEBYSCORE', K.asked, range[1], range[2])) do
      redis.call('ZREM', K.queue, dead)
      redis.call('ZREM', K.asked, dead)
    end
  end
  for _, key in ipairs({K.flying, K.done}) do
    redis.call('ZREMRANGEBYSCORE', key, '-inf', '(' .. exact(now - IN_FLIGHT))
    redis.call('ZREMRANGEBYSCORE', key, '(' .. exact(now + IN_FLIGHT), '+inf')
  end
end

-- the limits asked for, and those that the server told where they are lower; in the rules' order
local function allowances()
  local found = {}
  for n, rule in ipairs(RULES) do
    local units = tonumber(ARGV[7 + n])
    local told, at_s = pair(redis.call('HGET', K.told, rule.name) or '')
    if told > 0 and told <= MOST_UNITS and now - TOLD < at_s and at_s <= now + CLOCK then
      units = min(units or told, told)
    end
    if units then
      found[#found + 1] = {rule = rule, units = units, per_s = units / rule.window_s}
    end
  end
  return found
end

local function in_flight(but)
  local sum = {0, 0, 0}
  for _, each in ipairs(redis.call('ZRANGE', K.flying, 0, -1)) do
    if each ~= but then
      local _, requests, tokens, audio_s = struct.unpack('>dddd', each)
      sum = {sum[1] + requests, sum[2] + tokens, sum[3] + audio_s}
    end
  end
  return sum
end

local function present_levels(limits)
  local levels, flying = {}, in_flight()
  for _, each in ipairs(limits) do
    local name = each.rule.name
    local kept = redis.call('HGET', K.levels, name)
    local used, at_s = 0, now
    if kept then used, at_s = pair(kept) end
    used = used < MOST_UNITS and min(used, 2 * each.units) or 0
    levels[name] = max(used - each.per_s * max(0, now - at_s), flying[each.rule.quantity], 0)
  end
  return levels
end

local function save(levels)
  for name, used in pairs(levels) do put(K.levels, name, used, now) end
  for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, KEEP) end
end

local function pause_s()
  local until_s = real(redis.call('GET', K.pause) or '')
  return (now < until_s and until_s <= now + LONGEST_PAUSE) and until_s - now or 0
end

local function charge(levels, limits, what, sign)
  for _, each in ipairs(limits) do
    local name = each.rule.name
    levels[name] = max(0, levels[name] + sign * what[each.rule.quantity])
  end
end

-- when the last of a queue fits, why not before, and when the first does
local function schedule(levels, limits, queue)
  local count, wait_s, cause, first_s = #limits, pause_s(), nil, nil
  local used, per_s, full, quantity = {}, {}, {}, {}
  for n, each in ipairs(limits) do
    per_s[n], quantity[n], full[n] = each.per_s, each.rule.quantity, each.units * (1 - MARGIN)
    used[n] = max(levels[each.rule.name] - per_s[n] * max(0, wait_s), 0)
  end
  local unpack, amounts, _ = struct.unpack, {}, nil
  for place = 1, #queue do
    _, amounts[1], amounts[2], amounts[3] = unpack('>dddd', queue[place])
    local more_s, which = 0, nil
    for n = 1, count do
      local room = full[n] - amounts[quantity[n]]
      if room < 0 then room = 0 end
      local needed_s = (used[n] - room) / per_s[n]
      if needed_s > more_s then more_s, which = needed_s, n end
    end
    if which then
      cause, wait_s = limits[which], wait_s + more_s
      for n = 1, count do
        local left = used[n] - per_s[n] * more_s
        used[n] = left > 0 and left or 0
      end
    end
    for n = 1, count do used[n] = used[n] + amounts[quantity[n]] end
    first_s = first_s or wait_s
  end
  return wait_s, cause, first_s
end

-- of a turn behind many: as if no allowance were full before
local function at_the_soonest(levels, limits, place)
  local raised, unpack, _, amounts = {}, struct.unpack, nil, {}
  local sums = {0, 0, 0}
  for _, each in ipairs(redis.call('ZRANGEBYSCORE', K.queue, '-inf', '(' .. place)) do
    _, amounts[1], amounts[2], amounts[3] = unpack('>dddd', each)
    for n = 1, 3 do sums[n] = sums[n] + amounts[n] end
  end
  for _, each in ipairs(limits) do
    raised[each.rule.name] = levels[each.rule.name] + sums[each.rule.quantity]
  end
  return schedule(raised, limits, {member})
end

local function turn(levels, limits)
  local before = redis.call('ZSCORE', K.flying, member)
  if before then return {'sent', before} end  -- it was given, and the answer was lost on its way
  for _, each in ipairs(limits) do
    if cost[each.rule.quantity] > each.units then
      return {'large', each.rule.name, exact(each.units)}
    end
  end
  local place = redis.call('ZSCORE', K.queue, member)
  if not place then
    place = redis.call('INCR', K.seq)
    redis.call('ZADD', K.queue, place, member)
  end
  redis.call('ZADD', K.asked, exact(now), member)
  local ahead = redis.call('ZRANGEBYSCORE', K.queue, '-inf', '(' .. place, 'LIMIT', 0, MOST_WALKED + 1)
  local wait_s, cause, first_s, _
  if #ahead > MOST_WALKED then
    _, _, first_s = schedule(levels, limits, {ahead[1]})
    wait_s, cause = at_the_soonest(levels, limits, place)
  else
    ahead[#ahead + 1] = member
    wait_s, cause, first_s = schedule(levels, limits, ahead)
  end
  if wait_s > TOLERANCE then
    save(levels)
    return {'wait', exact(wait_s), exact(first_s), cause and cause.rule.name or '',
            cause and exact(cause.units) or ''}
  end
  redis.call('ZREM', K.queue, member)
  redis.call('ZREM', K.asked, member)
  redis.call('ZADD', K.flying, exact(now), member)
  charge(levels, limits, cost, 1)
  save(levels)
  return {'sent', exact(now)}
end

local function learn(name, units) put(K.told, name, units, now) end

-- ARGV[14]: tokens in truth, then quadruples: rule, quantity, limit, used
local function answered(levels, limits)
  local tokens = tonumber(ARGV[14])
  if redis.call('ZREM', K.flying, member) == 1 then
    local row = struct.pack('>ddddd', tonumber(ARGV[3]), cost[1], tokens, cost[3], sent_s)
    redis.call('ZADD', K.done, exact(now), row)
  end
  charge(levels, limits, {0, tokens - cost[2], 0}, 1)
  local others = in_flight(member)
  for _, each in ipairs(redis.call('ZRANGEBYSCORE', K.done, exact(sent_s), '+inf')) do
    local id, requests, toks, audio_s, at_s = struct.unpack('>ddddd', each)
    if id ~= tonumber(ARGV[3]) and math.abs(now - at_s) <= IN_FLIGHT then
      others = {others[1] + requests, others[2] + toks, others[3] + audio_s}
    end
  end
  for n = 15, #ARGV, 4 do
    local name, quantity = ARGV[n], tonumber(ARGV[n + 1])
    local limit, used = tonumber(ARGV[n + 2]), tonumber(ARGV[n + 3])
    local window_s
    for _, rule in ipairs(RULES) do if rule.name == name then window_s = rule.window_s end end
    local back = limit / window_s * max(0, now - sent_s)
    levels[name] = min(max(levels[name] or 0, used - back), used + others[quantity])
    learn(name, limit)
  end
  save(levels)
end

local function forget(levels, limits, what)
  if redis.call('ZREM', K.flying, member) == 1 then charge(levels, limits, what, -1) end
end

-- ARGV[14..17]: rule, used, limit, wait
local function refused(levels, limits)
  forget(levels, limits, {0, cost[2], cost[3]})
  local name, used, limit = ARGV[14], tonumber(ARGV[15]), tonumber(ARGV[16])
  if name ~= '' and used and limit then
    levels[name] = max(levels[name] or 0, used)
    learn(name, limit)
  end
  local wait_s = max(pause_s(), min(tonumber(ARGV[17]), LONGEST_PAUSE))
  redis.call('SET', K.pause, exact(now + wait_s))
  save(levels)
end

if deed == 'leave' then
  redis.call('ZREM', K.queue, member)
  redis.call('ZREM', K.asked, member)
  return {}
end
drop_the_dead()
local limits = allowances()
local levels = present_levels(limits)
if deed == 'turn' then return turn(levels, limits) end
if deed == 'answered' then answered(levels, limits) end
if deed == 'refused' then refused(levels, limits) end
if deed == 'unsent' then
  forget(levels, limits, cost)
  save(levels)
end
return {}
