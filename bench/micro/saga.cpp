#include "bench/micro/saga.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <iterator>

#include "protocol/start_request_json.hpp"

namespace escrow::bench::micro {

void require(bool holds, const char* what) {
  if (holds) return;
  fmt::print(stderr, "escrow-bench-micro: {}\n", what);
  std::exit(1);
}

std::string gid_text(std::size_t number) { return fmt::format("019f0000-0000-7000-8000-{:012}", number); }

std::string start_body(std::size_t number) {
  const auto branch = [](const char* id, const char* path) {
    return fmt::format(
        R"({{"id":"{}","action":"http://127.0.0.1:9000/{}","compensate":"http://127.0.0.1:9000/undo-{}","payload":{{"order":"{}"}}}})", id,
        path, path, std::string(186, 'x'));
  };
  return fmt::format(R"({{"gid":"{}","mode":"saga","branches":[{},{}]}})", gid_text(number), branch("stock", "reserve"),
                     branch("payment", "charge"));
}

std::shared_ptr<const protocol::StartRequest> start_request(std::size_t number) {
  auto request = protocol::parse_start_request(start_body(number), {}, *protocol::Gid::parse("unused"));
  require(request.has_value(), "the start request is not valid");
  return std::make_shared<const protocol::StartRequest>(*std::move(request));
}

core::Outcome succeeded() {
  core::Outcome outcome;
  outcome.outcome = core::Outcome::Class::succeeded;
  outcome.status = 200;
  return outcome;
}

void drive_to_end(core::Transaction& transaction, std::vector<core::HistoryEvent>& history) {
  for (std::uint32_t branch = 0; branch < 2; ++branch) {
    const core::OperationRef ref{branch, protocol::Role::forward};
    const core::Time now = begun_at + core::Duration(branch + 1);
    for (auto& event : core::decide(transaction, core::Called{ref}, now).history) history.push_back(std::move(event));
    for (auto& event : core::decide(transaction, core::Answered{ref, succeeded(), 0.5}, now).history) history.push_back(std::move(event));
  }
  require(transaction.status == protocol::Status::committed, "the saga did not commit");
}

}  // namespace escrow::bench::micro
