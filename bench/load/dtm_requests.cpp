#include "bench/load/dtm_requests.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace escrow::bench {
namespace {

std::string quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"') quoted += '\\';
    quoted += letter;
  }
  return quoted + '"';
}

}  // namespace

DtmRequests::DtmRequests(const Options& options) : Requests(options), quoted_payload_(quoted(payload())) {
  if (options.scenario != Scenario::saga && options.scenario != Scenario::tcc) {
    throw std::invalid_argument("with dtm the scenarios are saga and tcc");
  }
}

std::string DtmRequests::start(const std::string& gid, bool refused) const {
  if (options().scenario == Scenario::tcc) return ask("/api/dtmsvr/prepare", fmt::format(R"({{"gid":"{}","trans_type":"tcc"}})", gid));
  std::string steps, payloads;
  for (int i = 0; i < options().branches; ++i) {
    const char* const comma = i == 0 ? "" : ",";
    steps += fmt::format(R"({}{{"action":"{}","compensate":"{}"}})", comma, url(i, "action", refused && i + 1 == options().branches),
                         url(i, "compensate", false));
    payloads += comma + quoted_payload_;
  }
  return ask("/api/dtmsvr/submit",
             fmt::format(R"({{"gid":"{}","trans_type":"saga","steps":[{}],"payloads":[{}],"wait_result":true}})", gid, steps, payloads));
}

std::string DtmRequests::registration(const std::string& gid, int branch) const {
  return ask("/api/dtmsvr/registerBranch",
             fmt::format(R"({{"gid":"{}","trans_type":"tcc","branch_id":"{:02}","data":{},"confirm":"{}","cancel":"{}"}})", gid, branch + 1,
                         quoted_payload_, url(branch, "confirm", false), url(branch, "cancel", false)));
}

std::string DtmRequests::decide(const std::string& gid, bool commits) const {
  return ask(commits ? "/api/dtmsvr/submit" : "/api/dtmsvr/abort",
             fmt::format(R"({{"gid":"{}","trans_type":"tcc","wait_result":true}})", gid));
}

Ending DtmRequests::ending(const Message& answer) const {
  if (answer.status() == 409) return Ending::aborted;
  return answer.body.find(R"("dtm_result":"SUCCESS")") != std::string_view::npos ? Ending::committed : Ending::wrong;
}

}  // namespace escrow::bench
