#include <escrow/http_caller.hpp>

#include <catch2/catch.hpp>
#include <escrow/context.hpp>
#include <future>

#include "tests/support/raw_server.hpp"
#include "tests/unit/client-sdk/initiator/participant.hpp"

using namespace escrow;
using namespace escrow::testing;
using namespace std::chrono_literals;

TEST_CASE("a call inside a handler carries trace and transaction on", "[sdk][caller]") {
  Participant service;
  HttpCaller caller;
  {
    const ContextScope scope(Context("g-7", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "x=y"));
    service.answers("/price", 200, "12");
    const auto reply = caller.call(OutgoingCall(service.url("/price")).json("{}").header("X-Own", "1"));
    REQUIRE(reply);
    CHECK(reply->is_success());
    CHECK(reply->body() == "12");
  }
  const auto call = service.calls().front();
  CHECK(call.header("Escrow-Gid") == "g-7");
  CHECK(call.header("tracestate") == "x=y");
  CHECK(call.header("traceparent").starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
  CHECK(call.header("traceparent").find("b7ad6b7169203331") == std::string::npos);
  CHECK(call.header("X-Own") == "1");
  CHECK(call.header("Content-Type") == "application/json");

  REQUIRE(caller.call(OutgoingCall(service.url("/price"))));
  CHECK(service.calls().back().header("Escrow-Gid").empty());
}

TEST_CASE("a call's failure says whether anything was sent", "[sdk][caller]") {
  HttpCaller caller;
  Participant service;
  service.answers("/x", {no_reply()});
  CHECK(caller.call(OutgoingCall(service.url("/x"))).error().code == Errc::unknown_outcome);
  std::string dead;
  {
    const LoopbackServer server([](const Received&) { return Reply(); });
    dead = server.url();
  }
  CHECK(caller.call(OutgoingCall(dead + "/x")).error().code == Errc::unreachable);
  CHECK(caller.call(OutgoingCall("nonsense")).error().code == Errc::invalid_argument);
  CHECK(caller.call(OutgoingCall(service.url("/x")).header("A", "1\r\nB: 2")).error().code == Errc::invalid_argument);
  CHECK(caller.call(OutgoingCall(service.url("/x")).method("GET / HTTP/1.1")).error().code == Errc::invalid_argument);
}

TEST_CASE("a call that is not answered in time ends", "[sdk][caller]") {
  std::promise<void> over;
  auto waiting = over.get_future().share();
  LoopbackServer silent([waiting](const Received&) {
    waiting.wait();
    return no_reply();
  });
  HttpCaller caller;
  CHECK(caller.call(OutgoingCall(silent.url() + "/x").timeout(50ms)).error().code == Errc::unknown_outcome);
  over.set_value();
}

TEST_CASE("a caller that is destroyed ends its calls", "[sdk][caller]") {
  std::promise<void> asked;
  std::promise<void> over;
  auto waiting = over.get_future().share();
  LoopbackServer silent([&asked, waiting](const Received&) {
    asked.set_value();
    waiting.wait();
    return no_reply();
  });
  std::future<Result<CallReply>> pending;
  {
    HttpCaller caller;
    pending = caller.call_async(OutgoingCall(silent.url() + "/x").timeout(1min));
    asked.get_future().wait();
  }
  CHECK(pending.get().error().code == Errc::unknown_outcome);
  over.set_value();
}

namespace {

const std::string stream_head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace

TEST_CASE("a stream is handed over as it comes, and its end is the end of the call", "[sdk][caller]") {
  const RawServer server([](RawSocket& connection, int) {
    (void)connection.receive_message();
    connection.send("HTTP/1.1 100 Continue\r\n\r\n" + stream_head + "3\r\none\r\n");
    connection.send("3\r\ntwo\r\n0\r\n\r\n");
  });
  HttpCaller caller;
  std::string got;
  const auto reply = caller.stream(OutgoingCall(server.url("/")), [&](std::string_view piece) {
    got.append(piece);
    return true;
  });
  REQUIRE(reply);
  CHECK(reply->status() == 200);
  CHECK(reply->body().empty());
  CHECK(reply->header("content-type") == "text/event-stream");
  CHECK(got == "onetwo");
}

TEST_CASE("who has heard enough of a stream ends it", "[sdk][caller]") {
  std::promise<bool> hung_up;
  const RawServer server([&](RawSocket& connection, int number) {
    (void)connection.receive_message();
    connection.send(stream_head + "3\r\none\r\n");
    if (number == 0) hung_up.set_value(connection.wait_for_close());
  });
  HttpCaller caller;
  int pieces = 0;
  const auto reply = caller.stream(OutgoingCall(server.url("/")), [&](std::string_view) {
    ++pieces;
    return false;
  });
  CHECK(reply);
  CHECK(pieces == 1);
  CHECK(hung_up.get_future().get());
}

TEST_CASE("a stream that falls silent or breaks off is no end", "[sdk][caller]") {
  const RawServer server([](RawSocket& connection, int number) {
    (void)connection.receive_message();
    connection.send(stream_head + "3\r\none\r\n");
    if (number == 0) connection.wait_for_close();
  });
  HttpCaller caller;
  std::string got;
  const auto take = [&](std::string_view piece) {
    got.append(piece);
    return true;
  };
  const auto silent = caller.stream(OutgoingCall(server.url("/")).timeout(100ms), take);
  REQUIRE_FALSE(silent);
  CHECK(silent.error().code == Errc::unknown_outcome);
  const auto broken = caller.stream(OutgoingCall(server.url("/")), take);
  REQUIRE_FALSE(broken);
  CHECK(broken.error().code == Errc::unknown_outcome);
  CHECK(got == "oneone");
}

TEST_CASE("a no to a stream comes whole", "[sdk][caller]") {
  const RawServer server(RawServer::answer_once("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nfull"));
  HttpCaller caller;
  int pieces = 0;
  const auto reply = caller.stream(OutgoingCall(server.url("/")), [&](std::string_view) {
    ++pieces;
    return true;
  });
  REQUIRE(reply);
  CHECK(reply->status() == 503);
  CHECK(reply->body() == "full");
  CHECK(pieces == 0);
}
