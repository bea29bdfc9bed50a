-- Sends the requests in a file one after another, over and over, and prints what happened.
--   wrk --threads 1 --script load.lua URL -- FILE FIRST
-- Each line of the file is a request: method, path, authorization, content type and body, separated by tabs. In it,
-- @NUMBER@@ is replaced by the number of the request, nine digits, so that every new user is another one. FIRST is the
-- number of the first request. The requests are formatted beforehand: the load generator shares the processor with
-- what it measures.

local requests, first = {}, 0
sent = 0

function setup(thread)
   only = thread
end

function init(arguments)
   first = tonumber(arguments[2])
   for line in io.lines(arguments[1]) do
      local method, path, authorization, kind, body = line:match("^(.-)\t(.-)\t(.-)\t(.-)\t(.*)$")
      local headers = { ["Accept"] = "application/scim+json" }
      if authorization ~= "" then headers["Authorization"] = authorization end
      if kind ~= "" then headers["Content-Type"] = kind end
      if body == "" then body = nil end
      local pieces, from = {}, 1
      local text = wrk.format(method, path, headers, body)
      while true do
         local at = text:find("@NUMBER@@", from, true)
         pieces[#pieces + 1] = text:sub(from, (at or 0) - 1)
         if not at then break end
         from = at + 9
      end
      requests[#requests + 1] = #pieces == 1 and pieces[1] or pieces
   end
end

function request()
   local number = first + sent
   local pieces = requests[number % #requests + 1]
   sent = sent + 1
   if type(pieces) == "string" then return pieces end
   return table.concat(pieces, string.format("%09d", number))
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '\n{"microseconds":%d,"requests":%d,"sent":%d,"p50":%d,"p99":%d,"refused":%d,"failed":%d}\n',
      summary.duration, summary.requests, only:get("sent"), latency:percentile(50), latency:percentile(99),
      errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
