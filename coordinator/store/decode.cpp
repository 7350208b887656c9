#include <algorithm>
#include <limits>
#include <string>
#include <tuple>
#include <utility>

#include "coordinator/store/checksum.hpp"
#include "coordinator/store/codec.hpp"
#include "coordinator/store/fields.hpp"
#include "protocol/planted_bug.hpp"
#include "protocol/words.hpp"

namespace escrow::store {
namespace {

using core::Operation;
using core::Transaction;
using protocol::JsonType;
using protocol::JsonValue;
using protocol::Role;

constexpr std::int64_t any_number = std::numeric_limits<std::int64_t>::max();

/// Durations enter the arithmetic of times: bounded so that it cannot overflow.
constexpr std::int64_t longest_ms = latest_time_ms;

template <class Word>
Word word_of(const std::string& text, std::string_view name, Fault& fault) {
  const auto word = protocol::from_string<Word>(text);
  if (!word) fault.raise(std::string(name).append(" is no word of the protocol"));
  return word.value_or(Word{});
}

std::optional<core::Time> time_of(Fields& fields, std::string_view name) {
  const auto ms = fields.time_ms(name);
  return ms ? std::optional(core::from_ms(*ms)) : std::nullopt;
}

core::Time time_of(std::int64_t ms, std::string_view name, Fault& fault) {
  if (ms < 0 || ms > latest_time_ms) {
    fault.raise(std::string(name).append(" is no time"));
    return {};
  }
  return core::from_ms(ms);
}

Operation operation_of(const JsonValue& value, std::string_view place, std::int64_t revision, Fault& fault) {
  Fields fields(value, place, fault);
  Operation operation;
  operation.state = word_of<protocol::OperationState>(fields.text("state"), "state", fault);
  operation.attempts = fields.number_or("attempts", 0, 0, any_number);
  operation.counted_attempts = fields.number_or("counted_attempts", 0, 0, any_number);
  operation.fruitless = fields.number_or("fruitless", 0, 0, any_number);
  operation.equal_failures = fields.number_or("equal_failures", 0, 0, any_number);
  operation.maybe_done = fields.flag("maybe_done");
  operation.resolved = fields.flag("resolved") && !ESCROW_PLANTED(log_forgets_who_resolved);
  operation.next_attempt_at = time_of(fields, "next_attempt_at_ms");
  operation.attention_at = time_of(fields, "attention_at_ms");
  operation.finished_at = time_of(fields, "finished_at_ms");
  operation.last_error = fields.optional_text("last_error");
  operation.output_revision = fields.number_or("output_revision", 0, 1, revision);
  if (const auto attention = fields.object("attention")) {
    Fields raised(attention, "attention", fault);
    const std::int64_t since_ms = raised.number("since_ms", 0, latest_time_ms);
    operation.attention = core::Attention{core::from_ms(since_ms), raised.text("reason")};
    raised.end();
  }
  fields.end();
  return operation;
}

protocol::RetryPolicy retry_of(Fields& fields, Fault& fault) {
  protocol::RetryPolicy retry;
  const auto value = fields.object("retry");
  if (!value) {
    fields.raise("retry", "is missing");
    return retry;
  }
  Fields members(value, "retry", fault);
  retry.initial_ms = members.number("initial_ms", 0, longest_ms);
  retry.max_ms = members.number("max_ms", 0, longest_ms);
  retry.multiplier = members.real("multiplier", 0, std::numeric_limits<double>::max());
  retry.jitter = members.real("jitter", 0, 1);
  retry.max_attempts = members.number("max_attempts", 0, any_number);
  members.end();
  return retry;
}

std::vector<protocol::HeaderField> headers_of(Fields& fields) {
  std::vector<protocol::HeaderField> headers;
  const auto value = fields.array("headers");
  if (!value) return headers;
  for (const JsonValue& element : value->elements()) {
    const auto pair = element.elements();
    if (pair.size() != 2 || !pair[0].is(JsonType::string) || !pair[1].is(JsonType::string)) {
      fields.raise("headers", "is not made of pairs");
      return headers;
    }
    headers.push_back({pair[0].string(), pair[1].string()});
  }
  return headers;
}

/// A text of the log's own; one that is not JSON has no root, which is a fault of `Fields`.
class Parsed {
 public:
  explicit Parsed(std::string_view text) : document_(protocol::JsonDocument::read(text)) {}
  [[nodiscard]] std::optional<JsonValue> root() const { return document_ ? std::optional(document_->root()) : std::nullopt; }

