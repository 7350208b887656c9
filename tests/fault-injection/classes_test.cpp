#include <catch2/catch.hpp>

#include <chrono>
#include <string>
#include <utility>

#include "coordinator/engine/driver/outcome.hpp"
#include "tests/fault-injection/sim/network.hpp"

// The simulator has no HTTP: it shares the table of statuses with the driver, and must say of each answer what that says of it over HTTP.

using namespace escrow;

namespace {

core::Outcome by_the_driver(const sim::WireAnswer& answer) {
  engine::node::CallWanted call;
  call.gid = *protocol::Gid::parse("t0");
  if (answer.status == 0) {
    return engine::driver::outcome_of(transport::CallFailure(transport::CallFailureKind::timeout, ""), call, {});
  }
  transport::Answer http;
  http.status = static_cast<int>(answer.status);
  if (answer.retry_after) http.headers.add("Retry-After", std::to_string(answer.retry_after->count() / 1000));
  if (answer.foreign) http.body = "<!doctype html><title>Log in</title>";
  if (answer.output) http.body = *answer.output;
  return engine::driver::outcome_of(transport::CallAnswer(std::move(http)), call, std::chrono::system_clock::from_time_t(1'767'607'200));
}

}  // namespace

TEST_CASE("the simulator classes every answer as the driver does", "[unit]") {
  for (unsigned status = 0; status < 600; ++status) {
    if (status > 0 && status < 200) continue;
    for (const bool says_when : {false, true}) {
      for (const bool foreign : {false, true}) {
        // A page of somebody else is told by its body only where the status says success.
        if (foreign && (status < 200 || status >= 300)) continue;
        sim::WireAnswer answer;
        answer.status = status;
        answer.foreign = foreign;
        if (says_when && status > 0) answer.retry_after = core::Duration(7'000);
        if (status == 200 && !foreign) answer.output = std::make_shared<const std::string>("{\"done\":true}");
        // A 202 from a proxy's page is no answer of the participant; the simulator never makes one.
        if (foreign && status == 202) continue;
        INFO(status << (says_when ? " with Retry-After" : "") << (foreign ? ", from somebody else" : ""));
        const auto simulated = sim::classify(answer, sim::Bug::none);
        const auto real = by_the_driver(answer);
        CHECK(simulated.outcome == real.outcome);
        CHECK(simulated.status == real.status);
        const bool waits = real.outcome == core::Outcome::Class::in_progress || real.outcome == core::Outcome::Class::postponed;
        if (waits) CHECK(simulated.retry_after == real.retry_after);
        CHECK((simulated.output == nullptr) == (real.output == nullptr));
      }
    }
  }
}
