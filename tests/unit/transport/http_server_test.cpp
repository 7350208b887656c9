#include "coordinator/transport/errors.hpp"
#include "tests/unit/transport/server_under_test.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>
#include <string>

using namespace escrow::transport;
using namespace escrow::transport::testing;
using escrow::testing::RawSocket;
using namespace std::chrono_literals;

namespace {

escrow::async::Task<Response> describe_peer(Request request) {
  Response response(200);
  response.body = request.remote_address + (request.peer_is_loopback ? " loopback " : " remote ") + request.host;
  co_return response;
}

escrow::async::Task<Response> misbehave(Request request) {
  if (request.path == "/throw") throw std::runtime_error("on purpose");
  if (request.path == "/int") throw 42;
  Response response(200);
  if (request.path == "/header") response.headers.add("X", "a\r\nSet-Cookie: b");
  if (request.path == "/length") response.headers.add("Content-Length", "3");
  if (request.path == "/status") response.status = 99;
  if (request.path == "/close") response.close = true;
  if (request.path == "/nothing") response.status = 204;
  response.body = "fine";
  co_return response;
}

escrow::async::Task<Response> answer_much(Request) {
  Response response(200);
  response.body.assign(std::size_t{64} << 20, 'x');
  co_return response;
}

}  // namespace

