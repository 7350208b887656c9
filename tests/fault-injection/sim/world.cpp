#include "tests/fault-injection/sim/world.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "coordinator/core/turn.hpp"
#include "tests/fault-injection/sim/identities.hpp"

namespace escrow::sim {
namespace {

using protocol::OperationState;
using protocol::Role;

constexpr std::uint64_t world_purpose = 0x3047;
constexpr Duration longest_calm{120'000};
constexpr Duration ordinary_storm{4'000};
// A run that takes more steps than this is going round in circles.
constexpr std::uint64_t most_steps = 400'000;

Context make_context(const RunOptions& options) {
  Context context(options.seed, options.bug, options.script != nullptr ? Faults(options.seed, *options.script) : Faults(options.seed));
  context.is_ordinary = options.is_ordinary;
  context.has_real_rows = options.has_real_rows;
  if (options.keeps_occasions) context.faults.keep_occasions();
  return context;
}

std::vector<std::unique_ptr<Participant>> make_participants(Context& context) {
  std::vector<std::unique_ptr<Participant>> participants;
  for (int service = 0; service < services; ++service) participants.push_back(std::make_unique<Participant>(context, service));
  return participants;
}

}  // namespace

World::World(RunOptions options)
    : context_(make_context(options)),
      store_(context_, options.log_home),
      participants_(make_participants(context_)),
      network_(context_, participants_),
      coordinator_(context_, store_, network_),
      around_{context_, coordinator_, network_, participants_} {
  if (options.shapes != nullptr) {
    for (const Shape& shape : *options.shapes) add(shape);
    return;
  }
  Dice dice(options.seed, world_purpose, {});
  const int transactions = 2 + dice.below(3);
  for (int i = 0; i < transactions; ++i) {
    if ((options.taking_part >> i & 1U) != 0) add(make_shape(options.seed, i, options.most_branches));
  }
}

void World::add(Shape shape) {
  declare(shape);
  shapes_.push_back(shape);
  while (operators_.size() <= static_cast<std::size_t>(shape.transaction))
    operators_.push_back(std::make_unique<Asker>(around_, static_cast<int>(operators_.size())));
  clients_.push_back(make_client(around_, std::move(shape)));
}

World::~World() = default;

void World::declare(const Shape& shape) {
  auto& declared = context_.history.declared;
  declared.push_back({shape.transaction, -1, shape.home, shape.own_movement});
  const std::string gid = shape.request->gid.text();
  if (shape.request->check)
    declared.back().fingerprints[static_cast<std::size_t>(protocol::OperationName::check)] =
        fingerprint_of(*shape.request->check, gid + "/check", "");
  for (std::size_t i = 0; i < shape.movements.size(); ++i) {
    const protocol::BranchRequest& branch = shape.request->interactive ? *shape.branches[i] : shape.request->branches[i];
    declared.push_back({shape.transaction, static_cast<int>(i), service_of(branch, shape.home), shape.movements[i]});
    for (const Role role : {Role::forward, Role::confirm, Role::undo}) {
      const auto operation = protocol::operation_name(branch.kind, role);
      if (!operation) continue;
      const auto name = std::string(protocol::to_string(*operation));
      std::string url = branch.url(role);
      // The initiator itself calls it.
      if (url.empty() && role == Role::forward) url = url_of_service(declared.back().service, name);
      if (url.empty()) continue;
      declared.back().fingerprints[static_cast<std::size_t>(*operation)] =
          fingerprint_of(url, gid + "/" + branch.id.text() + "/" + name, branch.payload.value_or(""));
    }
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

/// What the coordinator cannot end: a pivot that stands refused, undos that their participant refuses for good, and what has to happen
/// behind the pivot while nothing is left on the account. The coordinator has its time first: nobody may do its work, or a coordinator
/// that stops doing it would not be missed.
bool World::is_left_to_people(const core::Transaction& transaction, core::OperationRef ref, const core::Operation& operation) const {
  if (operation.state == OperationState::failed) return true;
  const int index = ordinal_of(transaction.gid().text());
  const int branch = static_cast<int>(ref.branch);
  const auto declared = std::ranges::find_if(context_.history.declared,
                                             [&](const Declared& one) { return one.transaction == index && one.branch == branch; });
  const auto& participant = *participants_.at(static_cast<std::size_t>(declared->service));
  // A confirm of what an operator said was tried, and was not.
  const auto& forward = transaction.branches[ref.branch].forward;
  const bool is_refused = (ref.role == Role::confirm && forward && forward->resolved) ||
                          (ref.role == Role::undo && is_stubborn(context_.seed, index, branch)) ||
                          (ref.role != Role::undo && !participant.covers(core::name_of(transaction, ref), index, branch));
  constexpr Duration slack{4'000};
  const Duration turn(core::retry_of(transaction, ref).max_ms + core::request_timeout_ms_of(transaction, ref));
  return is_refused && operation.attention->since + turn + slack < coordinator_.clock();
}

void World::patrol() {
  for (const auto& transaction : store_.all()) {
    const int index = ordinal_of(transaction->gid().text());
    if (transaction->is_terminal()) continue;
    // What cannot be read cannot be ended by anybody.
    if (std::ranges::find(context_.history.damaged, index) != context_.history.damaged.end()) continue;
    for (std::uint32_t i = 0; i < transaction->branches.size(); ++i) {
      for (const Role role : {Role::forward, Role::confirm, Role::undo}) {
        const core::OperationRef ref{i, role};
        const auto* operation = core::find_operation(*transaction, ref);
        if (operation != nullptr && operation->attention && is_left_to_people(*transaction, ref, *operation))
          resolve(*transaction, ref, true);
      }
    }
  }
}

/// An operator's word in the middle of everything, also for what it has no power over.
void World::operators_interfere(Dice& dice) {
  run_until(context_.now() + Duration(dice.between(500, 3'000)));
  for (const auto& transaction : store_.all()) {
    const auto owed = core::turns(*transaction);
    if (owed.empty()) continue;
    // One draw after the other: in which order arguments are evaluated is the compiler's choice.
    const bool succeeded = dice.chance(0.7);
    resolve(*transaction, owed[static_cast<std::size_t>(dice.below(static_cast<int>(owed.size())))], succeeded);
  }
}

void World::run() {
  Dice dice(context_.seed, world_purpose, {.operation = 1});
  const Time begin = context_.now();
  coordinator_.start();
  for (auto& client : clients_) client->begin();
  const Time storm_ends = begin + (context_.is_ordinary ? ordinary_storm : Duration(dice.between(1'000, 4'000)));
  if (context_.faults.chooses(Point::operator_word, {.operation = of_process}, 0.15)) operators_interfere(dice);
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
  end.in_time = is_quiet() && end.steps < most_steps;
  context_.record(context_.history.life, Life{{}, Life::What::quiet, 0, -1});
  // Long enough for what only waits to leave memory: it looks up out of step with the pages of due transactions.
  const auto settings = settings_for(context_);
  const std::uint64_t steps_before = end.node_steps;
  end.idle = settings.keep_idle + settings.lookahead * 4;
  run_until(context_.now() + end.idle);
  end.idle_steps = end.node_steps - steps_before;
  end.unfinished_limit = settings.unfinished_transactions;
  end.unfinished = store_.unfinished();
  end.counted_unfinished = coordinator_.unfinished().value_or(end.unfinished);
  end.resident = coordinator_.resident();
  end.open_calls = coordinator_.open_calls();
  context_.history.log = store_.all();
  for (const auto& participant : participants_) participant->describe_rows(context_.history.rows);
  for (const auto& participant : participants_) participant->describe_accounts(context_.history.accounts);
}

}  // namespace escrow::sim
