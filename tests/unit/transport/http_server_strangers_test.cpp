#include "coordinator/transport/handshake_turns.hpp"
#include "coordinator/transport/strangers.hpp"
#include "tests/unit/transport/server_under_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address.hpp>

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
namespace async = escrow::async;
using namespace escrow::transport;
using namespace escrow::transport::testing;
using escrow::testing::RawSocket;
using namespace std::chrono_literals;

namespace {

const std::string get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

/// Knows whoever asks for `/known`, and nobody who asks for `/stranger`.
async::Task<Response> tell_who(Request request) {
  if (request.path == "/known" || request.path == "/stranger") request.standing->set_known(request.path == "/known");
  Response response(200);
  response.body = request.path;
  co_return response;
}

std::string ask(RawSocket& socket, const std::string& path) {
  socket.send("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
  return body_of(socket.receive_message());
}

struct Someone : Stranger {
  bool can_go = true;
  bool is_gone = false;
  Strangers::Place place;

  Someone(Strangers& all, const std::string& from) : place(all) { place.take(*this, from); }
  bool make_room() override {
    if (!can_go) return false;
    is_gone = true;
    place.leave();
    return true;
  }
};

async::Task<> queue_up(HandshakeTurns::Turn& turn, std::string from, std::vector<std::string>& order) {
  const bool has_come = co_await turn.wait(from);
  if (has_come) order.push_back(from);
}

}  // namespace

TEST_CASE("a request that its header condemns is answered before its body has come", "[transport][server][strangers]") {
  ServerUnderTest server(echo);
  server.on_server([&] {
    server.server().check_heads([](const Request& head) -> std::optional<Response> {
      if (head.headers.find("X-Token") == "right" && head.remote_address == "127.0.0.1") return std::nullopt;
      Response refusal(401);
      refusal.body = "who are you";
      return refusal;
    });
  });
  RawSocket stranger = server.connect();
  stranger.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nthe beginning");
  const std::string refusal = stranger.receive_all();
  CHECK(status_in(refusal) == 401);
  CHECK(has(refusal, "\r\nConnection: close\r\n"));
  CHECK(body_of(refusal) == "who are you");
  // Nobody is invited to send what nobody will read.
  RawSocket polite = server.connect();
  polite.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n");
  CHECK(status_in(polite.receive_all()) == 401);
  RawSocket chunked = server.connect();
  chunked.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  CHECK(status_in(chunked.receive_all()) == 401);

  RawSocket known = server.connect();
  known.send("POST /a HTTP/1.1\r\nHost: h\r\nX-Token: right\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  CHECK(has(known.receive_until("\r\n\r\n"), "100 Continue"));
  known.send("hello");
  CHECK(body_of(known.receive_message()) == "POST /a hello");
  // What is complete is the handler's business alone.
  known.send("POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi" + get);
  CHECK(body_of(known.receive_message()) == "POST /b hi");
  CHECK(body_of(known.receive_message()) == "GET /a");
}

TEST_CASE("requests hold so much memory together and no more, and small ones are always served", "[transport][server][strangers]") {
  ServerUnderTest server(echo, {.receiving_bytes = 100'000});
  const std::string announced = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 90000\r\n\r\n";
  // Room for one of the two, whichever comes first.
  RawSocket first = server.connect();
  RawSocket second = server.connect();
  for (RawSocket* const socket : {&first, &second}) socket->send(announced + std::string(80'000, 'x'));
  bool is_second = false;
  for (int i = 0; i < 1000 && !is_second && !first.hears_within(5); ++i) is_second = second.hears_within(5);
  if (!is_second) std::swap(first, second);
  const std::string refusal = second.receive_all();
  CHECK(status_in(refusal) == 503);
  CHECK(has(refusal, "\r\nRetry-After: 1\r\n"));
  RawSocket small = server.connect();
  small.send("POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 8000\r\n\r\n");
  CHECK_FALSE(small.hears_within(0));
  small.send(std::string(8'000, 'y'));
  CHECK(status_in(small.receive_message()) == 200);
  first.send(std::string(10'000, 'x'));
  CHECK(status_in(first.receive_message()) == 200);
  // And whoever has been answered holds nothing any more.
  RawSocket third = server.connect();
  third.send(announced + std::string(90'000, 'x'));
  CHECK(status_in(third.receive_message()) == 200);
}

TEST_CASE("strangers give way to whoever comes, and those who are known stay", "[transport][server][strangers]") {
  ServerUnderTest server(tell_who, {.connections = 6, .unknown_connections = 3});
  RawSocket known = server.connect();
  CHECK(ask(known, "/known") == "/known");
  std::vector<RawSocket> idle;
  for (int i = 0; i < 3; ++i) {
    idle.push_back(server.connect());
    CHECK(ask(idle.back(), "/open") == "/open");
  }
  RawSocket one_more = server.connect();
  CHECK(ask(one_more, "/known") == "/known");
  CHECK(idle[0].wait_for_close());
  CHECK(ask(idle[1], "/open") == "/open");
  // A hundred that say nothing, or half a header, close each other and nobody who is known.
  std::vector<RawSocket> many;
  for (int i = 0; i < 100; ++i) {
    many.push_back(server.connect());
    if (i % 2 == 0) many.back().send("GET / HT");
  }
  CHECK(many[0].wait_for_close());
  RawSocket late = server.connect();
  CHECK(ask(late, "/known") == "/known");
  CHECK(ask(known, "/known") == "/known");
  CHECK(ask(one_more, "/open") == "/open");
  // Whoever loses his name is a stranger again.
  CHECK(ask(one_more, "/stranger") == "/stranger");
  for (int i = 0; i < 100; ++i) many.push_back(server.connect());
  CHECK(one_more.wait_for_close());
  CHECK(ask(known, "/known") == "/known");
}

TEST_CASE("when there are no more connections a stranger goes, and where there is none the newcomer is told",
          "[transport][server][strangers]") {
  ServerUnderTest server(tell_who, {.connections = 2, .unknown_connections = 2});
  RawSocket known = server.connect();
  CHECK(ask(known, "/known") == "/known");
  RawSocket stranger = server.connect();
  CHECK(ask(stranger, "/open") == "/open");
  RawSocket second = server.connect();
  CHECK(ask(second, "/known") == "/known");
  CHECK(stranger.wait_for_close());
  server.wait_for_connections(2);
  RawSocket third = server.connect();
  CHECK(status_in(third.receive_all()) == 503);
}

TEST_CASE("a place is left by the oldest of those who have most", "[transport][strangers]") {
  Strangers all;
  Someone alone(all, "10.0.0.1");
  std::vector<std::unique_ptr<Someone>> crowd;
  for (int i = 0; i < 3; ++i) crowd.push_back(std::make_unique<Someone>(all, "10.0.0.2"));
  crowd[0]->can_go = false;
  CHECK(all.size() == 4);
  CHECK(all.make_room());
  CHECK(crowd[1]->is_gone);
  CHECK(all.make_room());
  CHECK(crowd[2]->is_gone);
  CHECK_FALSE(alone.is_gone);
  crowd[2].reset();
  // Where none of the crowd can go, somebody else must.
  crowd.push_back(std::make_unique<Someone>(all, "10.0.0.2"));
  crowd.back()->can_go = false;
  CHECK(all.make_room());
  CHECK(alone.is_gone);
  CHECK_FALSE(all.make_room());
  CHECK(all.size() == 2);
}

TEST_CASE("an address is a neighbourhood of its own, and a network of IPv6 is one", "[transport][strangers]") {
  const auto of = [](const char* address) { return neighbourhood_of(asio::ip::make_address(address)); };
  CHECK(of("10.0.0.1") != of("10.0.0.2"));
  CHECK(of("2001:db8:0:1::1") == of("2001:db8:0:1:ffff::2"));
  CHECK(of("2001:db8:0:1::1") != of("2001:db8:0:2::1"));
}

TEST_CASE("handshakes wait for their turn, and turns go round among addresses", "[transport][strangers]") {
  bool is_tried = false;
  // Where the machine stands still for as long as a turn takes in the middle of it, it is tried again.
  for (int attempt = 0; attempt < 10 && !is_tried; ++attempt) {
    asio::io_context io;
    async::DeadlineQueue deadlines(io.get_executor());
    std::vector<std::string> order;
    HandshakeTurns turns(deadlines, io.get_executor(), 5);
    std::vector<std::unique_ptr<HandshakeTurns::Turn>> places;
    const auto come = [&](const std::string& from) {
      places.push_back(std::make_unique<HandshakeTurns::Turn>(turns));
      asio::co_spawn(io, queue_up(*places.back(), from, order), asio::detached);
    };
    // Those of a second go at once; then five of the crowd stand in front of one who is alone, and one of them goes away.
    for (int i = 0; i < 10; ++i) come("a");
    come("b");
    const auto begun = async::Clock::now();
    io.poll();
    is_tried = turns.waiting() == 6;
    places[7]->give_up();
    if (is_tried) {
      CHECK(order.size() == 5);
      order.clear();
    }
    io.run();
    if (!is_tried) continue;
    CHECK(async::Clock::now() - begun > 700ms);
    REQUIRE(order.size() == 5);
    CHECK(order[0] + order[1] == "ab");
  }
  CHECK(is_tried);
}
