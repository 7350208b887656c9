#include "tests/fault-injection/sim/participant.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>

#include "protocol/assert.hpp"
#include "tests/fault-injection/sim/identities.hpp"

namespace escrow::sim {
namespace {

using protocol::OperationName;

constexpr std::uint64_t stubborn_purpose = 0x57b0;
constexpr std::uint64_t reserved_purpose = 0x4e5e;

bool is_undo(OperationName operation) { return operation == OperationName::compensate || operation == OperationName::cancel; }
bool is_forward(OperationName operation) { return operation == OperationName::action || operation == OperationName::try_; }

// The words of the table, in their order there. Empty: only planted bugs leave a row without cause.
constexpr std::array<std::string_view, 9> words{"", "action", "cancel", "check", "commit", "compensate", "confirm", "message", "try"};

std::uint8_t place_of(std::string_view word) {
  const auto found = std::ranges::find(words, word);
  ESCROW_ASSERT(found != words.end());
  return static_cast<std::uint8_t>(found - words.begin());
}

/// Some ask everybody to come back later at first, also when nothing is broken.
bool is_reserved(std::uint64_t seed, Identity identity) {
  Dice dice(seed, reserved_purpose, {identity.transaction, identity.branch, identity.operation});
  return identity.attempt == 1 && dice.chance(0.04);
}

WireAnswer to_wire(const Outcome& outcome, std::uint64_t choice) {
  WireAnswer answer;
  switch (outcome.kind()) {
    case Outcome::Kind::succeeded:
      answer.status = choice % 5 == 0 ? 204 : 200;
      if (!outcome.output().empty()) answer.output = std::make_shared<const std::string>(outcome.output());
      break;
    case Outcome::Kind::refused: answer.status = 409; break;
    case Outcome::Kind::in_progress: answer.status = 202; break;
    case Outcome::Kind::busy: answer.status = 425; break;
    case Outcome::Kind::unavailable: answer.status = 503; break;
  }
  return answer;
}

}  // namespace

std::string url_of_service(int service, std::string_view path) { return "http://p" + std::to_string(service) + "/" + std::string(path); }
int service_of_url(std::string_view url) { return url.at(8) - '0'; }

bool is_stubborn(std::uint64_t seed, int transaction, int branch) {
  Dice dice(seed, stubborn_purpose, {.transaction = transaction, .branch = branch});
  return dice.chance(0.02);
}

/// The barrier table as one open local transaction sees it: rows inserted here are kept by `commit`, or forgotten.
class Participant::LocalTransaction final : public barrier::BarrierRows {
 public:
  explicit LocalTransaction(Participant& owner) : owner_(owner) { owner.staged_.clear(); }

  Result<bool> insert(const barrier::RowKey& key, const barrier::Row& row) override {
    const Bug bug = owner_.context_.bug;
    if (bug == Bug::no_null_compensation_mark && row.outcome == barrier::RowOutcome::none && row.cause != "check" && !lookup(key))
      return true;
    const bool second = key.operation == "confirm" || key.operation == "cancel" || key.operation == "compensate";
    const auto* found = lookup(key);
    if (bug == Bug::second_phase_twice && second && found != nullptr) return true;
    if (bug == Bug::forward_after_undo && found != nullptr && !second && row.cause == key.operation && found->cause != row.cause)
      found = nullptr;
    if (found != nullptr) return false;
    slot_of(key) = row;
    return true;
  }
  Result<std::optional<barrier::Row>> find(const barrier::RowKey& key) override {
    const auto* row = lookup(key);
    if (owner_.context_.bug == Bug::confirms_untried && row == nullptr && key.operation == "try")
      return std::optional(barrier::Row{"try", barrier::RowOutcome::done, {}});
    return row == nullptr ? std::nullopt : std::optional(*row);
  }
  Result<void> update(const barrier::RowKey& key, barrier::RowOutcome outcome, std::string_view output) override {
    auto& row = slot_of(key);
    row.outcome = outcome;
    row.output = std::string(output);
    return {};
  }
  Result<void> open_savepoint() override {
    ESCROW_ASSERT(!has_effect);
    return {};
  }
  Result<void> release_savepoint() override { return {}; }
  Result<void> return_to_savepoint() override {
    has_effect = false;
    return {};
  }

  void commit() {
    for (StoredRow& staged : owner_.staged_) {
      const auto kept = std::ranges::find_if(owner_.rows_, [&](const StoredRow& row) { return row.has_key_of(staged); });
      if (kept == owner_.rows_.end()) {
        owner_.rows_.push_back(std::move(staged));
      } else {
        kept->row = std::move(staged.row);
      }
    }
    if (has_effect) owner_.books_.post(posting);
  }