 private:
  Result<protocol::JsonDocument, protocol::JsonFault> document_;
};

/// The start request without its branches, and how many of them there are; the trace goes into `transaction`.
std::pair<protocol::StartRequest, std::int64_t> start_request_of(const std::string& text, Transaction& transaction, Fault& fault) {
  const Parsed parsed(text);
  Fields fields(parsed.root(), "request", fault);
  protocol::StartRequest request;
  if (auto gid = protocol::Gid::parse(fields.text("gid"))) {
    request.gid = std::move(*gid);
  } else {
    fields.raise("gid", "is no gid");
  }
  request.mode = word_of<protocol::Mode>(fields.text("mode"), "mode", fault);
  request.name = fields.optional_text("name");
  if (const auto attributes = fields.object("attributes")) {
    for (const auto& [name, attribute] : attributes->members()) {
      if (!attribute.is(JsonType::string)) {
        fields.raise("attributes", "holds something else than strings");
        break;
      }
      request.attributes.emplace(name, attribute.string());
    }
  }
  request.order = word_of<protocol::Order>(fields.text("order"), "order", fault);
  request.interactive = fields.flag("interactive");
  request.timeout_ms = fields.number("timeout_ms", 0, longest_ms);
  request.retry = retry_of(fields, fault);
  request.request_timeout_ms = fields.number("request_timeout_ms", 0, longest_ms);
  request.attention_after = fields.number("attention_after", 0, any_number);
  request.headers = headers_of(fields);
  request.check = fields.optional_text("check");
  request.check_after_ms = fields.number("check_after_ms", 0, longest_ms);
  const std::int64_t branches = fields.number("branches", 0, std::numeric_limits<std::uint32_t>::max());
  transaction.trace.traceparent = fields.optional_text("traceparent").value_or("");
  transaction.trace.tracestate = fields.optional_text("tracestate").value_or("");
  fields.end();
  return {std::move(request), branches};
}

/// A branch's request; its predecessors go into `branch`.
protocol::BranchRequest branch_request_of(const BranchRow& row, std::size_t branches, core::Branch& branch, Fault& fault) {
  const Parsed parsed(row.request);
  Fields fields(parsed.root(), "branch", fault);
  protocol::BranchRequest request;
  if (auto id = protocol::BranchId::parse(fields.text("id"))) {
    request.id = std::move(*id);
  } else {
    fields.raise("id", "is no branch id");
  }
  request.kind = word_of<protocol::Kind>(fields.text("kind"), "kind", fault);
  request.forward_url = fields.optional_text("forward").value_or("");
  request.confirm_url = fields.optional_text("confirm").value_or("");
  request.undo_url = fields.optional_text("undo").value_or("");
  request.payload = row.payload;
  if (const auto after = fields.array("after")) {
    request.has_after = true;
    for (const JsonValue& element : after->elements()) {
      auto id = element.is(JsonType::string) ? protocol::BranchId::parse(element.string()) : std::nullopt;
      if (!id) {
        fields.raise("after", "holds something else than branch ids");
        break;
      }
      request.after.push_back(std::move(*id));
    }
  }
  request.pivot = fields.flag("pivot");
  request.retry = retry_of(fields, fault);
  request.request_timeout_ms = fields.number("request_timeout_ms", 0, longest_ms);
  request.headers = headers_of(fields);
  if (const auto predecessors = fields.array("predecessors")) {
    for (const JsonValue& element : predecessors->elements()) {
      const auto index = element.integer();
      if (!index || *index < 0 || static_cast<std::uint64_t>(*index) >= branches) {
        fields.raise("predecessors", "names a branch that is not there");
        break;
      }
      branch.predecessors.push_back(static_cast<std::uint32_t>(*index));
    }
  }
  fields.end();
  return request;
}

/// Branches that wait for one another in a circle would never end, and `core` relies on there being none.
bool has_circle(const Transaction& transaction) {
  const auto& branches = transaction.branches;
  if (transaction.order != protocol::Order::graph) {
    for (std::size_t i = 0; i < branches.size(); ++i) {
      if (std::ranges::any_of(branches[i].predecessors, [i](std::uint32_t before) { return before >= i; })) return true;
    }
    return false;
  }
  std::vector<std::vector<std::size_t>> successors(branches.size());
  std::vector<std::size_t> open(branches.size());
  std::vector<std::size_t> free;
  for (std::size_t i = 0; i < branches.size(); ++i) {
    open[i] = branches[i].predecessors.size();
    for (const auto before : branches[i].predecessors) successors[before].push_back(i);
    if (open[i] == 0) free.push_back(i);
  }
  for (std::size_t next = 0; next < free.size(); ++next) {
    for (const auto after : successors[free[next]]) {
      if (--open[after] == 0) free.push_back(after);
    }
  }
  return free.size() != branches.size();
}

class Decoder {
 public:
  explicit Decoder(const StoredTransaction& stored) : stored_(stored), row_(stored.row) {}

