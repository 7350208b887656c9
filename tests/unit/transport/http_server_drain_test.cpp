#include "tests/unit/transport/server_under_test.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>
#include <string>

using namespace escrow::transport;
using namespace escrow::transport::testing;
using escrow::testing::RawSocket;
using namespace std::chrono_literals;

namespace {

const std::string get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

}  // namespace

TEST_CASE("a drain closes idle connections and lets the others finish", "[transport][server][drain]") {
  std::unique_ptr<Gate> gate;
  ServerUnderTest server([&gate](Request request) { return gate->handle(std::move(request)); });
  gate = std::make_unique<Gate>(server.io());
  RawSocket idle = server.connect();
  RawSocket busy = server.connect();
  REQUIRE(busy.send(get));
  gate->wait_until_begun();

  std::future<void> drained = server.drain(1h);
  CHECK(idle.receive_all().empty());
  CHECK_THROWS_AS(server.connect(), std::runtime_error);
  CHECK(drained.wait_for(0s) == std::future_status::timeout);
  server.on_server([&] { gate->open(); });
  const std::string answer = busy.receive_all();
  CHECK(body_of(answer) == "late /a");
  CHECK(has(answer, "\r\nConnection: close\r\n"));
  busy.close();
  drained.get();
  CHECK(server.connections() == 0);
}

TEST_CASE("a request that has begun to arrive is still handled in a drain", "[transport][server][drain]") {
  ServerUnderTest server(echo);
  RawSocket client = server.connect();
  REQUIRE(client.send("POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
  CHECK(client.receive_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");  // now it has begun
  std::future<void> drained = server.drain(1h);
  REQUIRE(client.send("{}"));
  const std::string answer = client.receive_all();
  CHECK(body_of(answer) == "POST /a {}");
  CHECK(has(answer, "\r\nConnection: close\r\n"));
  client.close();
  drained.get();
}

TEST_CASE("what has not finished when the grace is over is cancelled and joined", "[transport][server][drain]") {
  std::unique_ptr<Gate> gate;
  ServerUnderTest server([&gate](Request request) { return gate->handle(std::move(request)); });
  gate = std::make_unique<Gate>(server.io());
  RawSocket busy = server.connect();
  REQUIRE(busy.send(get));
  gate->wait_until_begun();
  RawSocket half = server.connect();
  REQUIRE(half.send("GET /"));
  server.drain(5ms).get();
  CHECK(server.connections() == 0);
  CHECK_FALSE(gate->finished());
  CHECK(busy.receive_all().empty());
  CHECK(half.receive_all().empty());
  CHECK(server.warnings().empty());
}

TEST_CASE("an abort cuts the grace short", "[transport][server][drain]") {
  std::unique_ptr<Gate> gate;
  ServerUnderTest server([&gate](Request request) { return gate->handle(std::move(request)); });
  gate = std::make_unique<Gate>(server.io());
  RawSocket busy = server.connect();
  REQUIRE(busy.send(get));
  gate->wait_until_begun();
  std::future<void> drained = server.drain(1h);
  server.on_server([&] { server.server().abort(); });
  drained.get();
  CHECK(busy.receive_all().empty());
  CHECK_FALSE(gate->finished());
}
