#include "tests/fault-injection/http/exchanges.hpp"

namespace escrow::http_faults {

const std::vector<Exchange>& canonical_requests() {
  static const std::vector<Exchange> all{
      {"a start that waits",
       "POST /wait/v1/transactions?wait_ms=1000 HTTP/1.1\r\nHost: a:7400\r\nContent-Type: application/json\r\n"
       "Content-Length: 24\r\n\r\n{\"gid\":\"g\",\"mode\":\"tcc\"}"},
      {"a look", "GET /v1/transactions/g HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a chunked start",
       "POST /v1/transactions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
       "6;x=\"y\"\r\n{\"gid\"\r\n1a\r\n: \"0123456789 0123456789\"}\r\n0\r\nX-T: v\r\n\r\n"},
      {"a body that waits to be asked for",
       "POST /v1/transactions HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 7\r\n\r\n{\"a\":1}"},
      {"HEAD", "HEAD /v1/info HTTP/1.1\r\nHost: [::1]:7400\r\n\r\n"},
      {"three in a row",
       "POST /v1/transactions HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}GET /v1/transactions/g HTTP/1.1\r\nHost: a\r\n\r\n"
       "POST /v1/transactions/g/commit HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"},
      {"two in a row behind one that waits",
       "POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\nGET /c HTTP/1.1\r\nHost: "
       "a\r\n\r\n"},
      {"the last one",
       "POST /v1/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}GET /b HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"HTTP/1.0", "GET /v1/info HTTP/1.0\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"HTTP/1.0 that stays", "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\nHost: a\r\n\r\n"},
      {"an absolute target", "GET http://b.example:80/v1/info?x=%41 HTTP/1.1\r\nHost: b.example:80\r\n\r\n"},
      {"OPTIONS of everything", "OPTIONS * HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"},
      {"an offer to upgrade", "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"},
  };
  return all;
}

const std::vector<Exchange>& canonical_answers() {
  static const std::vector<Exchange> all{
      {"200 with JSON", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"order\": 1}"},
      {"200 with nothing", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
      {"204", "HTTP/1.1 204 No Content\r\nEscrow-Gid: g1\r\n\r\n"},
      {"304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n"},
      {"interim answers",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
      {"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0B;e\r\n0123456789a\r\n0\r\nX-T: v\r\n\r\n"},
      {"until the end", "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end"},
      {"closes", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nlast"},
      {"409", "HTTP/1.1 409 Conflict\r\nContent-Length: 3\r\n\r\nno!"},
      {"503", "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n"},
      {"302", "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"},
      {"to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", "HEAD"},
      {"gzip", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\n\x1f\x8b\x08\x01\x02\x03"},
  };
  return all;
}

const std::vector<Exchange>& hostile_requests() {
  static const std::vector<Exchange> all = [] {
    const std::string hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
    const std::string head = "POST /x HTTP/1.1\r\nHost: a\r\n";
    std::vector<Exchange> made;
    for (const std::string& fields : {
             std::string("Content-Length: 0\r\nContent-Length: 34\r\n"),
             std::string("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"),
             std::string("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"),
             std::string("Transfer-Encoding: gzip, chunked\r\n"),
             std::string("Transfer-Encoding: chunked, identity\r\n"),
             std::string("Transfer-Encoding: xchunked\r\n"),
             std::string("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
             std::string("Transfer-Encoding : chunked\r\n"),
             std::string("Transfer-Encoding:\vchunked\r\n"),
             std::string("Content-Length: +5\r\n"),
             std::string("Content-Length: -1\r\n"),
             std::string("Content-Length: 5, 5\r\n"),
             std::string("Content-Length: 0x5\r\n"),
             std::string("Content-Length: 18446744073709551616\r\n"),
             std::string("Content-Length: 1000000000000000000\r\n"),
             std::string("Content-Length: 5 \n"),
             std::string("Content-Length:\r\n 5\r\n"),
             std::string("Host: b\r\n"),
             std::string("X: a\rb\r\n"),
             std::string("X: a\0b\r\n", 8),
             std::string(": x\r\n"),
             std::string("x y: z\r\n"),
         }) {
      made.push_back({fields.substr(0, fields.size() - 2), head + fields + "\r\n" + hidden});
    }
    made.push_back({"a chunk without a size", head + "Transfer-Encoding: chunked\r\n\r\n\r\n" + hidden});
    made.push_back({"a chunk with a negative size", head + "Transfer-Encoding: chunked\r\n\r\n-1\r\n" + hidden});
    made.push_back({"a chunk longer than it says", head + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n" + hidden});
    made.push_back({"a chunk ended by LF", head + "Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n" + hidden});
    made.push_back({"a chunk of 2^64", head + "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n" + hidden});
    made.push_back({"an endless size line", head + "Transfer-Encoding: chunked\r\n\r\n0;" + std::string(20000, 'x')});
    made.push_back({"endless trailers", head + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + std::string(20000, 'x')});
    made.push_back({"an endless header", head + "X: " + std::string(3000, 'x')});
    made.push_back({"ten thousand fields", head + [] {
                      std::string fields;
                      for (int i = 0; i < 10000; ++i) fields += "a:\r\n";
                      return fields;
                    }()});
    made.push_back({"a body above the limit", head + "Content-Length: 4097\r\n\r\n" + std::string(4097, 'x')});
    made.push_back({"chunks above the limit",
                    head + "Transfer-Encoding: chunked\r\n\r\nfff\r\n" + std::string(4095, 'x') + "\r\n2\r\nxx\r\n0\r\n\r\n"});
    made.push_back({"two names for whom it is for", "GET http://b.example/hidden HTTP/1.1\r\nHost: a\r\n\r\n" + hidden});
    made.push_back({"HTTP/0.9", "GET /\r\n"});
    made.push_back({"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"});
    made.push_back({"TLS", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11)});
    return made;
  }();
  return all;
}

const std::vector<Exchange>& hostile_answers() {
  static const std::vector<Exchange> all = [] {
    const std::string ok = "HTTP/1.1 200 OK\r\n";
    const std::string second = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong";
    std::vector<Exchange> made;
    for (const std::string& head : {
             std::string("Content-Length: 5\r\nContent-Length: 3\r\n\r\nabc"),
             std::string("Content-Length: -1\r\n\r\nabc"),
             std::string("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
             std::string("Transfer-Encoding: gzip\r\n\r\nabc"),
             std::string("Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
             std::string("Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n"),
             std::string("Content-Length: 4097\r\n\r\n"),
             std::string("Content-Length: 1000000000000000000\r\n\r\n"),
             std::string("X: ") + std::string(3000, 'x'),
             std::string("Content-Length: 3\r\n\r\nabc") + second,
             std::string("Content-Length: 0\r\n\r\n") + second,
             std::string("Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n") + second,
             std::string("\r\n") + std::string(5000, 'x'),
         }) {
      made.push_back({head.substr(0, 40), ok + head});
    }
    made.push_back({"a switch of protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"});
    made.push_back({"status 000", "HTTP/1.1 000 Zero\r\nContent-Length: 0\r\n\r\n"});
    made.push_back({"status 20", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"});
    made.push_back({"status 2000", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"});
    made.push_back({"HTTP/2", "HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n"});
    made.push_back({"SSH", "SSH-2.0-OpenSSH_9.2\r\n"});
    std::string interim;
    for (int i = 0; i < 20; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
    made.push_back({"endless interim answers", interim + second});
    return made;
  }();
  return all;
}

}  // namespace escrow::http_faults
