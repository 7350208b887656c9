#pragma once

#include <functional>
#include <initializer_list>
#include <string_view>

#include "tests/fault-injection/oracles/oracles.hpp"
#include "tests/unit/core/draft.hpp"

/// Histories written by hand: one transaction, "t0", with branches "b0", "b1" ...; one that breaks an invariant, and its nearest neighbour
/// that does not. Every call is the next thing that happens.
namespace escrow::oracles {

using core::Outcome;
using sim::Ask;
using Class = Outcome::Class;
using What = sim::Committed::What;

class Forged {
 public:
  explicit Forged(const tests::Draft& draft);

  /// Lets time pass.
  Forged& wait(std::int64_t ms);

  // The log: the value as `edit` leaves it becomes durable; a revision more each time.
  using Edit = std::function<void(core::Transaction&)>;
  Forged& write(const Edit& edit = {}, std::int64_t run = 1);
  /// It ends, with every operation that is still open settled so.
  Forged& end(Status status, OperationState rest = OperationState::succeeded);

  // The wire.
  Forged& call(int branch, OperationName operation, protocol::Phase phase = protocol::Phase::forward, std::int64_t attempt = 1,
               std::int64_t run = 1);
  /// The last call has ended.
  Forged& ended(Class outcome, unsigned status = 200, std::optional<core::Duration> retry_after = std::nullopt);

  // The participants, all of them in service 0.
  Forged& effect(int branch, OperationName operation, sim::Posting posting = {});
  Forged& journal(int branch, OperationName operation, What what);
  Forged& row(int branch, std::string_view operation, std::string_view cause, std::string_view outcome);

  // The clients. The answer is to the question with this number, 1 for the first one.
  Forged& ask(Ask what, std::initializer_list<int> branches = {});
  Forged& tell(std::uint64_t question = 0);
  Forged& refuse(protocol::ProblemCode problem, std::uint64_t question = 0);

  Forged& life(sim::Life::What what, std::int64_t run = 1);
  Forged& calm();
  Forged& quiet();

  /// How many violations the oracle with this id finds.
  [[nodiscard]] std::size_t found_by(std::string_view oracle);

  sim::History history;
  /// What was written last, for those who answer with something else.
  core::Transaction value;
  /// Of what is written next.
  bool created = false;

 private:
  template <class Record>
  void add(std::vector<Record>& records, Record record);

  core::Time now_{core::Duration(1'000'000)};
};

/// Postings of ten.
inline constexpr sim::Posting taken{0, -10, 0, 10};
inline constexpr sim::Posting set_aside{0, -10, 10, 0};

[[nodiscard]] Forged::Edit status(Status status);
/// The status, as an abort by the initiator.
[[nodiscard]] Forged::Edit aborting_by(protocol::AbortCode code = protocol::AbortCode::initiator);

}  // namespace escrow::oracles
