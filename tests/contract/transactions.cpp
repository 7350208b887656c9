#include "tests/contract/transactions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace escrow::testing {

using core::Operation;
using core::Transaction;
using protocol::Kind;
using protocol::Mode;
using protocol::OperationState;
using protocol::Order;
using protocol::Role;
using protocol::Status;

namespace {

std::string show(const std::string& text) { return text; }
std::string show(const core::Time& time) { return std::to_string(core::to_ms(time)); }
std::string show(const protocol::BranchId& id) { return id.text(); }
template <class T>
std::string show(const std::optional<T>& value) {
  return value ? "<" + show(*value) + ">" : "none";
}

std::string show(const protocol::RetryPolicy& retry) {
  return fmt::format("{} {} {} {} {}", retry.initial_ms, retry.max_ms, retry.multiplier, retry.jitter, retry.max_attempts);
}

std::string show(const std::vector<protocol::HeaderField>& headers) {
  std::string out;
  for (const auto& header : headers) out += fmt::format("[{}: {}]", header.name, header.value);
  return out;
}

std::string show(const Operation& operation) {
  std::string out =
      fmt::format("{} {} {} {} {} {} {} next {} attention {} finished {} error {} output {} {}", to_string(operation.state),
                  operation.attempts, operation.counted_attempts, operation.fruitless, operation.equal_failures, operation.maybe_done,
                  operation.resolved, show(operation.next_attempt_at), show(operation.attention_at), show(operation.finished_at),
                  show(operation.last_error), operation.output ? *operation.output : "none", operation.output_revision);
  if (operation.attention) out += fmt::format(" raised {} {}", show(operation.attention->since), operation.attention->reason);
  return out;
}

std::string show(const protocol::BranchRequest& request) {
  std::string after;
  for (const auto& id : request.after) after += id.text() + " ";
  return fmt::format("{} {} {}|{}|{} payload {} after {} {} pivot {} retry {} {} {}", request.id.text(), to_string(request.kind),
                     request.forward_url, request.confirm_url, request.undo_url, show(request.payload), request.has_after, after,
                     request.pivot, show(request.retry), request.request_timeout_ms, show(request.headers));
}

protocol::Gid gid_of(const std::string& text) { return protocol::Gid::parse(text).value(); }
protocol::BranchId branch_id_of(const std::string& text) { return protocol::BranchId::parse(text).value(); }

}  // namespace

std::string text_of(const Transaction& transaction) {
  const auto& request = *transaction.request;
  std::string attributes;
  for (const auto& [name, value] : request.attributes) attributes += name + "=" + value + ";";
  std::string out = fmt::format("{} {} name {} {} {} interactive {} {} {} {} {} {} check {} {} start branches {}\n", request.gid.text(),
                                to_string(request.mode), show(request.name), attributes, to_string(request.order), request.interactive,
                                request.timeout_ms, show(request.retry), request.request_timeout_ms, request.attention_after,
                                show(request.headers), show(request.check), request.check_after_ms, request.branches.size());
  out += fmt::format("{} {} {} {} {} {} revision {} run {} pivot {} trace {}|{}\n", to_string(transaction.order),
                     to_string(transaction.status), show(transaction.started_at), show(transaction.updated_at),
                     show(transaction.finished_at), show(transaction.deadline_at), transaction.revision, transaction.run,
                     transaction.pivot_reached, transaction.trace.traceparent, transaction.trace.tracestate);
  if (const auto& reason = transaction.abort_reason) {
    out += fmt::format("abort {} {} {}\n", to_string(reason->code), show(reason->branch), reason->detail);
  }
  if (transaction.check) out += "check " + show(*transaction.check) + "\n";
  for (const auto& branch : transaction.branches) {
    out += fmt::format("branch {} {} predecessors {}\n", branch.registered_revision, show(*branch.request),
                       fmt::join(branch.predecessors, ","));
    for (const Role role : protocol::all_roles) {
      if (const auto* operation = branch.operation(role)) out += fmt::format("  {} {}\n", to_string(role), show(*operation));
    }
  }
  return out;
}

