#include "tests/unit/core/draft.hpp"

#include <algorithm>

namespace escrow::tests {

using protocol::Kind;
using protocol::Mode;
using protocol::Order;

protocol::Gid gid(std::string_view text) { return protocol::Gid::parse(text).value(); }
protocol::BranchId branch_id(std::string_view text) { return protocol::BranchId::parse(text).value(); }

protocol::BranchRequest branch(Kind kind, std::string_view id, bool interactive, const BranchEdit& edit) {
  protocol::BranchRequest made;
  made.id = branch_id(id);
  made.kind = kind;
  made.retry.jitter = 0;
  const auto url = [&](protocol::Role role) {
    const auto name = protocol::operation_name(kind, role);
    if (!name) return std::string();
    return "http://" + std::string(to_string(kind)) + "/" + std::string(id) + "/" + std::string(to_string(*name));
  };
  if (!interactive) made.forward_url = url(protocol::Role::forward);
  made.confirm_url = url(protocol::Role::confirm);
  made.undo_url = url(protocol::Role::undo);
  if (edit) edit(made);
  return made;
}

BranchEdit after(std::vector<std::string> ids) {
  return [ids = std::move(ids)](protocol::BranchRequest& branch) {
    branch.has_after = true;
    for (const auto& id : ids) branch.after.push_back(branch_id(id));
  };
}

void pivot(protocol::BranchRequest& branch) { branch.pivot = true; }
void without_undo(protocol::BranchRequest& branch) { branch.undo_url.clear(); }
void last_word(protocol::BranchRequest& branch) {
  pivot(branch);
  without_undo(branch);
}

Draft::Draft(Mode mode) {
  request_.gid = tests::gid("g");
  request_.mode = mode;
  request_.order = mode == Mode::tcc ? Order::parallel : Order::sequential;
  request_.retry.jitter = 0;
}

Draft& Draft::gid(std::string_view text) {
  request_.gid = tests::gid(text);
  return *this;
}

Draft& Draft::interactive() {
  request_.interactive = true;
  for (auto& branch : request_.branches) branch.forward_url.clear();
  return *this;
}

Draft& Draft::order(Order order) {
  request_.order = order;
  return *this;
}

Draft& Draft::with(Kind kind, std::string_view id, const BranchEdit& edit) {
  auto made = branch(kind, id, request_.interactive, edit);
  made.retry = request_.retry;
  made.request_timeout_ms = request_.request_timeout_ms;
  if (made.has_after) request_.order = Order::graph;
  request_.branches.push_back(std::move(made));
  return *this;
}

Draft& Draft::with(std::initializer_list<std::string_view> ids) {
  const Kind kind = request_.mode == Mode::tcc ? Kind::tcc : request_.mode == Mode::message ? Kind::message : Kind::saga;
  for (const auto id : ids) with(kind, id);
  return *this;
}

Draft& Draft::timeout_ms(std::int64_t timeout_ms) {
  request_.timeout_ms = timeout_ms;
  return *this;
}

Draft& Draft::attention_after(std::int64_t calls) {
  request_.attention_after = calls;
  return *this;
}

Draft& Draft::max_attempts(std::int64_t attempts) {
  request_.retry.max_attempts = attempts;
  for (auto& branch : request_.branches) branch.retry.max_attempts = attempts;
  return *this;
}

Draft& Draft::pause_ms(std::int64_t initial_ms, std::int64_t max_ms) {
  const auto set = [&](protocol::RetryPolicy& retry) {
    retry.initial_ms = initial_ms;
    retry.max_ms = max_ms;
  };
  set(request_.retry);
  for (auto& branch : request_.branches) set(branch.retry);
  return *this;
}

Draft& Draft::check(std::int64_t check_after_ms) {
  interactive();
  request_.check = "http://initiator/check";
  request_.check_after_ms = check_after_ms;
  return *this;
}

Draft& Draft::edit(const std::function<void(protocol::StartRequest&)>& edit) {
  edit(request_);
  return *this;
}

std::shared_ptr<const protocol::StartRequest> Draft::request() const { return std::make_shared<const protocol::StartRequest>(request_); }

Draft saga(std::initializer_list<std::string_view> ids) { return Draft(Mode::saga).with(ids); }
Draft tcc(std::initializer_list<std::string_view> ids) { return Draft(Mode::tcc).with(ids); }
Draft message(std::initializer_list<std::string_view> ids) { return Draft(Mode::message).with(ids); }
Draft mixed() { return Draft(Mode::mixed); }

}  // namespace escrow::tests
