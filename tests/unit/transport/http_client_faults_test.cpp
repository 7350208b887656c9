#include "coordinator/transport/target_policy.hpp"
#include "tests/support/raw_server.hpp"
#include "tests/unit/transport/client_under_test.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

using namespace escrow::transport;
using namespace escrow::transport::testing;
using escrow::testing::RawServer;
using escrow::testing::RawSocket;
using namespace std::chrono_literals;

namespace {

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// An address where connecting never ends: a listener whose queue is full, so that the kernel drops what comes.
class BlackHole {
 public:
  explicit BlackHole(const std::string& address = "127.0.0.1", std::uint16_t port = 0) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    inet_pton(AF_INET, address.c_str(), &name.sin_addr);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof name;
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&name), size) != 0 || ::listen(listener_, 0) != 0) {
      throw std::runtime_error("no black hole");
    }
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&name), &size);
    port_ = ntohs(name.sin_port);
    for (int i = 0; i < 4; ++i) {
      waiting_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      ::connect(waiting_.back(), reinterpret_cast<const sockaddr*>(&name), sizeof name);
    }
  }
  ~BlackHole() {
    for (const int descriptor : waiting_) ::close(descriptor);
    ::close(listener_);
  }
  BlackHole(const BlackHole&) = delete;
  BlackHole& operator=(const BlackHole&) = delete;

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

 private:
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::vector<int> waiting_;
};

/// A port where nobody listens: it was free a moment ago.
std::uint16_t closed_port() {
  return RawServer([](RawSocket&, int) {}).port();
}

escrow::async::Task<> call_and_keep(HttpClient& client, OutboundCall call, std::vector<std::string>& outcomes) {
  const CallAnswer answer = co_await client.call(std::move(call));
  outcomes.push_back(outcome(answer));
}

/// Starts a call, lets it run until `until` says so, cancels it and tells its outcome.
template <class Condition>
std::string cancel_when(ClientUnderTest& client, const std::string& url, Condition until) {
  escrow::async::TaskGroup group(client.io().get_executor());
  std::vector<std::string> outcomes;
  group.spawn(call_and_keep(client.client(), ClientUnderTest::to(url), outcomes));
  client.io().restart();
  for (int i = 0; i < 1000000 && !until(); ++i) client.io().poll();
  client.io().poll();
  group.cancel();
  escrow::testing::run(client.io(), group.join());
  return outcomes.empty() ? "nothing" : outcomes.front();
}

}  // namespace

TEST_CASE("E01 a refused connection and a name without addresses", "[transport][client][faults]") {
  ClientUnderTest client;
  CHECK(outcome(client.call("http://127.0.0.1:" + std::to_string(closed_port()) + "/")) == "refused");
  client.names().fail("gone.example", "Name or service not known");
  const CallAnswer answer = client.call("http://gone.example/");
  CHECK(outcome(answer) == "resolve");
  CHECK(answer.failure().detail.find("gone.example") != std::string::npos);
}

TEST_CASE("E01 a name server that does not answer costs the time limit", "[transport][client][faults]") {
  ClientUnderTest client;
  CHECK(outcome(client.call(client.to("http://never.example/", 5ms))) == "timeout");
}

TEST_CASE("E02 a connection that is never made costs the time limit", "[transport][client][faults]") {
  const BlackHole hole;
  ClientUnderTest client;
  CHECK(outcome(client.call(client.to(hole.url(), 10ms))) == "timeout");
}

