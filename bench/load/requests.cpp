#include "bench/load/requests.hpp"

#include <fmt/format.h>

namespace escrow::bench {
namespace {

constexpr const char* wait = "?wait_ms=60000";

bool interactive(Scenario scenario) {
  return scenario == Scenario::tcc || scenario == Scenario::tcc_together || scenario == Scenario::start;
}

const char* mode(Scenario scenario) {
  switch (scenario) {
    case Scenario::saga:
    case Scenario::saga_async:
    case Scenario::start: return "saga";
    case Scenario::tcc:
    case Scenario::tcc_together:
    case Scenario::tcc_driven: return "tcc";
    case Scenario::message: return "message";
  }
  return "";
}

}  // namespace

const Address& participant_of(const Options& options, int branch) {
  return options.participants[static_cast<std::size_t>(branch) % options.participants.size()];
}

Requests::Requests(const Options& options) : options_(options) {
  constexpr int quotes_and_name = 8;
  payload_ =
      fmt::format(R"({{"p":"{}"}})", std::string(static_cast<std::size_t>(std::max(0, options.payload_bytes - quotes_and_name)), 'x'));
}

std::string Requests::post(const Address& to, const std::string& target, const std::string& headers, const std::string& body) const {
  return fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n{}Content-Length: {}\r\n\r\n{}", target, to.text,
                     headers, body.size(), body);
}

std::string Requests::ask(const std::string& target, const std::string& body) const {
  return post(options_.coordinator, target, options_.token.empty() ? "" : "Authorization: Bearer " + options_.token + "\r\n", body);
}

std::string Requests::url(int branch, const char* operation, bool refused) const {
  const std::string& path = branch == 0 && !options_.first_path.empty() ? options_.first_path : options_.path;
  return fmt::format("http://{}{}/{}", participant_of(options_, branch).text, refused ? "/refuse" : path, operation);
}

std::string Requests::branch(int branch, bool refused) const {
  std::string operations;
  switch (options_.scenario) {
    case Scenario::saga:
    case Scenario::saga_async:
    case Scenario::start:
      operations = fmt::format(R"("action":"{}","compensate":"{}")", url(branch, "action", refused), url(branch, "compensate", false));
      break;
    case Scenario::tcc_driven: operations = fmt::format(R"("try":"{}",)", url(branch, "try", refused)); [[fallthrough]];
    case Scenario::tcc:
    case Scenario::tcc_together:
      operations += fmt::format(R"("confirm":"{}","cancel":"{}")", url(branch, "confirm", false), url(branch, "cancel", false));
      break;
    case Scenario::message: operations = fmt::format(R"("action":"{}")", url(branch, "action", false)); break;
  }
  return fmt::format(R"({{"id":"b{}",{},"payload":{}}})", branch, operations, payload_);
}

std::string Requests::start(const std::string& gid, bool refused) const {
  std::string branches;
  if (options_.scenario != Scenario::tcc && options_.scenario != Scenario::start) {
    branches = R"(,"branches":[)";
    for (int i = 0; i < options_.branches; ++i) branches += (i == 0 ? "" : ",") + branch(i, refused && i + 1 == options_.branches);
    branches += ']';
  }
  const bool waits = !interactive(options_.scenario) && options_.scenario != Scenario::saga_async;
  return ask(std::string("/v1/transactions") + (waits ? wait : ""),
             fmt::format(R"({{"gid":"{}","mode":"{}"{}{}}})", gid, mode(options_.scenario),
                         interactive(options_.scenario) ? R"(,"interactive":true)" : "", branches));
}

std::string Requests::registration(const std::string& gid, int number) const {
  return ask("/v1/transactions/" + gid + "/branches", branch(number, false));
}

std::string Requests::try_call(const std::string& gid, int branch) const {
  const std::string headers = fmt::format(
      "Escrow-Gid: {0}\r\nEscrow-Branch: b{1}\r\nEscrow-Operation: try\r\nEscrow-Phase: forward\r\nEscrow-Attempt: 1\r\nIdempotency-Key: "
      "{0}/b{1}/try\r\n",
      gid, branch);
  return post(participant_of(options_, branch), options_.path + "/try", headers, payload_);
}

std::string Requests::decide(const std::string& gid, const char* decision) const {
  return ask(fmt::format("/v1/transactions/{}/{}{}", gid, decision, wait), "{}");
}

}  // namespace escrow::bench
