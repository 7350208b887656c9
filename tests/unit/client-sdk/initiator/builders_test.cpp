#include <catch2/catch.hpp>
#include <escrow/message.hpp>
#include <escrow/saga.hpp>
#include <escrow/tcc.hpp>

#include "protocol/start_request_json.hpp"
#include "protocol/start_request_writer.hpp"

using namespace escrow;
using namespace std::chrono_literals;

namespace {

protocol::StartRequest reread(const protocol::StartRequest& request) {
  auto parsed = protocol::parse_start_request(protocol::to_json(request), protocol::RequestRules(), protocol::Gid());
  if (!parsed) {
    for (const auto& fault : parsed.error().faults) UNSCOPED_INFO(fault.pointer << " " << fault.detail);
    FAIL(parsed.error().detail << protocol::to_json(request));
  }
  return std::move(parsed).value();
}

void check_same(const TransactionDraft& draft, bool interactive = false) {
  const auto request = draft.complete(interactive);
  REQUIRE(request);
  const auto again = reread(request.value());
  CHECK(protocol::differences(request.value(), again).empty());
  CHECK(again.gid == request->gid);
  CHECK(again.order == request->order);
  CHECK(again.headers == request->headers);
  CHECK(again.branches.size() == request->branches.size());
}

constexpr const char* url = "http://127.0.0.1:8081/x";

}  // namespace

TEST_CASE("what a builder says the coordinator reads", "[sdk][builders]") {
  SECTION("a small saga") {
    check_same(Saga("place-order").gid("order-17").step(Step("a").action(url).compensate(url).payload("{\"n\":1.00}")));
  }
  SECTION("a saga with everything") {
    check_same(Saga("all \"quoted\"\n")
                   .attribute("customer", "c-42\t")
                   .timeout(90s)
                   .retry(RetryOptions().initial(10ms).max(20ms).multiplier(1.5).jitter(0).max_attempts(0))
                   .request_timeout(1s)
                   .attention_after(3)
                   .header("X-Tenant", "cn-east")
                   .order(Order::parallel)
                   .step(Step("a").action(url).compensate(url).retry(RetryOptions().max(2s)).request_timeout(2s).header("X-A", "1"))
                   .step(Step("b").action(url)));
  }
  SECTION("a graph with a pivot") {
    check_same(Saga()
                   .step(Step("a").action(url).compensate(url))
                   .step(Step("b").action(url).after("a").pivot())
                   .step(Step("c").action(url).after("b")));
  }
  SECTION("tcc in both orders") {
    const auto branch = TccBranch("a").try_(url).confirm(url).cancel(url);
    check_same(Tcc("t").branch(branch));
    check_same(Tcc("t").branch(branch).order(Order::sequential));
    check_same(Tcc("t").branch(branch), true);
  }
  SECTION("messages with and without a check") {
    check_same(Message("m").deliver("a", url, "[1, 2]"));
    check_same(Message("m").deliver("a", url).check(url).check_after(5s), true);
  }
  SECTION("mixed kinds") {
    check_same(Mixed("x")
                   .step(Step("a").action(url))
                   .branch(TccBranch("b").try_(url).confirm(url).cancel(url))
                   .deliver(Delivery("c").action(url)));
  }
  SECTION("an interactive saga without branches") { check_same(Saga("s"), true); }
}

TEST_CASE("payload bytes go into the request as they are", "[sdk][builders]") {
  const std::string payload = "{ \"amount\" : 1.00, \"big\": 123456789012345678901234567890, \"text\": \"\\u00e9\" }";
  const auto request = Saga().step(Step("a").action(url).payload(payload)).complete(false);
  REQUIRE(request);
  CHECK(protocol::to_json(request.value()).find(payload) != std::string::npos);
  CHECK(reread(request.value()).branches.front().payload == payload);
}

TEST_CASE("an object is one transaction from the beginning", "[sdk][builders]") {
  const Saga one("x");
  const Saga other("x");
  const Saga copy = one;
  CHECK(one.gid().size() == 36);
  CHECK(one.gid()[14] == '7');
  CHECK(one.gid() != other.gid());
  CHECK(copy.gid() == one.gid());
}

TEST_CASE("every fault that can be seen here is told at once", "[sdk][builders]") {
  const auto request = Saga()
                           .gid("not a gid")
                           .header("X-A", "1\r\nX-B: 2")
                           .header("Escrow-Gid", "mine")
                           .step(Step("sp ace").action(url).payload("{\"a\":1}, {"))
                           .step(Step("b").action(url).after("?"))
                           .complete(false);
  REQUIRE_FALSE(request);
  CHECK(request.error().code() == Errc::invalid_argument);
  std::vector<std::string> places;
  for (const auto& fault : request.error().faults()) places.push_back(fault.place());
  CHECK(places == std::vector<std::string>{"/gid", "/headers/X-A", "/headers/Escrow-Gid", "/branches/0/id", "/branches/0/payload",
                                           "/branches/1/after/0"});
}

TEST_CASE("an order beside a graph is a fault and not forgotten", "[sdk][builders]") {
  const auto request = Saga().order(Order::parallel).step(Step("a").action(url)).step(Step("b").action(url).after("a")).complete(false);
  REQUIRE_FALSE(request);
  CHECK(request.error().faults().front().place() == "/order");
}

TEST_CASE("a registration leaves out the forward URL and what is inherited", "[sdk][builders]") {
  const Tcc draft = Tcc("t").gid("g").request_timeout(2s);
  const std::vector<BranchDraft> branches{
      TccBranch("a").try_("http://h/try").confirm("http://h/confirm").cancel("http://h/cancel").payload("7")};
  CHECK(draft.registration(branches).value() == R"([{"id":"a","confirm":"http://h/confirm","cancel":"http://h/cancel","payload":7}])");
}