TEST_CASE("E03 E07 a connection that ends before the answer is complete", "[transport][client][faults]") {
  struct Case {
    const char* name;
    std::string sent;
    const char* after_close;
  };
  const bool by_reset = GENERATE(false, true);
  for (const Case& cut : {
           Case{"before any byte", "", "reset"},
           Case{"in the status line", "HTTP/1.1 2", "broken_answer"},
           Case{"in the header", "HTTP/1.1 200 OK\r\nContent-", "broken_answer"},
           Case{"before the body", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "broken_answer"},
           Case{"in the body", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", "broken_answer"},
           Case{"in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok", "broken_answer"},
           Case{"before the last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", "broken_answer"},
           Case{"before the end of the last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n",
                "broken_answer"},
           Case{"behind an interim answer", "HTTP/1.1 100 Continue\r\n\r\n", "broken_answer"},
       }) {
    CAPTURE(cut.name, by_reset);
    RawServer server([&](RawSocket& connection, int) {
      if (connection.receive_message().empty()) return;
      connection.send(cut.sent);
      if (by_reset) connection.reset_on_close();
    });
    ClientUnderTest client;
    const std::string found = outcome(client.call(server.url()));
    // A reset may overtake the bytes before it.
    CHECK((found == cut.after_close || (by_reset && found == "reset")));
    CHECK(client.client().idle_connections() == 0);
    CHECK(server.connections() == 1);
  }
}

TEST_CASE("E03 a reset of a body that only the close ends is no answer", "[transport][client][faults]") {
  RawServer server([](RawSocket& connection, int) {
    if (connection.receive_message().empty()) return;
    connection.send("HTTP/1.1 200 OK\r\n\r\nok");
    connection.reset_on_close();
  });
  ClientUnderTest client;
  CHECK(outcome(client.call(server.url())) == "reset");
}

TEST_CASE("E03 a participant that closes before it has read the request", "[transport][client][faults]") {
  RawServer server([](RawSocket& connection, int) { connection.reset_on_close(); });
  ClientUnderTest client;
  OutboundCall call = client.to(server.url());
  call.body(std::string(8 << 20, 'x'));
  const std::string found = outcome(client.call(std::move(call)));
  CHECK((found == "reset" || found == "connect"));  // the reset may come before connecting is known to have worked
}

TEST_CASE("E06 silence after the request costs the time limit and the connection", "[transport][client][faults]") {
  for (const char* begin : {"", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no"}) {
    RawServer server([&](RawSocket& connection, int) {
      if (connection.receive_message().empty()) return;
      connection.send(begin);
      connection.wait_for_close();
    });
    ClientUnderTest client;
    const CallAnswer answer = client.call(client.to(server.url(), 10ms));
    CHECK(outcome(answer) == "timeout");
    CHECK(answer.failure().detail.find("10 ms") != std::string::npos);
    CHECK(client.client().idle_connections() == 0);
  }
}

TEST_CASE("E06 a participant that does not read its request costs the time limit", "[transport][client][faults]") {
  RawServer server([](RawSocket& connection, int) { connection.hears_within(10000); });
  ClientUnderTest client;
  OutboundCall call = client.to(server.url(), 20ms);
  call.body(std::string(64 << 20, 'x'));
  const std::string found = outcome(client.call(std::move(call)));
  CHECK((found == "timeout" || found == "reset"));
}

TEST_CASE("E08 an answer that drips in has one limit for all of it", "[transport][client][faults]") {
  for (const char* begin : {"HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n", "HTTP/1.1 200 OK\r\n\r\n"}) {
    RawServer server([&](RawSocket& connection, int) {
      if (connection.receive_message().empty()) return;
      connection.send(begin);
      for (int i = 0; i < 20000 && !connection.hears_within(1); ++i) connection.send("a");
    });
    ClientUnderTest client;
    CHECK(outcome(client.call(client.to(server.url(), 30ms))) == "timeout");
  }
}

TEST_CASE("E18 an address that swallows connections does not hide the one behind it", "[transport][client][faults]") {
  RawServer server(RawServer::answer_each(ok), "127.0.0.1");
  const BlackHole hole("127.0.0.2", server.port());
  ClientUnderTest client({.connect_attempt = 10ms});
  client.names().know("pay.example", {"127.0.0.2", "127.0.0.1"});
  CHECK(outcome(client.call("http://pay.example:" + std::to_string(server.port()) + "/")) == "answered 200");

  ClientUnderTest patient;  // the share of the call's own limit bounds it too
  patient.names().know("pay.example", {"127.0.0.2", "127.0.0.1"});
  CHECK(outcome(patient.call(patient.to("http://pay.example:" + std::to_string(server.port()) + "/", 200ms))) == "answered 200");
}

TEST_CASE("E18 a refusing address does not hide the one behind it", "[transport][client][faults]") {
  RawServer server(RawServer::answer_each(ok), "127.0.0.1");
  ClientUnderTest client;
  client.names().know("pay.example", {"::1", "127.0.0.3", "127.0.0.1"});
  CHECK(outcome(client.call("http://pay.example:" + std::to_string(server.port()) + "/")) == "answered 200");
  client.names().know("dead.example", {"127.0.0.3", "127.0.0.4"});
  CHECK(outcome(client.call("http://dead.example:" + std::to_string(server.port()) + "/")) == "refused");
}

TEST_CASE("F03 F04 broken answers end the connection", "[transport][client][faults]") {
  const ClientLimits small{.answer_header_bytes = 4096, .answer_body_bytes = 1000};
  for (const std::string& answer : {
           std::string("SSH-2.0-OpenSSH_9.2\r\n"),
           std::string("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nok"),  // longer than announced
           ok + ok,                                                        // an answer that nobody asked for
           std::string("HTTP/1.1 204 No Content\r\n\r\nok"),
           std::string("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"),
           std::string("HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok"),
           std::string("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxx\r\n"),
           std::string("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nX: ") + std::string(5000, 'x'),
           std::string("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\n\r\n") + std::string(1001, 'x'),
           std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n"),
       }) {
    CAPTURE(answer.substr(0, 80));
    RawServer server([&](RawSocket& connection, int) {
      if (connection.receive_message().empty()) return;
      connection.send(answer);
      connection.wait_for_close();
    });
    ClientUnderTest client(small);
    CHECK(outcome(client.call(server.url())) == "broken_answer");
    CHECK(client.client().idle_connections() == 0);
  }
}

TEST_CASE("F04 an endless body is cut off at the limit", "[transport][client][faults]") {
  RawServer server([](RawSocket& connection, int) {
    if (connection.receive_message().empty()) return;
    connection.send("HTTP/1.1 200 OK\r\n\r\n");
    const std::string block(65536, 'x');
    for (int i = 0; i < 100000 && connection.send(block); ++i) {
    }
  });
  ClientUnderTest client;
  CHECK(outcome(client.call(server.url())) == "broken_answer");
}

TEST_CASE("every resolved address is checked before it is called", "[transport][client][policy]") {
  RawServer server(RawServer::answer_each(ok), "127.0.0.1");
  const std::string port = std::to_string(server.port());
  const TargetPolicy policy = *TargetPolicy::make({}, {"127.0.0.2", "::1"});
  ClientUnderTest client(
      {}, [&policy](std::string_view host, const boost::asio::ip::address& address) { return policy.allows(host, address); });
  client.names().know("inside.example", {"127.0.0.2", "::1", "::ffff:127.0.0.2", "169.254.169.254"});
  client.names().know("mixed.example", {"127.0.0.2", "127.0.0.1"});
  CHECK(outcome(client.call("http://inside.example:" + port + "/")) == "target_forbidden");
  CHECK(outcome(client.call("http://127.0.0.2:" + port + "/")) == "target_forbidden");
  CHECK(outcome(client.call("http://[::1]:" + port + "/")) == "target_forbidden");
  CHECK(outcome(client.call("http://169.254.169.254/")) == "target_forbidden");
  CHECK(outcome(client.call("http://mixed.example:" + port + "/")) == "answered 200");
  CHECK(server.connections() == 1);
}

TEST_CASE("a cancelled call says so wherever it was", "[transport][client]") {
  {
    ClientUnderTest client;
    CHECK(cancel_when(client, "http://never.example/", [&] { return client.names().asked() > 0; }) == "cancelled");
  }
  {
    const BlackHole hole;
    ClientUnderTest client;
    int polls = 0;
    CHECK(cancel_when(client, hole.url(), [&] { return ++polls > 100; }) == "cancelled");
  }
  {
    std::atomic<bool> arrived = false;
    RawServer server([&](RawSocket& connection, int) {
      if (connection.receive_message().empty()) return;
      arrived = true;
      connection.wait_for_close();
    });
    ClientUnderTest client;
    CHECK(cancel_when(client, server.url(), [&] { return arrived.load(); }) == "cancelled");
    CHECK(client.client().idle_connections() == 0);
  }
}

TEST_CASE("the system's resolver knows localhost and looks up each host once at a time", "[transport][client][resolver]") {
  boost::asio::io_context io;
  SystemResolver resolver(io.get_executor(), 2);
  const ResolvedName local = escrow::testing::run(io, resolver.resolve("localhost"));
  REQUIRE_FALSE(local.addresses.empty());
  CHECK(local.addresses.front().is_loopback());
  const ResolvedName numeric = escrow::testing::run(io, resolver.resolve("0x7f.1"));
  REQUIRE(numeric.addresses.size() == 1);
  CHECK(numeric.addresses.front().to_string() == "127.0.0.1");
  const ResolvedName impossible = escrow::testing::run(io, resolver.resolve("not a host"));
  CHECK(impossible.addresses.empty());
  CHECK_FALSE(impossible.failure.empty());
}