Transaction started(const std::string& gid, std::int64_t started_at_ms) {
  auto request = std::make_shared<protocol::StartRequest>();
  request->gid = gid_of(gid);
  for (const char* id : {"order", "inventory"}) {
    protocol::BranchRequest branch;
    branch.id = branch_id_of(id);
    branch.forward_url = std::string("http://127.0.0.1:8081/") + id;
    branch.undo_url = branch.forward_url + "/undo";
    branch.payload = R"({"order":17, "price":1.00})";
    request->branches.push_back(std::move(branch));
  }
  Transaction transaction;
  transaction.request = request;
  for (const auto& branch : request->branches) {
    core::Branch added;
    added.request = std::shared_ptr<const protocol::BranchRequest>(request, &branch);
    added.forward.emplace();
    added.undo.emplace();
    added.registered_revision = 1;
    if (!transaction.branches.empty()) added.predecessors = {0};
    transaction.branches.push_back(std::move(added));
  }
  transaction.started_at = transaction.updated_at = core::from_ms(started_at_ms);
  transaction.deadline_at = core::from_ms(started_at_ms + request->timeout_ms);
  transaction.revision = 1;
  return transaction;
}

store::Write start_of(const Transaction& transaction, std::int64_t due_at_ms) {
  return store::encode_write(transaction, core::from_ms(due_at_ms),
                             {event(protocol::EventType::started, core::to_ms(transaction.started_at))});
}

store::Write next_of(Transaction& transaction, std::int64_t due_at_ms) {
  ++transaction.revision;
  transaction.branches.at(0).forward->attempts += 1;
  return store::encode_write(transaction, core::from_ms(due_at_ms), {event(protocol::EventType::attempt_failed)});
}

store::Write end_of(Transaction& transaction, std::int64_t finished_at_ms) {
  ++transaction.revision;
  transaction.status = Status::committed;
  transaction.updated_at = core::from_ms(finished_at_ms);
  transaction.finished_at = transaction.updated_at;
  for (auto& branch : transaction.branches) {
    branch.forward->state = OperationState::succeeded;
    branch.undo->state = OperationState::skipped;
  }
  return store::encode_write(
      transaction, std::nullopt,
      {event(protocol::EventType::commit_decided, finished_at_ms), event(protocol::EventType::committed, finished_at_ms)});
}

core::HistoryEvent event(protocol::EventType type, std::int64_t at_ms) {
  core::HistoryEvent made;
  made.type = type;
  made.at = core::from_ms(at_ms);
  return made;
}

std::int64_t RandomTransactions::number(std::int64_t least, std::int64_t most) {
  return std::uniform_int_distribution<std::int64_t>(least, most)(random_);
}

bool RandomTransactions::chance(int percent) { return number(0, 99) < percent; }

core::Time RandomTransactions::time() { return core::from_ms(number(0, 4'000'000'000'000)); }

std::string RandomTransactions::text(std::size_t longest) {
  // Whole characters of one to four bytes, and those that JSON has to escape.
  static const char* const characters[] = {"a",    "Z",    "0", " ", "\"", "\\", "/",  "\n", "\t",
                                           "\x01", "\x7f", "{", "'", "ä",  "€",  "漢", "😀", "\u2028"};
  std::string out;
  const auto length = number(0, static_cast<std::int64_t>(longest));
  for (std::int64_t i = 0; i < length; ++i) out += characters[number(0, std::ssize(characters) - 1)];
  return out;
}

template <class Word>
Word RandomTransactions::word(std::initializer_list<Word> words) {
  return *(words.begin() + number(0, static_cast<std::int64_t>(words.size()) - 1));
}

