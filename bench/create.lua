-- create.lua - for wrk: each request creates the next job of a numbered row, as the posts' own client does (from the
-- folder's .schedule); counts what is not 200.
local threads = {}
function setup(thread)
    table.insert(threads, thread)
end
function init(args)
    next_id, prefix, bad = 0, args[1] or "j", 0
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/json"
end
function request()
    next_id = next_id + 1
    local body = string.format('{"job_id":"%s%d","from_file":true,"type":"cron"}', prefix, next_id)
    return wrk.format(nil, "/api/v1/jobs", nil, body)
end
function response(status)
    if status ~= 200 then bad = bad + 1 end
end
function done(summary, latency)
    local not_ok = 0
    for _, thread in ipairs(threads) do not_ok = not_ok + thread:get("bad") end
    io.write(string.format("RESULT %d %.6f %d %.3f %.3f\n", summary.requests, summary.duration / 1e6, not_ok,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
