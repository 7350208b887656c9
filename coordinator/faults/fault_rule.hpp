#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/result.hpp"

/// What is to happen at a failpoint, in words.
namespace escrow::faults {

/// `POINT ACTION [in CONTEXT] [at N] [times N] [while FILE]`
///
/// POINT      a name; `*` at its end stands for the rest, alone for all
/// ACTION     kill, abort, stop (SIGSTOP), term (SIGTERM), exit:N, delay:MS, hold (as long as FILE is there), throw, nomem, error:NAME,
///            memory:N (the Nth allocation from there on fails; 0: none any more), starve:N (all from the Nth on)
/// CONTEXT    a part of the place's context
/// at, times  from the Nth time on, and so often; `at` alone: once. Neither: each time
/// while      only as long as the file is there
struct Rule {
  enum class Action : std::uint8_t { kill, abort, stop, term, exit, delay, hold, throws, nomem, error, memory, starve };

  std::string point;
  std::string context = {};
  Action action = Action::kill;
  /// Milliseconds, an exit status, a number of allocations, or that of an error of SQLite.
  int value = 0;
  std::uint64_t first = 1;
  std::optional<std::uint64_t> times = {};
  std::string while_file = {};
  /// How often a place fitted.
  std::uint64_t hits = 0;

  [[nodiscard]] bool fits(std::string_view reached, std::string_view reached_context) const;
  /// Counts this hit; whether it is one of those that are meant.
  [[nodiscard]] bool strikes();
};

/// Rules stand in lines, or with `;` between them; what begins with `#` is skipped. The error names the rule.
[[nodiscard]] Result<std::vector<Rule>> parse_rules(std::string_view text);

}  // namespace escrow::faults