TEST_CASE("requests on one connection are answered one after another", "[transport][server]") {
  ServerUnderTest server(echo);
  RawSocket client = server.connect();
  for (int i = 0; i < 3; ++i) {
    REQUIRE(client.send("POST /a?b=" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"));
    const std::string answer = client.receive_message();
    CHECK(status_in(answer) == 200);
    CHECK(body_of(answer) == "POST /a?b=" + std::to_string(i) + " {}");
    CHECK(has(answer, "\r\nDate: "));
    CHECK_FALSE(has(answer, "Connection:"));
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("pipelined requests are handled once each and in their order, however they are cut", "[transport][server]") {
  ServerUnderTest server(echo);
  const std::string requests =
      "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
      "POST /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxy\r\n0\r\n\r\nGET /4 HTTP/1.1\r\nHost: h\r\nConnection: "
      "close\r\n\r\n";
  for (const std::size_t piece : {requests.size(), std::size_t{1}, std::size_t{50}}) {
    RawSocket client = server.connect();
    for (std::size_t at = 0; at < requests.size(); at += piece) REQUIRE(client.send(std::string_view(requests).substr(at, piece)));
    CHECK(body_of(client.receive_message()) == "GET /1");
    CHECK(body_of(client.receive_message()) == "POST /2 abc");
    CHECK(body_of(client.receive_message()) == "POST /3 xy");
    const std::string last = client.receive_message();
    CHECK(body_of(last) == "GET /4");
    CHECK(has(last, "\r\nConnection: close\r\n"));
    CHECK(client.receive_all().empty());
  }
}

TEST_CASE("after a request that can be read in two ways nothing behind it is handled", "[transport][server]") {
  std::atomic<int> handled = 0;
  ServerUnderTest server([&handled](Request request) {
    ++handled;
    return echo(std::move(request));
  });
  const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
  for (const std::string& ambiguous : {
           std::string("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
           std::string("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-Length: 35\r\n\r\n"),
           std::string("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n"),
           std::string("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
           std::string("POST / HTTP/1.1\r\nHost: h\r\nX: y\n\r\n"),
           std::string("POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n 5\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost: h\r\nHost: g\r\n\r\n"),
           std::string("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n"),
           std::string("\x16\x03\x01\x02\x00", 5),
           std::string("\0\0\0\0", 4),
       }) {
    CAPTURE(ambiguous);
    RawSocket client = server.connect();
    REQUIRE(client.send(ambiguous + smuggled));
    const std::string answer = client.receive_all();
    CHECK(status_in(answer) == 400);
    CHECK(has(answer, "X-Rendered: yes"));
    CHECK(has(answer, "\r\nConnection: close\r\n"));
    CHECK_FALSE(has(body_of(answer), "HTTP/1.1"));
  }
  CHECK(handled == 0);
}

TEST_CASE("HTTP 1.0 is answered and closed unless it asks to be kept", "[transport][server]") {
  ServerUnderTest server(echo);
  RawSocket client = server.connect();
  REQUIRE(client.send("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  CHECK(has(client.receive_message(), "\r\nConnection: keep-alive\r\n"));
  REQUIRE(client.send("GET /2 HTTP/1.0\r\n\r\n"));
  CHECK(body_of(client.receive_all()) == "GET /2");
}

TEST_CASE("HEAD gets the length without the body and 204 neither", "[transport][server]") {
  ServerUnderTest server(echo);
  RawSocket client = server.connect();
  REQUIRE(client.send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
  const std::string head = client.receive_until("\r\n\r\n");
  CHECK(has(head, "Content-Length: 7\r\n"));
  CHECK(body_of(client.receive_all()) == "GET /b");

  ServerUnderTest other(misbehave);
  RawSocket client2 = other.connect();
  REQUIRE(client2.send("GET /nothing HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
  const std::string nothing = client2.receive_all();
  CHECK(status_in(nothing) == 204);
  CHECK_FALSE(has(nothing, "Content-Length"));
  CHECK(body_of(nothing).empty());
}

TEST_CASE("an expectation is met before the body is read", "[transport][server]") {
  ServerUnderTest server(echo, {.body_bytes = 10});
  RawSocket client = server.connect();
  REQUIRE(client.send("POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
  CHECK(client.receive_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  REQUIRE(client.send("{}"));
  CHECK(body_of(client.receive_message()) == "POST /a {}");
  REQUIRE(client.send("POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n"));
  CHECK(status_in(client.receive_all()) == 413);
}

TEST_CASE("a body above the limit is refused before it is read, and the answer arrives all the same", "[transport][server]") {
  ServerUnderTest server(echo, {.body_bytes = 1000});
  for (const char* framing : {"Content-Length: 1000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nf4240\r\n"}) {
    RawSocket client = server.connect();
    REQUIRE(client.send(std::string("POST / HTTP/1.1\r\nHost: h\r\n") + framing));
    const std::string early = client.receive_message();
    CHECK(status_in(early) == 413);
    CHECK(has(early, "X-Rendered: yes"));
    CHECK(has(early, "\r\nConnection: close\r\n"));

    RawSocket eager = server.connect();
    REQUIRE(eager.send(std::string("POST / HTTP/1.1\r\nHost: h\r\n") + framing + std::string(1000000, 'x')));
    CHECK(status_in(eager.receive_all()) == 413);
  }
  RawSocket absurd = server.connect();
  REQUIRE(absurd.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000000000000\r\n\r\n"));
  CHECK(status_in(absurd.receive_all()) == 413);
}

TEST_CASE("a header above the limit is refused", "[transport][server]") {
  ServerUnderTest server(echo, {.header_bytes = 1000});
  RawSocket client = server.connect();
  REQUIRE(client.send("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(2000, 'a')));
  CHECK(status_in(client.receive_all()) == 431);
}

TEST_CASE("a request that takes too long is told so", "[transport][server]") {
  ServerUnderTest server(echo, {.header_timeout = 20ms, .body_timeout = 20ms});
  RawSocket header = server.connect();
  REQUIRE(header.send("GET / HTTP/1.1\r\nHost:"));
  const std::string answer = header.receive_all();
  CHECK(status_in(answer) == 408);
  CHECK(has(answer, "X-Rendered: yes"));
  RawSocket body = server.connect();
  REQUIRE(body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{"));
  CHECK(status_in(body.receive_all()) == 408);
}

TEST_CASE("a header that drips in has one limit for all of it", "[transport][server]") {
  ServerUnderTest server(echo, {.header_bytes = std::size_t{1} << 30, .header_timeout = 50ms});
  RawSocket client = server.connect();
  REQUIRE(client.send("GET / HTTP/1.1\r\nX: "));
  server.wait_for_connections(1);
  bool refused = false;
  for (int i = 0; i < 1000000 && !refused; ++i) {
    refused = !client.send("a") || server.connections() == 0;
  }
  CHECK(refused);
}

TEST_CASE("a connection that says nothing is closed without an answer", "[transport][server]") {
  ServerUnderTest server(echo, {.header_timeout = 10ms, .idle_timeout = 10ms});
  RawSocket silent = server.connect();
  CHECK(silent.receive_all().empty());
  RawSocket client = server.connect();
  REQUIRE(client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  CHECK(status_in(client.receive_message()) == 200);
  CHECK(client.receive_all().empty());
}

TEST_CASE("a client that does not read its answer is given up", "[transport][server]") {
  ServerUnderTest server(answer_much, {.body_timeout = 20ms});
  RawSocket client = server.connect();
  REQUIRE(client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  server.wait_for_connections(1);
  server.wait_for_connections(0);
  CHECK(client.receive_all().size() < (std::size_t{64} << 20));
}

TEST_CASE("a client that has closed its side still gets its answer", "[transport][server]") {
  ServerUnderTest server(echo);
  RawSocket client = server.connect();
  REQUIRE(client.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"));
  client.close_write();
  CHECK(body_of(client.receive_all()) == "POST /a {}");
  RawSocket half = server.connect();
  REQUIRE(half.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{"));
  half.close_write();
  CHECK(status_in(half.receive_all()) == 400);
}

TEST_CASE("a client that hangs up changes nothing for the handler", "[transport][server]") {
  std::unique_ptr<Gate> gate;
  ServerUnderTest server([&gate](Request request) { return gate->handle(std::move(request)); });
  gate = std::make_unique<Gate>(server.io());
  RawSocket client = server.connect();
  REQUIRE(client.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"));
  gate->wait_until_begun();
  client.reset_on_close();
  client.close();
  server.on_server([&] { gate->open(); });
  server.drain(10s).get();
  CHECK(gate->finished());
}

TEST_CASE("exceptions and impossible answers of a handler become 500 and the connection goes on", "[transport][server]") {
  ServerUnderTest server(misbehave);
  RawSocket client = server.connect();
  for (const char* path : {"/throw", "/int", "/header", "/length", "/status"}) {
    CAPTURE(path);
    REQUIRE(client.send(std::string("GET ") + path + " HTTP/1.1\r\nHost: h\r\n\r\n"));
    const std::string answer = client.receive_message();
    CHECK(status_in(answer) == 500);
    CHECK(has(answer, "X-Rendered: yes"));
    CHECK_FALSE(has(answer, "Set-Cookie"));
    CHECK_FALSE(has(answer, "on purpose"));
  }
  CHECK(server.warnings().size() == 5);
  REQUIRE(client.send("GET /close HTTP/1.1\r\nHost: h\r\n\r\n"));
  CHECK(has(client.receive_all(), "\r\nConnection: close\r\n"));
}

TEST_CASE("the peer is known, and whether it is on loopback", "[transport][server]") {
  ServerUnderTest server(describe_peer);
  RawSocket client = server.connect();
  REQUIRE(client.send("GET http://real:1/ HTTP/1.1\r\nHost: real:1\r\n\r\n"));
  CHECK(body_of(client.receive_message()) == "127.0.0.1 loopback real:1");
}

TEST_CASE("a server listens on IPv6", "[transport][server]") {
  ServerUnderTest server(describe_peer, {}, "[::1]:0");
  CHECK(server.endpoint().text() == "[::1]:" + std::to_string(server.endpoint().port));
  RawSocket client = server.connect();
  REQUIRE(client.send("GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n"));
  CHECK(body_of(client.receive_message()) == "::1 loopback [::1]");
}

TEST_CASE("an address that cannot be listened on is named", "[transport][server]") {
  boost::asio::io_context io;
  HttpServer server(io.get_executor(), {}, echo);
  for (const char* invalid : {"", "127.0.0.1", ":80", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:x", "127.0.0.1:-1", "::1:80",
                              "[127.0.0.1]:80", "no such host:80", "127.0.0.1:123456"}) {
    CAPTURE(invalid);
    const auto bound = server.listen(invalid);
    REQUIRE_FALSE(bound);
    CHECK(bound.error().code == make_error_code(Errc::address_invalid));
  }
  const auto first = server.listen("127.0.0.1:0");
  REQUIRE(first);
  const auto again = server.listen(first->text());
  REQUIRE_FALSE(again);
  CHECK(again.error().code == make_error_code(Errc::address_unavailable));
  CHECK(again.error().detail.find(first->text()) != std::string::npos);
  CHECK_FALSE(server.listen("192.0.2.1:0"));
}
