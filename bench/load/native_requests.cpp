#include "bench/load/native_requests.hpp"

#include <fmt/format.h>

namespace escrow::bench {
namespace {

constexpr const char* wait = "?wait_ms=60000";

bool interactive(Scenario scenario) {
  return scenario == Scenario::tcc || scenario == Scenario::tcc_together || scenario == Scenario::start || scenario == Scenario::start_tcc;
}

const char* mode(Scenario scenario) {
  switch (scenario) {
    case Scenario::saga:
    case Scenario::saga_async:
    case Scenario::start: return "saga";
    case Scenario::tcc:
    case Scenario::tcc_together:
    case Scenario::start_tcc:
    case Scenario::tcc_driven: return "tcc";
    case Scenario::message: return "message";
  }
  return "";
}

}  // namespace

std::string NativeRequests::branch(int branch, bool refused) const {
  std::string operations;
  switch (options().scenario) {
    case Scenario::saga:
    case Scenario::saga_async:
    case Scenario::start:
      operations = fmt::format(R"("action":"{}","compensate":"{}")", url(branch, "action", refused), url(branch, "compensate", false));
      break;
    case Scenario::tcc_driven: operations = fmt::format(R"("try":"{}",)", url(branch, "try", refused)); [[fallthrough]];
    case Scenario::tcc:
    case Scenario::tcc_together:
    case Scenario::start_tcc:
      operations += fmt::format(R"("confirm":"{}","cancel":"{}")", url(branch, "confirm", false), url(branch, "cancel", false));
      break;
    case Scenario::message: operations = fmt::format(R"("action":"{}")", url(branch, "action", false)); break;
  }
  return fmt::format(R"({{"id":"b{}",{},"payload":{}}})", branch, operations, payload());
}

std::string NativeRequests::start(const std::string& gid, bool refused) const {
  std::string branches;
  if (options().scenario != Scenario::tcc && options().scenario != Scenario::start) {
    branches = R"(,"branches":[)";
    for (int i = 0; i < options().branches; ++i) branches += (i == 0 ? "" : ",") + branch(i, refused && i + 1 == options().branches);
    branches += ']';
  }
  const std::string timeout = options().timeout_ms > 0 ? fmt::format(R"(,"timeout_ms":{})", options().timeout_ms) : "";
  const bool waits = !interactive(options().scenario) && options().scenario != Scenario::saga_async;
  return ask(std::string("/v1/transactions") + (waits ? wait : ""),
             fmt::format(R"({{"gid":"{}","mode":"{}"{}{}{}}})", gid, mode(options().scenario),
                         interactive(options().scenario) ? R"(,"interactive":true)" : "", timeout, branches));
}

std::string NativeRequests::registration(const std::string& gid, int number) const {
  return ask("/v1/transactions/" + gid + "/branches", branch(number, false));
}

std::string NativeRequests::decide(const std::string& gid, bool commits) const {
  return ask(fmt::format("/v1/transactions/{}/{}{}", gid, commits ? "commit" : "abort", wait), "{}");
}

Ending NativeRequests::ending(const Message& answer) const {
  if (answer.body.find(R"("status":"committed")") != std::string_view::npos) return Ending::committed;
  if (answer.body.find(R"("status":"aborted")") != std::string_view::npos) return Ending::aborted;
  return Ending::wrong;
}

}  // namespace escrow::bench
