#pragma once

#include <bit>
#include <cstdint>
#include <initializer_list>

#include "protocol/assert.hpp"

namespace escrow::sim {

/// Some branches of one transaction, by their numbers; -1 stands for the check, or for the initiator itself. One word, since histories and
/// oracles hold and ask them all the time.
class BranchSet {
 public:
  /// The largest number of a branch.
  static constexpr int largest = 62;

  BranchSet() = default;
  BranchSet(std::initializer_list<int> branches) {
    for (const int branch : branches) insert(branch);
  }

  void insert(int branch) { bits_ |= bit(branch); }
  void erase(int branch) { bits_ &= ~bit(branch); }
  [[nodiscard]] bool contains(int branch) const { return (bits_ & bit(branch)) != 0; }
  [[nodiscard]] bool empty() const { return bits_ == 0; }
  [[nodiscard]] int size() const { return std::popcount(bits_); }

  /// Calls `visit` with each, the smallest first.
  template <class Visit>
  void for_each(Visit visit) const {
    for (std::uint64_t rest = bits_; rest != 0; rest &= rest - 1) visit(std::countr_zero(rest) - 1);
  }

  bool operator==(const BranchSet&) const = default;

 private:
  [[nodiscard]] static std::uint64_t bit(int branch) {
    ESCROW_ASSERT(branch >= -1 && branch <= largest);
    return std::uint64_t{1} << static_cast<unsigned>(branch + 1);
  }

  std::uint64_t bits_ = 0;
};

}  // namespace escrow::sim