protocol::RetryPolicy RandomTransactions::retry() {
  protocol::RetryPolicy retry;
  if (chance(50)) return retry;
  retry.initial_ms = number(1, 1'000);
  retry.max_ms = number(1'000, 31'536'000'000);
  retry.multiplier = 1.0 + static_cast<double>(number(0, 1'000'000)) / 7.0;
  retry.jitter = static_cast<double>(number(0, 1'000)) / 1'000.0;
  retry.max_attempts = number(0, 1'000'000'000);
  return retry;
}

std::vector<protocol::HeaderField> RandomTransactions::headers() {
  std::vector<protocol::HeaderField> headers;
  for (auto count = number(0, 3); count > 0; --count) headers.push_back({"X-" + std::to_string(number(0, 5)), text(12)});
  return headers;
}

protocol::BranchRequest RandomTransactions::branch_request(std::size_t index, bool is_graph) {
  protocol::BranchRequest request;
  request.id = branch_id_of("b:" + std::to_string(index));
  request.kind = word({Kind::saga, Kind::tcc, Kind::message});
  if (request.kind != Kind::message) request.forward_url = "http://x/" + text(5);
  if (request.kind != Kind::saga) request.confirm_url = "http://x/c" + text(5);
  if (request.kind == Kind::tcc || (request.kind == Kind::saga && chance(80))) request.undo_url = "http://x/u";
  if (chance(80))
    request.payload =
        chance(10) ? std::string() : "{\"n\": 1.00, \"t\": \"" + std::string(static_cast<std::size_t>(number(0, 5'000)), 'p') + "\"}";
  request.has_after = is_graph;
  if (is_graph) {
    for (std::size_t before = 0; before < index; ++before) {
      if (chance(30)) request.after.push_back(branch_id_of("b:" + std::to_string(before)));
    }
  }
  request.pivot = request.kind == Kind::saga && chance(10);
  request.retry = retry();
  request.request_timeout_ms = number(1, 600'000);
  request.headers = headers();
  return request;
}

Operation RandomTransactions::operation(std::int64_t revision) {
  Operation made;
  std::optional<Operation> changed = made;
  if (chance(50)) change_operation(changed, revision);
  return *changed;
}

void RandomTransactions::change_operation(std::optional<Operation>& changed, std::int64_t revision) {
  if (!changed) return;
  Operation& operation = *changed;
  operation.state = word({OperationState::waiting, OperationState::calling, OperationState::backing_off, OperationState::succeeded,
                          OperationState::failed, OperationState::unknown, OperationState::skipped});
  operation.attempts += number(0, 3);
  operation.counted_attempts += number(0, 2);
  operation.fruitless = number(0, 20);
  operation.equal_failures = number(0, 5);
  operation.maybe_done = chance(30);
  operation.resolved = chance(10);
  operation.next_attempt_at = chance(40) ? std::optional(time()) : std::nullopt;
  operation.attention_at = chance(20) ? std::optional(time()) : std::nullopt;
  operation.finished_at = chance(30) ? std::optional(time()) : std::nullopt;
  operation.last_error = chance(40) ? std::optional(text(60)) : std::nullopt;
  operation.attention = chance(15) ? std::optional(core::Attention{time(), text(40)}) : std::nullopt;
  if (!operation.output && chance(30)) {
    operation.output = std::make_shared<const std::string>("{\"o\": " + std::to_string(number(0, 1'000'000)) + " }");
    operation.output_revision = revision;
  }
}

void RandomTransactions::add_operations(core::Branch& branch, std::int64_t revision) {
  const auto& request = *branch.request;
  if (!request.forward_url.empty()) branch.forward = operation(revision);
  if (!request.confirm_url.empty()) branch.confirm = operation(revision);
  if (!request.undo_url.empty()) branch.undo = operation(revision);
}

Transaction RandomTransactions::start(const std::string& gid) {
  auto request = std::make_shared<protocol::StartRequest>();
  request->gid = gid_of(gid);
  request->mode = word({Mode::saga, Mode::tcc, Mode::message, Mode::mixed});
  if (chance(60)) request->name = text(20);
  for (auto count = number(0, 4); count > 0; --count) request->attributes["k." + std::to_string(count)] = text(20);
  request->order = word({Order::sequential, Order::parallel, Order::graph});
  request->interactive = chance(40);
  request->timeout_ms = number(1, 31'536'000'000);
  request->retry = retry();
  request->request_timeout_ms = number(1, 600'000);
  request->attention_after = number(1, 1'000'000'000);
  request->headers = headers();
  if (chance(30)) request->check = "https://x/check?" + text(5);
  request->check_after_ms = number(1, 100'000);
  for (std::size_t i = 0, count = static_cast<std::size_t>(number(0, 6)); i < count; ++i) {
    request->branches.push_back(branch_request(i, request->order == Order::graph));
  }

  Transaction transaction;
  transaction.request = request;
  transaction.order = request->order;
  transaction.started_at = time();
  transaction.updated_at = time();
  if (chance(70)) transaction.deadline_at = time();
  if (request->check) transaction.check = operation(1);
  if (chance(70)) transaction.trace = {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", text(20)};
  transaction.revision = 1;
  for (std::size_t i = 0; i < request->branches.size(); ++i) {
    core::Branch branch;
    branch.request = std::shared_ptr<const protocol::BranchRequest>(request, &request->branches[i]);
    branch.registered_revision = 1;
    for (std::uint32_t before = 0; before < i; ++before) {
      if (chance(30)) branch.predecessors.push_back(before);
    }
    add_operations(branch, 1);
    transaction.branches.push_back(std::move(branch));
  }
  return transaction;
}

void RandomTransactions::change(Transaction& transaction) {
  const std::int64_t revision = ++transaction.revision;
  transaction.status = word({Status::active, Status::committing, Status::aborting, Status::committed, Status::aborted});
  transaction.finished_at = transaction.is_terminal() ? std::optional(time()) : std::nullopt;
  transaction.updated_at = time();
  transaction.deadline_at = chance(70) ? std::optional(time()) : std::nullopt;
  transaction.pivot_reached = chance(20);
  if (chance(30)) {
    transaction.abort_reason =
        core::AbortReason{word({protocol::AbortCode::branch_failed, protocol::AbortCode::attempts_exhausted, protocol::AbortCode::timeout,
                                protocol::AbortCode::initiator, protocol::AbortCode::operator_, protocol::AbortCode::check_refused}),
                          chance(50) ? protocol::BranchId::parse("b:1") : std::nullopt, text(40)};
  }
  change_operation(transaction.check, revision);
  for (auto& branch : transaction.branches) {
    if (chance(50)) change_operation(branch.forward, revision);
    if (chance(50)) change_operation(branch.confirm, revision);
    if (chance(50)) change_operation(branch.undo, revision);
  }
  if (chance(30)) {
    core::Branch branch;
    const std::size_t index = transaction.branches.size();
    branch.request = std::make_shared<const protocol::BranchRequest>(branch_request(index, transaction.order == Order::graph));
    branch.registered_revision = revision;
    if (index > 0) branch.predecessors = {static_cast<std::uint32_t>(index - 1)};
    add_operations(branch, revision);
    transaction.branches.push_back(std::move(branch));
  }
}

std::vector<core::HistoryEvent> RandomTransactions::history() {
  std::vector<core::HistoryEvent> events;
  for (auto count = number(0, 3); count > 0; --count) {
    auto made = event(word({protocol::EventType::started, protocol::EventType::attempt_failed, protocol::EventType::recovered}),
                      number(0, 1'000'000));
    if (chance(50)) made.branch = branch_id_of("b:1");
    if (chance(50))
      made.operation = word({protocol::OperationName::try_, protocol::OperationName::check, protocol::OperationName::compensate});
    if (chance(50)) made.attempt = number(1, 100);
    if (chance(50)) made.detail = text(30);
    if (chance(50)) made.actor = text(10);
    events.push_back(std::move(made));
  }
  return events;
}

}  // namespace escrow::testing