  Result<Transaction> run() {
    decode_row();
    if (!fault_.is_raised()) decode_request();
    if (!fault_.is_raised()) decode_state();
    if (fault_.is_raised()) return Error{make_error_code(LogErrc::corrupt), fault_.what()};
    return std::move(transaction_);
  }

 private:
  void decode_row() {
    if (checksum_of(row_, row_.state) != row_.checksum) return fault_.raise("the checksum of the transaction's row differs");
    if (row_.revision < 1) return fault_.raise("the revision is not positive");
    transaction_.revision = row_.revision;
    transaction_.run = row_.run;
    transaction_.status = word_of<protocol::Status>(row_.status, "status", fault_);
    transaction_.started_at = time_of(row_.started_at_ms, "started_at_ms", fault_);
    transaction_.updated_at = time_of(row_.updated_at_ms, "updated_at_ms", fault_);
    if (row_.finished_at_ms) transaction_.finished_at = time_of(*row_.finished_at_ms, "finished_at_ms", fault_);
    if (transaction_.is_terminal() != transaction_.finished_at.has_value()) fault_.raise("status and finished_at_ms contradict each other");
  }

  void decode_request() {
    if (!stored_.request) return fault_.raise("the start request is missing");
    if (request_checksum(row_.gid, stored_.request->request) != stored_.request->checksum) {
      return fault_.raise("the checksum of the start request differs");
    }
    std::tie(request_, start_branches_) = start_request_of(stored_.request->request, transaction_, fault_);
    if (fault_.is_raised()) return;
    if (request_.gid.text() != row_.gid) fault_.raise("the start request belongs to another gid");
    if (to_string(request_.mode) != row_.mode || request_.name != row_.name) fault_.raise("row and start request contradict each other");
  }

  void decode_state() {
    const Parsed parsed(row_.state);
    Fields state(parsed.root(), "state", fault_);
    transaction_.order = word_of<protocol::Order>(state.text("order"), "order", fault_);
    transaction_.deadline_at = time_of(state, "deadline_at_ms");
    transaction_.pivot_reached = state.flag("pivot_reached");
    if (const auto reason = state.object("abort_reason")) transaction_.abort_reason = abort_reason_of(*reason);
    if (const auto check = state.object("check")) {
      transaction_.check = operation_of(*check, "check", row_.revision, fault_);
      if (!request_.check) fault_.raise("there is a check without its URL");
      find_output(*transaction_.check, 0, Role::check);
    }
    const auto branches = state.array("branches");
    if (!branches) return fault_.raise("the state has no branches");
    state.end();
    if (stored_.with_branches) {
      decode_branches(branches->elements());
    } else {
      transaction_.request = std::make_shared<const protocol::StartRequest>(std::move(request_));
    }
  }

  core::AbortReason abort_reason_of(const JsonValue& value) {
    Fields fields(value, "abort_reason", fault_);
    core::AbortReason reason;
    reason.code = word_of<protocol::AbortCode>(fields.text("code"), "abort_reason.code", fault_);
    if (const auto branch = fields.optional_text("branch")) {
      reason.branch = protocol::BranchId::parse(*branch);
      if (!reason.branch) fields.raise("branch", "is no branch id");
    }
    reason.detail = fields.text("detail");
    fields.end();
    return reason;
  }

  void decode_branches(const std::vector<JsonValue>& branches) {
    const std::size_t count = branches.size();
    if (static_cast<std::uint64_t>(start_branches_) > count) return fault_.raise("branches of the start are missing");
    std::vector<std::shared_ptr<const protocol::BranchRequest>> registered;
    transaction_.branches.resize(count);
    request_.branches.reserve(static_cast<std::size_t>(start_branches_));
    for (std::size_t i = 0; i < count && !fault_.is_raised(); ++i) {
      auto request = branch_request(i, count);
      if (fault_.is_raised()) return;
      decode_operations(branches[i], i, request.kind);
      if (request_.branches.size() < static_cast<std::size_t>(start_branches_)) {
        request_.branches.push_back(std::move(request));
      } else {
        registered.push_back(std::make_shared<const protocol::BranchRequest>(std::move(request)));
      }
    }
    if (fault_.is_raised()) return;
    if (has_circle(transaction_)) return fault_.raise("branches wait for one another in a circle");

    const auto request = std::make_shared<const protocol::StartRequest>(std::move(request_));
    transaction_.request = request;
    for (std::size_t i = 0; i < count; ++i) {
      // Branches of the start live in the start request: one copy, as `core` has it.
      transaction_.branches[i].request = i < request->branches.size()
                                             ? std::shared_ptr<const protocol::BranchRequest>(request, &request->branches[i])
                                             : std::move(registered[i - request->branches.size()]);
    }
  }

