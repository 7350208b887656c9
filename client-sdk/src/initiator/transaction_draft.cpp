#include <sys/random.h>

#include <array>
#include <cerrno>
#include <escrow/message.hpp>
#include <escrow/transaction_draft.hpp>
#include <system_error>

#include "client-sdk/src/http/header_check.hpp"
#include "protocol/headers.hpp"
#include "protocol/json_reader.hpp"
#include "protocol/start_request_writer.hpp"
#include "protocol/uuid_v7.hpp"

namespace escrow {
namespace {

std::int64_t milliseconds(std::chrono::milliseconds value) { return value.count(); }

/// From the kernel each time: a forked child must not repeat its parent's gids.
std::string new_gid() {
  std::array<std::uint8_t, 10> random{};
  std::size_t filled = 0;
  while (filled < random.size()) {
    const auto got = ::getrandom(random.data() + filled, random.size() - filled, 0);
    if (got < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "getrandom");
    if (got > 0) filled += static_cast<std::size_t>(got);
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return protocol::uuid_v7(std::chrono::duration_cast<std::chrono::milliseconds>(now).count(), random);
}

void check_headers(const std::vector<protocol::HeaderField>& headers, const std::string& place, std::vector<FieldFault>& faults) {
  for (const auto& header : headers) {
    if (!http::is_header(header.name, header.value)) faults.emplace_back(place + "/headers/" + header.name, "not a valid HTTP header");
    if (protocol::is_reserved_header(header.name)) faults.emplace_back(place + "/headers/" + header.name, "a reserved name");
  }
}

Order usual_order(Mode mode) { return mode == Mode::tcc || mode == Mode::message ? Order::parallel : Order::sequential; }

constexpr const char* name_rule = "must be 1 to %d characters of A-Z a-z 0-9 . _ : -, and not . or ..";

std::string rule_for(std::size_t limit) {
  std::string rule = name_rule;
  rule.replace(rule.find("%d"), 2, std::to_string(limit));
  return rule;
}

}  // namespace

protocol::RetryPolicy RetryOptions::over(const protocol::RetryPolicy& inherited) const {
  protocol::RetryPolicy policy = inherited;
  if (initial_) policy.initial_ms = milliseconds(*initial_);
  if (max_) policy.max_ms = milliseconds(*max_);
  if (multiplier_) policy.multiplier = *multiplier_;
  if (jitter_) policy.jitter = *jitter_;
  if (max_attempts_) policy.max_attempts = *max_attempts_;
  return policy;
}

protocol::BranchRequest BranchDraft::complete(const protocol::StartRequest& transaction, const std::string& place,
                                              std::vector<FieldFault>& faults) const {
  protocol::BranchRequest branch;
  if (auto id = protocol::BranchId::parse(id_)) {
    branch.id = std::move(*id);
  } else {
    faults.emplace_back(place + "/id", rule_for(protocol::BranchId::limit));
  }
  branch.kind = kind_;
  branch.forward_url = urls_[static_cast<std::size_t>(protocol::Role::forward)];
  branch.confirm_url = urls_[static_cast<std::size_t>(protocol::Role::confirm)];
  branch.undo_url = urls_[static_cast<std::size_t>(protocol::Role::undo)];
  // What is no JSON would change the request around it.
  if (payload_ && !protocol::is_valid_json(*payload_)) faults.emplace_back(place + "/payload", "is not one valid JSON text");
  branch.payload = payload_;
  branch.has_after = has_after_;
  for (std::size_t i = 0; i < after_.size(); ++i) {
    if (auto id = protocol::BranchId::parse(after_[i])) {
      branch.after.push_back(std::move(*id));
    } else {
      faults.emplace_back(place + "/after/" + std::to_string(i), rule_for(protocol::BranchId::limit));
    }
  }
  branch.pivot = pivot_;
  branch.retry = retry_ ? retry_->over(transaction.retry) : transaction.retry;
  branch.request_timeout_ms = request_timeout_ ? milliseconds(*request_timeout_) : transaction.request_timeout_ms;
  check_headers(headers_, place, faults);
  branch.headers = headers_;
  return branch;
}

TransactionDraft::TransactionDraft(Mode mode, std::string name) : gid_(new_gid()) {
  request_.mode = mode;
  request_.order = usual_order(mode);
  if (!name.empty()) request_.name = std::move(name);
}

Result<protocol::StartRequest, ClientError> TransactionDraft::complete(bool interactive) const {
  std::vector<FieldFault> faults;
  protocol::StartRequest request = request_;
  request.interactive = interactive;
  if (auto gid = protocol::Gid::parse(gid_)) {
    request.gid = std::move(*gid);
  } else {
    faults.emplace_back("/gid", rule_for(protocol::Gid::limit));
  }
  check_headers(request.headers, "", faults);
  for (std::size_t i = 0; i < branches_.size(); ++i) {
    auto branch = branches_[i].complete(request, "/branches/" + std::to_string(i), faults);
    if (branch.has_after) request.order = Order::graph;
    if (interactive) branch.forward_url.clear();
    request.branches.push_back(std::move(branch));
  }
  if (request.order == Order::graph && request_.order != usual_order(request.mode))
    faults.emplace_back("/order", "has no meaning beside after");
  if (faults.empty()) return request;
  return ClientError(Errc::invalid_argument, "the transaction can't be sent as it is").gid(gid_).faults(std::move(faults));
}

Result<std::string, ClientError> TransactionDraft::registration(const std::vector<BranchDraft>& branches) const {
  std::vector<FieldFault> faults;
  std::string body = "[";
  for (std::size_t i = 0; i < branches.size(); ++i) {
    auto branch = branches[i].complete(request_, "/" + std::to_string(i), faults);
    branch.forward_url.clear();
    if (i > 0) body += ',';
    body += protocol::to_json(branch, request_);
  }
  body += ']';
  if (faults.empty()) return body;
  return ClientError(Errc::invalid_argument, "the branches can't be sent as they are").gid(gid_).faults(std::move(faults));
}

}  // namespace escrow
