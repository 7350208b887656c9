#include "tests/fault-injection/sim/world.hpp"

#include <algorithm>
#include <utility>

#include "coordinator/core/turn.hpp"

namespace escrow::sim {
namespace {

using protocol::OperationState;
using protocol::Role;

constexpr std::uint64_t world_purpose = 0x3047;
constexpr Duration longest_calm{120'000};
// A run that takes more steps than this is going round in circles.
constexpr std::uint64_t most_steps = 400'000;

std::vector<std::unique_ptr<Participant>> make_participants(Context& context) {
  std::vector<std::unique_ptr<Participant>> participants;
  for (int service = 0; service < services; ++service) participants.push_back(std::make_unique<Participant>(context, service));
  return participants;
}

/// What only an operator can end, or may end by hand.
std::optional<core::OperationRef> in_attention(const core::Transaction& transaction) {
  if (transaction.check && transaction.check->attention) return core::OperationRef{0, Role::check};
  for (std::uint32_t i = 0; i < transaction.branches.size(); ++i) {
    for (const Role role : protocol::all_roles) {
      const auto* operation = transaction.branches[i].operation(role);
      if (operation != nullptr && operation->attention) return core::OperationRef{i, role};
    }
  }
  return std::nullopt;
}

}  // namespace

World::World(RunOptions options)
    : context_(options.seed, options.bug),
      store_(context_),
      participants_(make_participants(context_)),
      network_(context_, participants_),
      coordinator_(context_, store_, network_),
      around_{context_, coordinator_, network_, participants_} {
  Dice dice(options.seed, world_purpose, {});
  const int transactions = 2 + dice.below(3);
  for (int i = 0; i < transactions; ++i) {
    shapes_.push_back(make_shape(options.seed, i));
    declare(shapes_.back());
    clients_.push_back(make_client(around_, shapes_.back()));
    operators_.push_back(std::make_unique<Asker>(around_, i));
  }
}

World::~World() = default;

void World::declare(const Shape& shape) {
  auto& declared = context_.history.declared;
  declared.push_back({shape.transaction, -1, shape.home, shape.own_movement});
  for (std::size_t i = 0; i < shape.movements.size(); ++i) {
    const protocol::BranchRequest& branch = shape.request->interactive ? *shape.branches[i] : shape.request->branches[i];
    declared.push_back({shape.transaction, static_cast<int>(i), service_of(branch, shape.home), shape.movements[i]});
  }
}

void World::run_until(Time time) {
  while (context_.queue.next() && *context_.queue.next() <= time && context_.history.end.steps < most_steps) {
    ++context_.history.end.steps;
    context_.queue.step();
  }
}

bool World::is_quiet() const {
  return context_.work == 0 && !store_.has_unfinished() && coordinator_.open_calls() == 0 && coordinator_.is_up();
}

void World::resolve(const core::Transaction& transaction, core::OperationRef ref, bool succeeded) {
  const int index = ordinal_of(transaction.gid().text());
  engine::node::Resolve body;
  if (ref.role != Role::check) body.branch = transaction.branches[ref.branch].request->id;
  body.operation = core::name_of(transaction, ref);
  body.succeeded = succeeded;
  body.reason = "settled by hand";
  body.actor = "operator";
  const int branch = ref.role == Role::check ? -1 : static_cast<int>(ref.branch);
  operators_[static_cast<std::size_t>(index)]->ask(Ask::resolve, body, Duration(0), nullptr, {branch}, body.operation);
}

/// Operators look at what stands in attention: they retry it, and what does not get done they settle by hand.
void World::patrol() {
  for (const auto& transaction : store_.all()) {
    if (transaction->is_terminal() || !core::has_attention(*transaction)) continue;
    const auto since = in_attention(*transaction);
    const auto* operation = since ? core::find_operation(*transaction, *since) : nullptr;
    if (operation == nullptr || !operation->attention) continue;
    const bool stands = operation->state == OperationState::failed;
    if (stands || operation->attention->since + Duration(4'000) < context_.now()) {
      resolve(*transaction, *since, true);
    } else {
      operators_[static_cast<std::size_t>(ordinal_of(transaction->gid().text()))]->ask(Ask::retry, core::RetriedNow{"operator"},
                                                                                       Duration(0), nullptr);
    }
  }
}

void World::run() {
  Dice dice(context_.seed, world_purpose, {.operation = 1});
  const Time begin = context_.now();
  coordinator_.start();
  for (auto& client : clients_) client->begin();
  const Time storm_ends = begin + Duration(dice.between(1'000, 4'000));
  if (dice.chance(0.15)) {
    run_until(begin + Duration(dice.between(500, 3'000)));
    for (const auto& transaction : store_.all()) {
      const auto owed = core::turns(*transaction);
      // An operator's word in the middle of everything, also for what it has no power over.
      if (!owed.empty()) resolve(*transaction, owed[static_cast<std::size_t>(dice.below(static_cast<int>(owed.size())))], dice.chance(0.7));
    }
  }
  run_until(storm_ends);

  context_.faults.calm_down();
  coordinator_.calm_down();
  context_.record(context_.history.life, Life{{}, Life::What::calm, 0, -1});
  End& end = context_.history.end;
  while (!is_quiet() && context_.now() < storm_ends + longest_calm && end.steps < most_steps) {
    const Time round_ends = context_.now() + Duration(500);
    run_until(round_ends);
    // The queue may be empty: time passes all the same.
    context_.queue.after(std::max(Duration(0), round_ends - context_.now()), {}, [] {});
    run_until(round_ends);
    patrol();
  }
  end.in_time = is_quiet();
  context_.record(context_.history.life, Life{{}, Life::What::quiet, 0, -1});
  // Long enough for what only waits to leave memory: it looks up out of step with the pages of due transactions.
  const auto settings = odd_settings(context_.seed);
  run_until(context_.now() + settings.keep_idle + settings.lookahead * 4);
  end.resident = coordinator_.resident();
  end.open_calls = coordinator_.open_calls();
  context_.history.log = store_.all();
  for (const auto& participant : participants_) participant->describe_rows(context_.history.rows);
  for (const auto& participant : participants_) participant->describe_accounts(context_.history.accounts);
}

}  // namespace escrow::sim
