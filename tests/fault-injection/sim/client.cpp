#include "tests/fault-injection/sim/client.hpp"

#include <utility>

#include "coordinator/core/event.hpp"

namespace escrow::sim {
namespace {

// Steps of the programs, for keyed draws.
enum Step : int { arriving, starting, starting_again, other_content, racing, looking };

}  // namespace

void Client::begin() {
  Context& context = around_.context;
  context.after(pause(arriving, 0, 1500), identity(arriving), [this] {
    engine::node::Start start;
    start.request = shape_.request;
    const Duration wait = happens(starting, 0.3) ? pause(starting, 1, 500) : Duration(0);
    asker_.ask(Ask::start, start, wait, [this](const engine::node::Answer* answer) {
      if (answer == nullptr || answer->problem || dies(starting)) return;
      started();
    });
    if (happens(starting_again, 0.15)) start_again();
    if (happens(other_content, 0.1)) start_with_other_content();
    race();
  });
}

void Client::start_again() {
  around_.context.after(pause(starting_again, 0, 800), identity(starting_again), [this] {
    engine::node::Start start;
    start.request = shape_.request;
    asker_.ask(Ask::start, start, Duration(0), nullptr);
  });
}

void another_url(protocol::BranchRequest& branch) {
  for (std::string* url : {&branch.undo_url, &branch.confirm_url, &branch.forward_url}) {
    if (url->empty()) continue;
    *url += "?";
    return;
  }
}

/// Another request with the same gid: one member differs, any that is compared.
std::shared_ptr<const protocol::StartRequest> Client::other_content_than(const protocol::StartRequest& ours) {
  auto other = std::make_shared<protocol::StartRequest>(ours);
  const auto member = pause(other_content, 0, other->branches.empty() ? 6 : 9).count();
  switch (member) {
    case 0: other->timeout_ms += 1; break;
    case 1: other->name = other->name.value_or("") + "?"; break;
    case 2: other->attributes["other"] = "content"; break;
    case 3: other->attention_after += 1; break;
    case 4: other->request_timeout_ms += 1; break;
    case 5: other->retry.max_ms += 1; break;
    case 6: other->check_after_ms += 1; break;
    case 7: other->branches.back().payload = "\"other\""; break;
    case 8: another_url(other->branches.front()); break;
    default: other->branches.pop_back(); break;
  }
  return other;
}

/// Somebody else uses the same gid: it must never be taken for ours, whoever comes first.
void Client::start_with_other_content() {
  around_.context.after(pause(other_content, 200, 1800), identity(other_content), [this] {
    // Only once ours is there: otherwise theirs would be the transaction, and this program is not about it.
    asker_.ask(Ask::look, engine::node::Look{}, Duration(0), [this](const engine::node::Answer* answer) {
      if (answer == nullptr || answer->problem) return;
      engine::node::Start start;
      start.request = other_content_than(*shape_.request);
      asker_.ask(Ask::start, start, Duration(0), nullptr);
    });
  });
}

void Client::race() {
  Context& context = around_.context;
  // With a check only the initiator itself may abort, and only before its local transaction commits: whoever else does answers for it.
  if (!shape_.request->check && happens(racing, 0.1)) context.after(pause(racing, 0, 1500), identity(racing), [this] { abort(); });
  if (happens(racing, 0.08)) {
    context.after(pause(racing, 0, 2000), identity(racing),
                  [this] { asker_.ask(Ask::retry, core::RetriedNow{"racer"}, Duration(0), nullptr); });
  }
  if (happens(looking, 0.4)) context.after(pause(looking, 0, 1000), identity(looking), [this] { look(3); });
}

void Client::look(int times) {
  if (times == 0) return;
  const Duration wait = happens(looking, 0.5) ? pause(looking, 1, 800) : Duration(0);
  asker_.ask(Ask::look, engine::node::Look{}, wait, [this, times](const engine::node::Answer* answer) {
    if (answer == nullptr || answer->problem || answer->transaction->is_terminal()) return;
    around_.context.after(pause(looking, 10, 600), identity(looking), [this, times] { look(times - 1); });
  });
}

void Client::commit() { asker_.ask(Ask::commit, core::CommitRequested{}, happens(looking, 0.3) ? Duration(200) : Duration(0), nullptr); }
void Client::abort() { asker_.ask(Ask::abort, core::AbortRequested{}, Duration(0), nullptr); }

}  // namespace escrow::sim
