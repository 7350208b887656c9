#include "coordinator/transport/message_parser.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace escrow::transport;

namespace {

/// Feeds `bytes` in pieces, the way a connection does, and returns how many were consumed.
template <class Parser>
std::size_t feed(Parser& parser, std::string_view bytes, std::size_t piece) {
  std::string buffered;
  std::size_t consumed = 0;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    buffered += bytes.substr(at, piece);
    const std::size_t taken = parser.feed(buffered);
    consumed += taken;
    buffered.erase(0, taken);
    if (parser.state() == ParseState::complete || parser.state() == ParseState::failed) break;
  }
  return consumed;
}

constexpr std::size_t all_at_once = 1 << 20;

struct Sample {
  const char* name;
  std::string bytes;
};

const std::string host = "Host: h\r\n";

std::vector<Sample> malformed_requests() {
  return {
      {"a TLS hello", std::string("\x16\x03\x01\x02\x00\x01", 6)},
      {"an answer", "HTTP/1.1 200 OK\r\n\r\n"},
      {"HTTP/0.9", "GET /\r\n\r\n"},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
      {"HTTP/1.2", "GET / HTTP/1.2\r\n" + host + "\r\n"},
      {"lower-case version", "GET / http/1.1\r\n" + host + "\r\n"},
      {"two spaces", "GET  / HTTP/1.1\r\n" + host + "\r\n"},
      {"tab instead of space", "GET\t/ HTTP/1.1\r\n" + host + "\r\n"},
      {"space behind the version", "GET / HTTP/1.1 \r\n" + host + "\r\n"},
      {"no target", "GET HTTP/1.1\r\n" + host + "\r\n"},
      {"space in the target", "GET /a b HTTP/1.1\r\n" + host + "\r\n"},
      {"bare LF behind the request line", "GET / HTTP/1.1\n" + host + "\r\n"},
      {"bare LF behind a field", "GET / HTTP/1.1\r\nHost: h\n\r\n"},
      {"bare LF as the end", "GET / HTTP/1.1\r\nHost: h\r\n\n"},
      {"bare CR in a field", "GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n"},
      {"CR CR LF", "GET / HTTP/1.1\r\nHost: h\r\r\n\r\n"},
      {"NUL in a field", std::string("GET / HTTP/1.1\r\nHost: h\r\nX: \0\r\n\r\n", 34)},
      {"control character in a field", "GET / HTTP/1.1\r\nHost: h\r\nX: \x01\r\n\r\n"},
      {"folded line", "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n"},
      {"folded line with a tab", "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n\tb\r\n\r\n"},
      {"folded first field", "GET / HTTP/1.1\r\n Host: h\r\n\r\n"},
      {"space before the colon", "GET / HTTP/1.1\r\nHost : h\r\n\r\n"},
      {"space before the colon of a framing field", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length : 3\r\n\r\nabc"},
      {"field without a colon", "GET / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n"},
      {"field without a name", "GET / HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n"},
      {"field name with a space", "GET / HTTP/1.1\r\nHost: h\r\nX Y: z\r\n\r\n"},
      {"two empty lines in front", "\r\n\r\nGET / HTTP/1.1\r\n" + host + "\r\n"},
      {"no host", "GET / HTTP/1.1\r\n\r\n"},
      {"two hosts", "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n"},
      {"two hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: h\r\nHost: g\r\n\r\n"},
      {"a list of hosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"},
      {"a host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
      {"a host with user-info", "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n"},
      {"a host with a bad port", "GET / HTTP/1.1\r\nHost: h:x\r\n\r\n"},
      {"a host with a bad IPv6 address", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"},
      {"two lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc"},
      {"two different lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc"},
      {"a list of lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 3\r\n\r\nabc"},
      {"a negative length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -3\r\n\r\nabc"},
      {"a signed length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabc"},
      {"a hexadecimal length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x3\r\n\r\nabc"},
      {"an empty length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \r\n\r\nabc"},
      {"a length that overflows", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551619\r\n\r\nabc"},
      {"length and chunked", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"chunked and length", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"},
      {"chunked twice", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"chunked, chunked", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"},
      {"gzip, chunked", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
      {"gzip", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\nabc"},
      {"identity", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc"},
      {"xchunked", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"},
      {"vertical tab chunked",
       "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \x0b"
       "chunked\r\n\r\n0\r\n\r\n"},
      {"chunked with a parameter", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n"},
      {"an empty coding", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n\r\n"},
      {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"bad chunk size", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"},
      {"negative chunk size", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\na\r\n0\r\n\r\n"},
      {"chunk size with 0x", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n"},
      {"empty chunk size", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\r\n\r\n"},
      {"chunk longer than announced", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n"},
      {"bare LF behind a chunk size", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n"},
      {"bare LF behind a chunk", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n"},
      {"bare LF in a chunk extension", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;a\nb\r\nabc\r\n0\r\n\r\n"},
      {"chunk size with a space", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n"},
      {"bare CR in a chunk extension", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;a\rb\r\na\r\n0\r\n\r\n"},
      {"bare LF as the end of the chunks", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\n"},
      {"a folded trailer", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n z\r\n\r\n"},
      {"a trailer without a colon", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX\r\n\r\n"},
      {"CONNECT", "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n"},
      {"authority form", "GET h:80 HTTP/1.1\r\n" + host + "\r\n"},
      {"asterisk for GET", "GET * HTTP/1.1\r\n" + host + "\r\n"},
      {"a fragment", "GET /a#b HTTP/1.1\r\n" + host + "\r\n"},
      {"a target beyond ASCII", "GET /\xc3\xa4 HTTP/1.1\r\n" + host + "\r\n"},
      {"another scheme", "GET ftp://h/ HTTP/1.1\r\n" + host + "\r\n"},
      {"an absolute target without host", "GET http:///a HTTP/1.1\r\n" + host + "\r\n"},
      {"an absolute target and another host", "GET http://other/a HTTP/1.1\r\n" + host + "\r\n"},
      {"an absolute target and another port", "GET http://h:81/a HTTP/1.1\r\n" + host + "\r\n"},
      {"an absolute target with user-info", "GET http://u@h/a HTTP/1.1\r\n" + host + "\r\n"},
      {"a method with a bracket", "GE(T / HTTP/1.1\r\n" + host + "\r\n"},
  };
}

}  // namespace

TEST_CASE("requests that could be read in two ways are malformed, however they arrive", "[transport][parser]") {
  for (const Sample& sample : malformed_requests()) {
    for (const std::size_t piece : {all_at_once, std::size_t{1}, std::size_t{7}}) {
      CAPTURE(sample.name, piece);
      RequestParser parser({});
      feed(parser, sample.bytes, piece);
      CHECK(parser.state() == ParseState::failed);
      if (parser.state() != ParseState::failed) continue;
      CHECK(parser.fault() == ParseFault::malformed);
      CHECK_FALSE(parser.detail().empty());
      CHECK_FALSE(parser.keep_alive());
    }
  }
}

TEST_CASE("a request is read, however it arrives", "[transport][parser]") {
  const std::string bytes =
      "POST /v1/transactions?wait_ms=5&x=a?b HTTP/1.1\r\nHost: h:7400\r\nContent-Type: application/json\r\nX-Empty:\r\n"
      "X-Spaces: \t a b \t\r\nContent-Length: 5\r\n\r\n{\"a\":";
  for (const std::size_t piece : {all_at_once, std::size_t{1}, std::size_t{3}}) {
    RequestParser parser({});
    CHECK(feed(parser, bytes + "GET", piece == all_at_once ? piece : piece) == bytes.size());
    REQUIRE(parser.state() == ParseState::complete);
    const Request& request = parser.request();
    CHECK(request.method == "POST");
    CHECK(request.target == "/v1/transactions?wait_ms=5&x=a?b");
    CHECK(request.path == "/v1/transactions");
    CHECK(request.query == "wait_ms=5&x=a?b");
    CHECK(request.host == "h:7400");
    CHECK(request.version == 11);
    CHECK(request.body == "{\"a\":");
    CHECK(request.headers.find("x-empty") == "");
    CHECK(request.headers.find("x-spaces") == "a b");
    CHECK(parser.keep_alive());
  }
}

TEST_CASE("a chunked body is put together and its trailers are dropped", "[transport][parser]") {
  const std::string bytes =
      "POST / HTTP/1.1\r\nHost: h\r\ntransfer-encoding: Chunked\r\n\r\n"
      "3;name=value\r\nabc\r\n00a\r\n0123456789\r\n0\r\nX-Trailer: 1\r\nHost: evil\r\n\r\n";
  for (const std::size_t piece : {all_at_once, std::size_t{1}, std::size_t{5}}) {
    CAPTURE(piece);
    RequestParser parser({});
    CHECK(feed(parser, bytes + "GET", piece) == bytes.size());
    REQUIRE(parser.state() == ParseState::complete);
    CHECK(parser.request().body == "abc0123456789");
    CHECK_FALSE(parser.request().headers.contains("x-trailer"));
    CHECK(parser.request().headers.count("host") == 1);
  }
}

TEST_CASE("one parser reads pipelined requests one after another", "[transport][parser]") {
  std::string buffered =
      "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxx\r\nGET /2 HTTP/1.1\r\nHost: b\r\n\r\n"
      "POST /3 HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: chunked\r\n\r\n1\r\ny\r\n0\r\n\r\nGET /4 HTTP/1.0\r\n\r\n";
  RequestParser parser({});
  std::vector<std::string> paths;
  for (int i = 0; i < 4; ++i) {
    buffered.erase(0, parser.feed(buffered));
    REQUIRE(parser.state() == ParseState::complete);
    paths.push_back(parser.request().path + parser.request().body + parser.request().host);
    if (i < 3) parser.restart();
  }
  CHECK(paths == std::vector<std::string>{"/1xxa", "/2b", "/3yc", "/4"});
  CHECK_FALSE(parser.keep_alive());
  CHECK(buffered.empty());
}

TEST_CASE("targets in absolute and asterisk form are understood", "[transport][parser]") {
  RequestParser parser({});
  feed(parser, "GET http://real:81/a?b HTTP/1.1\r\nHost: REAL:81\r\n\r\n", all_at_once);
  REQUIRE(parser.state() == ParseState::complete);
  CHECK(parser.request().path == "/a");
  CHECK(parser.request().query == "b");
  CHECK(parser.request().host == "real:81");

  parser.restart();
  feed(parser, "GET HTTPS://real?b HTTP/1.1\r\nHost: real\r\n\r\n", all_at_once);
  REQUIRE(parser.state() == ParseState::complete);
  CHECK(parser.request().path == "/");
  CHECK(parser.request().query == "b");

  parser.restart();
  feed(parser, "OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", all_at_once);
  REQUIRE(parser.state() == ParseState::complete);
  CHECK(parser.request().path == "*");
  CHECK(parser.request().host == "[::1]:80");
}

TEST_CASE("keep-alive follows version and Connection", "[transport][parser]") {
  const auto keeps = [](const std::string& version, const std::string& connection) {
    RequestParser parser({});
    feed(parser, "GET / HTTP/" + version + "\r\nHost: h\r\n" + connection + "\r\n", all_at_once);
    REQUIRE(parser.state() == ParseState::complete);
    return parser.keep_alive();
  };
  CHECK(keeps("1.1", ""));
  CHECK(keeps("1.1", "Connection: keep-alive\r\n"));
  CHECK_FALSE(keeps("1.1", "Connection: Close\r\n"));
  CHECK_FALSE(keeps("1.1", "Connection: x, close\r\n"));
  CHECK_FALSE(keeps("1.0", ""));
  CHECK(keeps("1.0", "Connection: Keep-Alive\r\n"));
}

TEST_CASE("a header may have its limit and no byte more", "[transport][parser]") {
  const std::string before = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
  const MessageLimits limits{.header_bytes = 1000, .body_bytes = 10};
  for (const std::size_t piece : {all_at_once, std::size_t{1}}) {
    CAPTURE(piece);
    const std::string fits = before + std::string(1000 - before.size() - 4, 'a') + "\r\n\r\n";
    RequestParser parser(limits);
    CHECK(feed(parser, fits, piece) == 1000);
    CHECK(parser.state() == ParseState::complete);
    RequestParser over(limits);
    feed(over, before + std::string(1000 - before.size() - 3, 'a') + "\r\n\r\n", piece);
    REQUIRE(over.state() == ParseState::failed);
    CHECK(over.fault() == ParseFault::header_too_large);
  }
}

TEST_CASE("a body may have its limit and no byte more", "[transport][parser]") {
  const MessageLimits limits{.header_bytes = 1000, .body_bytes = 10};
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\n";
  const auto state_after = [&](const std::string& rest, std::size_t piece) {
    RequestParser parser(limits);
    feed(parser, head + rest, piece);
    if (parser.state() == ParseState::failed) CHECK(parser.fault() == ParseFault::body_too_large);
    return parser.state();
  };
  for (const std::size_t piece : {all_at_once, std::size_t{1}}) {
    CHECK(state_after("Content-Length: 10\r\n\r\n0123456789", piece) == ParseState::complete);
    CHECK(state_after("Content-Length: 11\r\n\r\n", piece) == ParseState::failed);
    CHECK(state_after("Content-Length: 1000000000000000000\r\n\r\n", piece) == ParseState::failed);
    CHECK(state_after("Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n", piece) == ParseState::complete);
    CHECK(state_after("Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n6\r\n", piece) == ParseState::failed);
    CHECK(state_after("Transfer-Encoding: chunked\r\n\r\nb\r\n", piece) == ParseState::failed);
    CHECK(state_after("Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", piece) == ParseState::failed);
    CHECK(state_after("Transfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n", piece) == ParseState::failed);
  }
}

TEST_CASE("endless chunk headers and trailers are cut off", "[transport][parser]") {
  for (const char* begin : {"1;", "0\r\nX: ", "0;", "0\r\n"}) {
    CAPTURE(begin);
    RequestParser parser({});
    std::string buffered = std::string("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n") + begin;
    std::size_t most = 0;
    for (int i = 0; i < 10000 && parser.state() != ParseState::failed; ++i) {
      buffered.erase(0, parser.feed(buffered));
      buffered += "a: aaaaaaaaaaaaaaaaaaaaaa\r\n";
      most = std::max(most, buffered.size());
    }
    CHECK(parser.state() == ParseState::failed);
    CHECK(most < 40000);
  }
}

TEST_CASE("an expectation is seen where there is one", "[transport][parser]") {
  RequestParser parser({});
  feed(parser, "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n", all_at_once);
  CHECK(parser.state() == ParseState::body);
  CHECK(parser.expects_continue());
  parser.restart();
  feed(parser, "POST / HTTP/1.0\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", all_at_once);
  CHECK_FALSE(parser.expects_continue());
}

namespace {

struct AnswerSample {
  const char* name;
  std::string bytes;
};

std::vector<AnswerSample> broken_answers() {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  return {
      {"garbage", "garbage"},
      {"a request", "POST / HTTP/1.1\r\n\r\n"},
      {"HTTP/2", "HTTP/2 200\r\n\r\n"},
      {"HTTP/0.9 body", "<html>"},
      {"a leading empty line", "\r\n" + ok + "Content-Length: 0\r\n\r\n"},
      {"no status", "HTTP/1.1 \r\n\r\n"},
      {"two-digit status", "HTTP/1.1 20 OK\r\n\r\n"},
      {"four-digit status", "HTTP/1.1 2000 OK\r\n\r\n"},
      {"status 000", "HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n"},
      {"status with a letter", "HTTP/1.1 2x0 OK\r\n\r\n"},
      {"bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"},
      {"folded line", ok + "X: a\r\n b\r\nContent-Length: 0\r\n\r\n"},
      {"space before the colon", ok + "Content-Length : 0\r\n\r\n"},
      {"two lengths", ok + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nab"},
      {"negative length", ok + "Content-Length: -1\r\n\r\n"},
      {"length and chunked", ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"gzip coding", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
      {"chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"bad chunk size", ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"},
      {"unasked switch of protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"},
      {"interim answer with contradictory framing", "HTTP/1.1 100 Continue\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"},
  };
}

}  // namespace

TEST_CASE("broken answers are malformed, however they arrive", "[transport][parser]") {
  for (const AnswerSample& sample : broken_answers()) {
    for (const std::size_t piece : {all_at_once, std::size_t{1}, std::size_t{4}}) {
      CAPTURE(sample.name, piece);
      AnswerParser parser({});
      feed(parser, sample.bytes, piece);
      CHECK(parser.state() == ParseState::failed);
      if (parser.state() == ParseState::failed) CHECK(parser.fault() == ParseFault::malformed);
    }
  }
}

TEST_CASE("every cut of an answer is incomplete", "[transport][parser]") {
  for (const std::string& whole : {std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde"),
                                   std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n"),
                                   std::string("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")}) {
    for (std::size_t size = 1; size <= whole.size(); ++size) {
      CAPTURE(whole, size);
      AnswerParser parser({});
      feed(parser, whole.substr(0, size), all_at_once);
      parser.finish_at_eof();
      CHECK((parser.state() == ParseState::complete) == (size == whole.size()));
    }
  }
}

TEST_CASE("every status is read with an empty body", "[transport][parser]") {
  for (int status = 200; status <= 999; ++status) {
    AnswerParser parser({});
    feed(parser, "HTTP/1.1 " + std::to_string(status) + " Reason phrase\r\nContent-Length: 0\r\n\r\n", all_at_once);
    CAPTURE(status);
    CHECK(parser.state() == ParseState::complete);
    CHECK(parser.status() == status);
    CHECK(parser.keep_alive());
  }
}

TEST_CASE("interim answers are skipped, but not for ever", "[transport][parser]") {
  const std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
  for (const std::size_t piece : {all_at_once, std::size_t{1}}) {
    std::string bytes;
    for (int i = 0; i < 16; ++i) bytes += interim;
    AnswerParser parser({});
    feed(parser, bytes + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", piece);
    REQUIRE(parser.state() == ParseState::complete);
    CHECK(parser.status() == 200);
    CHECK(parser.body() == "ok");
    CHECK_FALSE(parser.headers().contains("link"));
    AnswerParser patient({});
    feed(patient, bytes + interim, piece);
    CHECK(patient.state() == ParseState::failed);
  }
}

TEST_CASE("answers without a body end with their header", "[transport][parser]") {
  for (const char* status : {"204 No Content", "304 Not Modified"}) {
    AnswerParser parser({});
    feed(parser, std::string("HTTP/1.1 ") + status + "\r\nContent-Length: 5\r\n\r\n", all_at_once);
    CHECK(parser.state() == ParseState::complete);
    CHECK(parser.body().empty());
  }
  AnswerParser parser({});
  parser.restart(true);
  feed(parser, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", all_at_once);
  CHECK(parser.state() == ParseState::complete);
}

TEST_CASE("a body without a length ends with the connection", "[transport][parser]") {
  AnswerParser parser({.header_bytes = 1000, .body_bytes = 10});
  feed(parser, "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n01234", std::size_t{1});
  CHECK(parser.state() == ParseState::body);
  CHECK_FALSE(parser.keep_alive());
  parser.finish_at_eof();
  CHECK(parser.state() == ParseState::complete);
  CHECK(parser.body() == "01234");

  AnswerParser endless({.header_bytes = 1000, .body_bytes = 10});
  feed(endless, "HTTP/1.1 200 OK\r\n\r\n0123456789a", std::size_t{1});
  REQUIRE(endless.state() == ParseState::failed);
  CHECK(endless.fault() == ParseFault::body_too_large);
}

TEST_CASE("large answers are over the limit before they are in memory", "[transport][parser]") {
  const MessageLimits limits{.header_bytes = 1000, .body_bytes = 10};
  AnswerParser header(limits);
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 10000; ++i) many += "X: y\r\n";
  feed(header, many, 100);
  REQUIRE(header.state() == ParseState::failed);
  CHECK(header.fault() == ParseFault::header_too_large);
  AnswerParser body(limits);
  feed(body, "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n", all_at_once);
  REQUIRE(body.state() == ParseState::failed);
  CHECK(body.fault() == ParseFault::body_too_large);
}
