#include "tests/support/raw_server.hpp"
#include "tests/unit/transport/client_under_test.hpp"

#include <catch2/catch.hpp>

#include <future>
#include <mutex>
#include <string>
#include <vector>

using namespace escrow::transport;
using namespace escrow::transport::testing;
using escrow::testing::RawServer;
using escrow::testing::RawSocket;
using namespace std::chrono_literals;

namespace {

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Keeps what arrives.
class Recorder {
 public:
  void note(std::string message) {
    const std::lock_guard lock(mutex_);
    messages_.push_back(std::move(message));
  }
  [[nodiscard]] std::vector<std::string> messages() const {
    const std::lock_guard lock(mutex_);
    return messages_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> messages_;
};

escrow::async::Task<> call_and_keep(HttpClient& client, OutboundCall call, std::vector<std::string>& outcomes) {
  const CallAnswer answer = co_await client.call(std::move(call));
  outcomes.push_back(outcome(answer));
}

}  // namespace

TEST_CASE("a call carries its headers and body and gives the whole answer", "[transport][client]") {
  Recorder recorder;
  RawServer server([&](RawSocket& connection, int) {
    recorder.note(connection.receive_message());
    connection.send("HTTP/1.1 409 Conflict\r\nEscrow-Gid: g\r\nRetry-After: 3\r\nretry-after: 4\r\nContent-Length: 11\r\n\r\nout of stoc");
  });
  ClientUnderTest client;
  OutboundCall call = client.to(server.url("/stock/deduct?x=1"));
  call.header("Escrow-Gid", "g").header("Content-Type", "application/json").body(std::make_shared<const std::string>("{\"sku\": 1.00}"));
  const CallAnswer answer = client.call(std::move(call));
  REQUIRE(answer.answered());
  CHECK(answer.answer().status == 409);
  CHECK(answer.answer().body == "out of stoc");
  CHECK(answer.answer().headers.find("escrow-gid") == "g");
  CHECK(answer.answer().headers.find("Retry-After") == "3");
  CHECK(answer.answer().headers.count("Retry-After") == 2);
  CHECK(recorder.messages() ==
        std::vector<std::string>{"POST /stock/deduct?x=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                                 "\r\nEscrow-Gid: g\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"sku\": 1.00}"});
}

TEST_CASE("calls to one destination use one connection again", "[transport][client][pool]") {
  RawServer server(RawServer::answer_each(ok));
  ClientUnderTest client;
  for (int i = 0; i < 5; ++i) CHECK(outcome(client.call(server.url())) == "answered 200");
  CHECK(server.connections() == 1);
  CHECK(client.client().idle_connections() == 1);
  CHECK(client.client().connections_made() == 1);
}

TEST_CASE("calls at the same time have connections of their own", "[transport][client][pool]") {
  RawServer server(RawServer::answer_each(ok));
  ClientUnderTest client({.idle_per_destination = 4});
  escrow::async::TaskGroup group(client.io().get_executor());
  std::vector<std::string> outcomes;
  for (int i = 0; i < 20; ++i) group.spawn(call_and_keep(client.client(), client.to(server.url()), outcomes));
  escrow::testing::run(client.io(), group.join());
  CHECK(outcomes == std::vector<std::string>(20, "answered 200"));
  CHECK(client.client().idle_connections() == 4);
  CHECK(server.connections() > 1);
}

TEST_CASE("connections that cannot carry another message are not kept", "[transport][client][pool]") {
  for (const char* answer : {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
                             "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\n\r\nok"}) {
    CAPTURE(answer);
    RawServer server(RawServer::answer_once(answer));
    ClientUnderTest client;
    const CallAnswer given = client.call(server.url());
    REQUIRE(given.answered());
    CHECK(given.answer().body == "ok");
    CHECK(client.client().idle_connections() == 0);
  }
}

TEST_CASE("no connection is kept after a shutdown", "[transport][client][pool]") {
  RawServer server(RawServer::answer_each(ok));
  ClientUnderTest client;
  CHECK(outcome(client.call(server.url())) == "answered 200");
  client.client().shut_down();
  CHECK(client.client().idle_connections() == 0);
  CHECK(outcome(client.call(server.url())) == "answered 200");
  CHECK(client.client().idle_connections() == 0);
}

TEST_CASE("a kept connection that the peer has closed is replaced without a word", "[transport][client][pool]") {
  std::promise<void> close_it;
  std::promise<void> closed;
  RawServer server([&](RawSocket& connection, int number) {
    if (connection.receive_message().empty()) return;
    connection.send(ok);
    if (number > 0) return;
    close_it.get_future().wait();
    connection.close_write();
    closed.set_value();
    connection.wait_for_close();
  });
  ClientUnderTest client;
  CHECK(outcome(client.call(server.url())) == "answered 200");
  close_it.set_value();
  closed.get_future().wait();
  CHECK(outcome(client.call(server.url())) == "answered 200");
  CHECK(server.connections() == 2);
}

TEST_CASE("a late answer to one call is never the answer to the next", "[transport][client][pool]") {
  std::promise<void> send_it;
  std::promise<void> sent;
  RawServer server([&](RawSocket& connection, int number) {
    if (connection.receive_message().empty()) return;
    connection.send(ok);
    if (number > 0) return;
    send_it.get_future().wait();
    connection.send("HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n");
    sent.set_value();
    connection.wait_for_close();
  });
  ClientUnderTest client;
  CHECK(outcome(client.call(server.url())) == "answered 200");
  send_it.set_value();
  sent.get_future().wait();
  CHECK(outcome(client.call(server.url())) == "answered 200");
  CHECK(server.connections() == 2);
}

TEST_CASE("unused connections are closed after their time, and when the peer closes", "[transport][client][pool]") {
  const bool peer_closes = GENERATE(false, true);
  RawServer server([&](RawSocket& connection, int) {
    if (connection.receive_message().empty()) return;
    connection.send(ok);
    if (!peer_closes) connection.wait_for_close();
  });
  ClientUnderTest client({.idle_timeout = peer_closes ? 1h : 3ms, .idle_check = 1ms});
  CHECK(outcome(client.call(server.url())) == "answered 200");
  client.io().restart();
  for (int i = 0; i < 100000 && client.client().idle_connections() > 0; ++i) client.io().run_one_for(1s);
  CHECK(client.client().idle_connections() == 0);
}

TEST_CASE("a request that was written on a kept connection is not sent again", "[transport][client][pool]") {
  Recorder recorder;
  RawServer server([&](RawSocket& connection, int) {
    recorder.note(connection.receive_message());
    connection.send(ok);
    recorder.note(connection.receive_message());  // and closes: the participant may have acted
  });
  ClientUnderTest client;
  CHECK(outcome(client.call(server.url("/1"))) == "answered 200");
  CHECK(outcome(client.call(server.url("/2"))) == "reset");
  CHECK(recorder.messages().size() == 2);
  CHECK(server.connections() == 1);
  CHECK(client.client().idle_connections() == 0);
}

TEST_CASE("redirects are answers and are not followed", "[transport][client]") {
  for (const char* status : {"301", "302", "303", "307", "308"}) {
    for (const char* location : {"/elsewhere", "http://169.254.169.254/", "file:///etc/passwd"}) {
      RawServer server(
          RawServer::answer_each(std::string("HTTP/1.1 ") + status + " Go on\r\nLocation: " + location + "\r\nContent-Length: 0\r\n\r\n"));
      ClientUnderTest client;
      CHECK(outcome(client.call(server.url())) == std::string("answered ") + status);
      CHECK(server.connections() == 1);
    }
  }
}

TEST_CASE("content codings are left alone", "[transport][client]") {
  const std::string packed = "\x1f\x8b\x08 not really";
  RawServer server(RawServer::answer_each("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " + std::to_string(packed.size()) +
                                          "\r\n\r\n" + packed));
  ClientUnderTest client;
  const CallAnswer answer = client.call(server.url());
  REQUIRE(answer.answered());
  CHECK(answer.answer().body == packed);
}

TEST_CASE("interim answers, offers to upgrade and trailers are passed over", "[transport][client]") {
  RawServer server(
      RawServer::answer_each("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                             "HTTP/1.1 200 OK\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nTransfer-Encoding: chunked\r\n\r\n"
                             "1\r\no\r\n1\r\nk\r\n0\r\nX-Trailer: y\r\n\r\n"));
  ClientUnderTest client;
  for (int i = 0; i < 2; ++i) {
    const CallAnswer answer = client.call(server.url());
    REQUIRE(answer.answered());
    CHECK(answer.answer().body == "ok");
    CHECK_FALSE(answer.answer().headers.contains("x-trailer"));
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("answers without a body keep the connection", "[transport][client]") {
  RawServer server([](RawSocket& connection, int) {
    for (const char* answer : {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
                               "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"}) {
      if (connection.receive_message().empty()) return;
      connection.send(answer);
    }
    connection.wait_for_close();
  });
  ClientUnderTest client;
  CHECK(outcome(client.call(server.url())) == "answered 204");
  CHECK(outcome(client.call(server.url())) == "answered 304");
  CHECK(outcome(client.call(server.url())) == "answered 205");
  OutboundCall head = client.to(server.url());
  head.method("HEAD");
  CHECK(outcome(client.call(std::move(head))) == "answered 200");
  CHECK(server.connections() == 1);
}

TEST_CASE("a large body goes out and comes back whole", "[transport][client]") {
  const std::string large(1 << 20, 'x');
  RawServer server([&](RawSocket& connection, int) {
    const std::string request = connection.receive_message();
    const bool is_whole = request.ends_with("\r\n\r\n" + large);
    connection.send("HTTP/1.1 " + std::string(is_whole ? "200" : "400") + " X\r\nContent-Length: " + std::to_string(large.size()) +
                    "\r\n\r\n" + large);
  });
  ClientUnderTest client;
  OutboundCall call = client.to(server.url());
  call.body(large);
  const CallAnswer answer = client.call(std::move(call));
  CHECK(outcome(answer) == "answered 200");
  CHECK(answer.answer().body == large);
}

TEST_CASE("a call that would smuggle a line is not sent", "[transport][client]") {
  RawServer server(RawServer::answer_each(ok));
  ClientUnderTest client;
  OutboundCall call = client.to(server.url());
  call.header("X", "a\r\nTransfer-Encoding: chunked");
  CHECK(outcome(client.call(std::move(call))) == "invalid_request");
}
