#include "tests/fault-injection/sim/names.hpp"

#include <charconv>
#include <string>
#include <vector>

#include "protocol/assert.hpp"

namespace escrow::sim {
namespace {

template <class Name>
const Name& name_of(char letter, int number) {
  static const std::vector<Name> names = [letter] {
    std::vector<Name> made;
    for (int i = 0; i < most_names; ++i) made.push_back(*Name::parse(letter + std::to_string(i)));
    return made;
  }();
  ESCROW_ASSERT(number >= 0 && number < most_names);
  return names[static_cast<std::size_t>(number)];
}

}  // namespace

const protocol::Gid& gid_of(int transaction) { return name_of<protocol::Gid>('t', transaction); }
const protocol::BranchId& branch_of(int branch) { return name_of<protocol::BranchId>('b', branch); }

std::string_view branch_text(int branch) { return branch < 0 ? std::string_view() : branch_of(branch).text(); }

int ordinal_of(std::string_view name) {
  int value = -1;
  if (name.size() < 2) return -1;
  std::from_chars(name.data() + 1, name.data() + name.size(), value);
  return value;
}

}  // namespace escrow::sim
