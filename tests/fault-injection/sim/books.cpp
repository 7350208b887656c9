#include "tests/fault-injection/sim/books.hpp"

namespace escrow::sim {
namespace {

constexpr std::uint64_t books_purpose = 0xb00c;
constexpr std::int64_t plenty = 1'000'000;

Posting from_available_to_moved(int account, std::int64_t amount) { return {account, -amount, 0, amount}; }

}  // namespace

Posting posting_of(protocol::OperationName operation, const Movement& movement) {
  using protocol::OperationName;
  const int account = movement.account;
  const std::int64_t amount = movement.amount;
  switch (operation) {
    case OperationName::action: return from_available_to_moved(account, movement.arrives ? -amount : amount);
    case OperationName::compensate: return from_available_to_moved(account, movement.arrives ? amount : -amount);
    // What is to arrive needs no room kept for it.
    case OperationName::try_: return movement.arrives ? Posting{account, 0, 0, 0} : Posting{account, -amount, amount, 0};
    case OperationName::confirm: return movement.arrives ? from_available_to_moved(account, -amount) : Posting{account, 0, -amount, amount};
    case OperationName::cancel: return movement.arrives ? Posting{account, 0, 0, 0} : Posting{account, amount, -amount, 0};
    case OperationName::check: break;
  }
  return {};
}

Books::Books(std::uint64_t seed, int service, bool is_ordinary) {
  for (int account = 0; account < accounts; ++account) {
    Dice dice(seed, books_purpose, {.branch = account, .operation = service});
    const bool scarce = !is_ordinary && dice.chance(0.15);
    const std::int64_t amount = scarce ? dice.between(5, 25) : plenty;
    initial_.at(static_cast<std::size_t>(account)) = amount;
    balances_.at(static_cast<std::size_t>(account)).available = amount;
  }
}

bool Books::covers(const Posting& posting) const {
  return posting.account < 0 || posting.available >= 0 || balance(posting.account).available + posting.available >= 0;
}

void Books::post(const Posting& posting) {
  if (posting.account < 0) return;
  Balance& balance = balances_.at(static_cast<std::size_t>(posting.account));
  balance.available += posting.available;
  balance.reserved += posting.reserved;
}

}  // namespace escrow::sim
