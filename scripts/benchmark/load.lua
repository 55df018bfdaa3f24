-- Sends the requests of a file in turn: a token on one line, the body that goes with it on the next.

local threads = 0
function setup(thread)
  thread:set("offset", threads)
  threads = threads + 1
end

local requests, position = {}, 0
function init(args)
  local lines = io.lines(args[1])
  for token in lines do
    local headers = {
      ["Content-Type"] = "application/json",
      ["Accept"] = "application/json",
      ["Authorization"] = "Bearer " .. token,
    }
    requests[#requests + 1] = wrk.format("POST", "/graphql", headers, lines())
  end
  position = math.floor(#requests / 2) * offset
end

function request()
  position = position % #requests + 1
  return requests[position]
end

-- Times in milliseconds.
function done(summary, latency, _)
  local failed = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"seconds":%.6f,"bytes":%d,"errors":%d,"p50":%.3f,"p99":%.3f}\n',
    summary.requests, summary.duration / 1e6, summary.bytes,
    failed.connect + failed.read + failed.write + failed.status + failed.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3
  ))
end
