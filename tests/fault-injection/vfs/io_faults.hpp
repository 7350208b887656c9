#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "tests/fault-injection/vfs/fault.hpp"
#include "tests/fault-injection/vfs/power_loss.hpp"

/// Each request of a scenario to the file system fails in each way that applies to it, once and for good, and the disk gets well again.
namespace escrow::vfs {

/// What the store made of a fault: the worst that was seen in the run.
enum class Effect : std::uint8_t {
  /// Nobody noticed.
  absorbed,
  read_failed,
  unavailable,
  unknown,
  /// It could not be opened while the fault lasted.
  refused_to_open,
  /// The process had to end.
  fatal
};
inline constexpr std::size_t effect_count = 6;
[[nodiscard]] std::string_view name_of(Effect effect);

/// One field of the table: a step on a kind of file, and what went wrong.
struct Field {
  Step step = Step::open;
  FileKind file = FileKind::database;
  Harm harm = Harm::error;
  Lasting lasting = Lasting::once;
  auto operator<=>(const Field&) const = default;
};

struct FieldCount {
  /// Runs, one for each request of the scenario; those in which the fault struck.
  std::int64_t runs = 0;
  std::int64_t struck = 0;
  /// Runs in which something was let pass that is a failure anywhere else.
  std::int64_t excused = 0;
  std::array<std::int64_t, effect_count> effects{};
};

struct IoFaultResult {
  std::string scenario;
  /// Requests of the run without a fault.
  std::int64_t requests = 0;
  std::int64_t runs = 0;
  std::map<Field, FieldCount> fields;
  SessionCounts counts;
  /// Power failed as well: right after the fault and a little later.
  PowerLossResult power;
  std::int64_t violations = 0;
  std::vector<std::string> failures;

  void add(const IoFaultResult& other);
};

/// Where more was excused than experience says; empty: nowhere. An excuse that is always used hides what it was not made for.
[[nodiscard]] std::vector<std::string> excess_of(const std::vector<IoFaultResult>& results);

/// What is repeated with a fault in it.
struct Scenario {
  std::string name;
  std::uint64_t seed = 0;
  int turns = 0;
  /// Whether it begins with an empty file, or with what a killed process left.
  bool is_new = false;
};
[[nodiscard]] const std::vector<Scenario>& scenarios();

struct IoFaultPlan {
  /// Only every so many-th request, beginning with that one; 1 and 0: all.
  std::int64_t stride = 1;
  std::int64_t offset = 0;
  /// Power fails, too, in one of so many runs.
  std::int64_t images_every = 3;
};

[[nodiscard]] IoFaultResult fail_each_request(const Scenario& scenario, const IoFaultPlan& plan);

/// Exactly one run, for a failure that is looked into; prints nothing, answers what went wrong.
[[nodiscard]] std::vector<std::string> repeat(const Scenario& scenario, const Fault& fault);

}  // namespace escrow::vfs
