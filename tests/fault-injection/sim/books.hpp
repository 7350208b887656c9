#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "protocol/words.hpp"
#include "tests/fault-injection/sim/random.hpp"

/// The business of a simulated service: money or goods on a few accounts, which every operation moves. Nothing comes from nowhere and
/// nothing goes there, so that an oracle can add it all up.
namespace escrow::sim {

inline constexpr int accounts = 2;

/// What one branch is about: this much, from or to this account of its service.
struct Movement {
  int account = 0;
  std::int64_t amount = 0;
  /// It arrives here, from outside; otherwise it leaves.
  bool arrives = false;
};

/// What one operation did to an account, by where the amount is: free to be used, set aside by a try, or gone outside. The three of one
/// posting always add up to nothing.
struct Posting {
  int account = -1;
  std::int64_t available = 0;
  std::int64_t reserved = 0;
  std::int64_t moved = 0;
};

/// An account as it stands.
struct Balance {
  std::int64_t available = 0;
  std::int64_t reserved = 0;
};

/// What the operation does to the account that its movement names.
[[nodiscard]] Posting posting_of(protocol::OperationName operation, const Movement& movement);

class Books {
 public:
  /// Most services have enough for everybody; some do not, and there transactions get into each other's way.
  Books(std::uint64_t seed, int service, bool is_ordinary);

  /// Whether the account has what the posting takes. Only a forward operation takes from what is available.
  [[nodiscard]] bool covers(const Posting& posting) const;
  void post(const Posting& posting);
  [[nodiscard]] std::int64_t initial(int account) const { return initial_.at(static_cast<std::size_t>(account)); }
  [[nodiscard]] const Balance& balance(int account) const { return balances_.at(static_cast<std::size_t>(account)); }

 private:
  std::array<std::int64_t, accounts> initial_{};
  std::array<Balance, accounts> balances_{};
};

}  // namespace escrow::sim
