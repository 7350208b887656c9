#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/fault-injection/oracles/oracles.hpp"
#include "tests/fault-injection/oracles/sometimes.hpp"
#include "tests/fault-injection/sim/world.hpp"

/// One run that somebody wants to see again: a scenario file. docs/testing.md says how to write one.
namespace escrow::explore {

struct Case {
  std::string title;
  /// Rows of the catalogue (tests/fault-injection/catalogue.md) that it covers.
  std::vector<std::string> covers;
  /// A canonical scenario; empty: the world that `seed` draws.
  std::string scenario;
  std::uint64_t seed = 1;
  /// Of the seed's transactions these take part, with at most so many branches each.
  std::uint32_t taking_part = ~0U;
  int most_branches = 1000;
  /// Default settings and full accounts; canonical scenarios always have them.
  bool is_ordinary = false;
  /// Every delay is the middle one; canonical scenarios always have that.
  bool is_plain = false;
  std::vector<sim::Fired> faults;
  /// The planted bug that it finds; empty: none, and the run must be sound.
  std::string planted;
  /// The oracle that finds it.
  std::string oracle;
  /// What must have happened in it, by the names of what happens sometimes (oracles/sometimes.hpp).
  std::vector<std::string> sees;
  /// How transactions must end (committed, aborted, none: it never was), by ordinal.
  std::map<int, std::string> outcomes;
};

/// The world of a case, with what it refers to.
class CaseRun {
 public:
  /// `keeps_occasions`: see sim::RunOptions.
  explicit CaseRun(const Case& what, bool keeps_occasions = false);

  void run();
  [[nodiscard]] const sim::History& history() const { return world_->history(); }
  [[nodiscard]] const sim::Faults& faults() const { return world_->faults(); }
  [[nodiscard]] const oracles::Violations& violations() const { return violations_; }
  /// Whether it happened at least once.
  [[nodiscard]] bool has_seen(const std::string& what) const;
  [[nodiscard]] bool is_found_by(const std::string& oracle) const;

 private:
  sim::Script script_;
  std::unique_ptr<sim::World> world_;
  oracles::Violations violations_;
  oracles::Tally tally_;
};

/// Everything in which the run differs from what the case says of it; empty: nothing.
[[nodiscard]] std::vector<std::string> complaints(const Case& what, const CaseRun& run);

[[nodiscard]] std::string text_of(const Case& what);
/// Throws std::runtime_error that says what is wrong with the text; `name` is what it is called then.
[[nodiscard]] Case case_from(const std::string& text, const std::string& name);
/// The same for a file.
[[nodiscard]] Case read_case(const std::filesystem::path& file);

}  // namespace escrow::explore
