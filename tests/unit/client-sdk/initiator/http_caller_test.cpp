#include <escrow/http_caller.hpp>

#include <catch2/catch.hpp>
#include <escrow/context.hpp>
#include <future>

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