  protocol::BranchRequest branch_request(std::size_t index, std::size_t count) {
    // Rows come in the order of their index, without gaps.
    if (index >= stored_.branches.size() || stored_.branches[index].branch != static_cast<std::int64_t>(index)) {
      fault_.raise("a branch is missing");
      return {};
    }
    const BranchRow& found = stored_.branches[index];
    if (stored_.with_payloads && branch_checksum(row_.gid, found.branch, found.request, found.payload) != found.checksum) {
      fault_.raise("the checksum of a branch differs");
      return {};
    }
    return branch_request_of(found, count, transaction_.branches[index], fault_);
  }

  void decode_operations(const JsonValue& value, std::size_t index, protocol::Kind kind) {
    Fields fields(value, "state.branches", fault_);
    core::Branch& branch = transaction_.branches[index];
    branch.registered_revision = fields.number("registered_revision", 1, row_.revision);
    const auto decode = [&](std::string_view name, Role role, std::optional<Operation>& operation) {
      const auto object = fields.object(name);
      if (!object) return;
      operation = operation_of(*object, name, row_.revision, fault_);
      if (!protocol::operation_name(kind, role)) fault_.raise("a branch has an operation that its kind has not");
      find_output(*operation, static_cast<std::int64_t>(index), role);
    };
    decode("forward", Role::forward, branch.forward);
    decode("confirm", Role::confirm, branch.confirm);
    decode("undo", Role::undo, branch.undo);
    fields.end();
  }

  void find_output(Operation& operation, std::int64_t branch, Role role) {
    if (operation.output_revision == 0 || !stored_.with_branches || !stored_.with_payloads) return;
    const auto key = [](const OutputRow& output) { return std::tuple(output.branch, std::string_view(output.role), output.revision); };
    const std::tuple wanted(branch, to_string(role), operation.output_revision);
    const auto found = std::ranges::lower_bound(stored_.outputs, wanted, {}, key);
    if (found == stored_.outputs.end() || key(*found) != wanted) return fault_.raise("an output is missing");
    if (output_checksum(row_.gid, branch, found->role, found->revision, found->output) != found->checksum) {
      return fault_.raise("the checksum of an output differs");
    }
    operation.output = std::make_shared<const std::string>(found->output);
  }

  const StoredTransaction& stored_;
  const TransactionRow& row_;
  Fault fault_;
  Transaction transaction_;
  protocol::StartRequest request_;
  std::int64_t start_branches_ = 0;
};

}  // namespace

std::int64_t checksum_of(const TransactionRow& row, std::string_view state) {
  return Checksum()
      .add(std::string_view(row.gid))
      .add(row.revision)
      .add(row.run)
      .add(std::string_view(row.status))
      .add(std::string_view(row.mode))
      .add(row.name ? std::optional<std::string_view>(*row.name) : std::nullopt)
      .add(row.attention)
      .add(row.started_at_ms)
      .add(row.updated_at_ms)
      .add(row.finished_at_ms)
      .add(row.due_at_ms)
      .add(state)
      .value();
}

std::int64_t request_checksum(std::string_view gid, std::string_view request) {
  return Checksum().add(gid).add(std::string_view("request")).add(request).value();
}

std::int64_t branch_checksum(std::string_view gid, std::int64_t branch, std::string_view request,
                             const std::optional<std::string_view>& payload) {
  return Checksum().add(gid).add(branch).add(request).add(payload).value();
}

std::int64_t output_checksum(std::string_view gid, std::int64_t branch, std::string_view role, std::int64_t revision,
                             std::string_view output) {
  return Checksum().add(gid).add(branch).add(role).add(revision).add(output).value();
}

Result<Transaction> decode_transaction(const StoredTransaction& stored) { return Decoder(stored).run(); }

}  // namespace escrow::store