  /// Whether the business change is part of this transaction, and what it does to the books.
  bool has_effect = false;
  Posting posting;

 private:
  static StoredRow key_of(const barrier::RowKey& key) {
    return {ordinal_of(key.gid), key.branch.empty() ? -1 : ordinal_of(key.branch), place_of(key.operation), {}};
  }
  static barrier::Row* find_in(std::vector<StoredRow>& rows, const StoredRow& key) {
    const auto found = std::ranges::find_if(rows, [&](const StoredRow& row) { return row.has_key_of(key); });
    return found == rows.end() ? nullptr : &found->row;
  }
  [[nodiscard]] const barrier::Row* lookup(const barrier::RowKey& key) const {
    const StoredRow wanted = key_of(key);
    const auto* staged = find_in(owner_.staged_, wanted);
    return staged != nullptr ? staged : find_in(owner_.rows_, wanted);
  }
  [[nodiscard]] barrier::Row& slot_of(const barrier::RowKey& key) {
    StoredRow wanted = key_of(key);
    if (auto* staged = find_in(owner_.staged_, wanted)) return *staged;
    return owner_.staged_.emplace_back(std::move(wanted)).row;
  }

  Participant& owner_;
};

void Participant::crash() {
  running_.clear();
  open_messages_.clear();
  ++life_;
}

void Participant::journal(const WireRequest& request, Committed::What what, const Posting& posting) {
  Committed committed;
  committed.service = service_;
  committed.transaction = request.transaction;
  committed.branch = request.branch;
  committed.operation = request.operation;
  committed.what = what;
  committed.posting = posting;
  context_.record(context_.history.committed, std::move(committed));
}

Outcome Participant::do_business(const WireRequest& request, LocalTransaction& local) {
  Identity identity = request.identity();
  if (context_.faults.fires(Point::participant_failed, identity)) return Outcome::unavailable("the business threw");
  identity.attempt = 0;
  const bool refused = request.phase == protocol::Phase::forward ? context_.faults.fires(Point::refused_forward, identity)
                                                                 : context_.faults.fires(Point::refused_final, identity);
  local.posting = posting_of(request.operation, context_.movement(identity.transaction, identity.branch));
  if (!books_.covers(local.posting)) return Outcome::refused("not enough is left");
  // It may say no when its change is half done: what is left of that is the barrier's business.
  local.has_effect = true;
  if (refused || (is_undo(request.operation) && is_stubborn(context_.seed, identity.transaction, identity.branch)))
    return Outcome::refused("the business says no");
  return Outcome::succeeded(identity.branch % 2 == 0 ? "{\"done\":true}" : "");
}

std::optional<WireAnswer> Participant::run_check(const WireRequest& request) {
  if (std::ranges::find(open_messages_, request.transaction) != open_messages_.end()) return WireAnswer{425, std::nullopt, false, nullptr};
  LocalTransaction local(*this);
  const auto verdict = barrier::answer_check(local, gid_of(request.transaction).text());
  if (verdict.commit) {
    local.commit();
    journal(request, Committed::What::barred);
  }
  return to_wire(verdict.answer, 1);
}

void Participant::notice_repeat(const WireRequest& request, LocalTransaction& local) {
  const std::string_view operation = protocol::to_string(request.operation);
  const auto row = local.find({gid_of(request.transaction).text(), branch_text(request.branch), operation});
  if (!row || !*row) return;
  auto& noticed = context_.history.noticed;
  ++((*row)->cause == operation ? noticed.replayed : noticed.barred);
}

std::optional<WireAnswer> Participant::run_locally(const WireRequest& request) {
  const Identity identity = request.identity();
  if (context_.faults.fires(Point::participant_crash_before, identity)) {
    crash();
    return std::nullopt;
  }
  std::optional<WireAnswer> answer;
  if (request.operation == OperationName::check) {
    answer = run_check(request);
  } else {
    LocalTransaction local(*this);
    const barrier::Call call{gid_of(request.transaction).text(), branch_text(request.branch), request.operation, request.phase};
    bool asked = false;
    const auto verdict = barrier::apply(local, call, [&](const std::string&) {
      asked = true;
      return do_business(request, local);
    });
    if (!verdict.commit && !asked) notice_repeat(request, local);
    if (verdict.commit) {
      local.commit();
      const auto without = verdict.answer.kind() == Outcome::Kind::refused ? Committed::What::refused : Committed::What::mark;
      journal(request, local.has_effect ? Committed::What::effect : without, local.has_effect ? local.posting : Posting{});
    }
    answer = to_wire(verdict.answer, context_.faults.draw(Point::choice, identity));
    // 422 says the same as 409.
    if (answer->status == 409 && context_.faults.draw(Point::choice, identity) % 3 == 0) answer->status = 422;
  }
  if (context_.faults.fires(Point::participant_crash_after, identity)) {
    crash();
    return std::nullopt;
  }
  return answer;
}

std::vector<Participant::Running>::iterator Participant::find_running(const WireRequest& request) {
  return std::ranges::find_if(running_,
                              [&](const Running& one) { return one.transaction == request.transaction && one.branch == request.branch; });
}

void Participant::execute(const WireRequest& request, Reply reply) {
  const Identity identity = request.identity();
  const Duration soon = context_.pick(Point::choice, identity, 20, 400);
  if (find_running(request) != running_.end()) {
    reply({is_forward(request.operation) ? 202U : 425U, soon, false, nullptr});
    return;
  }
  if (is_forward(request.operation) && context_.faults.fires(Point::participant_in_progress, identity)) {
    const std::uint64_t work = ++last_work_;
    running_.push_back({request.transaction, request.branch, work});
    context_.after(context_.pick(Point::choice, identity, 10, 500), identity, [this, request, work] {
      const auto found = find_running(request);
      if (found == running_.end() || found->work != work) return;
      running_.erase(found);
      (void)run_locally(request);
    });
    reply({202, soon, false, nullptr});
    return;
  }
  const auto answer = run_locally(request);
  reply(answer.value_or(WireAnswer{}));
}

void Participant::receive(const WireRequest& request, Reply reply) {
  const Identity identity = request.identity();
  const bool too_many = context_.faults.fires(Point::participant_too_many, identity);
  const bool reserved = !context_.is_ordinary && is_reserved(context_.seed, identity);
  if (reserved || too_many || context_.faults.fires(Point::participant_overloaded, identity)) {
    reply({too_many ? 429U : 503U, context_.pick(Point::choice, identity, 50, 1500), false, nullptr});
    return;
  }
  if (context_.faults.fires(Point::participant_busy, identity)) {
    reply({425, std::nullopt, false, nullptr});
    return;
  }
  context_.after(context_.pick(Point::latency, identity, 0, 4), identity, [this, request, reply, life = life_] {
    // The process that took the request in has died.
    if (life != life_) return reply({});
    execute(request, reply);
  });
}

void Participant::commit_locally(int transaction, Once<std::optional<bool>> done) {
  const Identity identity{.transaction = transaction, .operation = of_local_transaction};
  open_messages_.push_back(transaction);
  context_.after(
      context_.pick(Point::latency, identity, 0, 30), identity, [this, identity, life = life_, done = std::move(done)]() mutable {
        if (life != life_) return done(std::nullopt);
        std::erase(open_messages_, identity.transaction);
        if (context_.faults.fires(Point::participant_crash_before, identity)) {
          crash();
          return done(std::nullopt);
        }
        LocalTransaction local(*this);
        const bool business_says_no = context_.faults.fires(Point::refused_forward, identity);
        local.posting = posting_of(OperationName::action, context_.movement(identity.transaction, -1));
        local.has_effect = !business_says_no && books_.covers(local.posting);
        const bool recorded = local.has_effect && barrier::record_message(local, gid_of(identity.transaction).text()).has_value();
        if (recorded) {
          local.commit();
          WireRequest message;
          message.transaction = identity.transaction;
          message.operation = OperationName::check;
          journal(message, Committed::What::message, local.posting);
        }
        if (context_.faults.fires(Point::participant_crash_after, identity)) {
          crash();
          return done(std::nullopt);
        }
        done(recorded);
      });
}

void Participant::describe_rows(std::vector<BarrierRow>& rows) const {
  std::vector<const StoredRow*> sorted;
  for (const StoredRow& stored : rows_) sorted.push_back(&stored);
  std::ranges::sort(sorted, {}, [](const StoredRow* stored) { return std::tuple(stored->transaction, stored->branch, stored->operation); });
  for (const StoredRow* stored : sorted) {
    rows.push_back({service_, stored->transaction, stored->branch, words[stored->operation], words[place_of(stored->row.cause)],
                    to_string(stored->row.outcome)});
  }
}

void Participant::describe_accounts(std::vector<Account>& found) const {
  for (int account = 0; account < accounts; ++account)
    found.push_back({service_, account, books_.initial(account), books_.balance(account)});
}

}  // namespace escrow::sim
