#include "tests/fault-injection/explore/shrink.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "protocol/assert.hpp"

namespace escrow::explore {
namespace {

double seconds_now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Whether its oracle still fails, found out in a process of its own: with a bug planted, a run may end in an assertion of the product.
bool fails_apart(const Case& what) {
  const pid_t child = ::fork();
  ESCROW_ASSERT(child >= 0);
  if (child == 0) {
    ::close(STDERR_FILENO);
    CaseRun run(what);
    run.run();
    ::_exit(run.is_found_by(what.oracle) ? 0 : 1);
  }
  int status = 0;
  ESCROW_ASSERT(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

class Shrinker {
 public:
  Shrinker(Case failing, double seconds) : best_(std::move(failing)), begin_(seconds_now()), seconds_(seconds) {}

  Shrunk shrink() {
    keep_what_fired();
    std::size_t before = 0;
    do {
      before = best_.faults.size();
      simplify_world();
      remove_faults();
      make_lasting();
      remove_two();
    } while (best_.faults.size() < before && !is_out_of_time());
    const auto faults = std::ranges::count_if(best_.faults, [](const sim::Fired& fault) { return sim::is_fault(fault.point); });
    return {best_, static_cast<std::size_t>(faults), runs_, seconds_now() - begin_};
  }

 private:
  [[nodiscard]] bool is_out_of_time() const { return seconds_now() - begin_ > seconds_; }

  /// Takes `other` over if the same oracle still fails.
  bool accept(Case other) {
    if (is_out_of_time()) return false;
    ++runs_;
    if (!fails_apart(other)) return false;
    best_ = std::move(other);
    return true;
  }

  /// Entries that had no occasion in the failing run go at once.
  void keep_what_fired() {
    CaseRun run(best_);
    run.run();
    ++runs_;
    std::erase_if(best_.faults, [&](const sim::Fired& fault) {
      return !fault.until_healed && std::ranges::find(run.faults().fired(), fault) == run.faults().fired().end();
    });
  }

  void simplify_world() {
    if (!best_.scenario.empty()) return;
    for (const bool also_plain : {true, false}) {
      Case ordinary = best_;
      ordinary.is_ordinary = true;
      ordinary.is_plain = also_plain || best_.is_plain;
      if (!best_.is_ordinary || (also_plain && !best_.is_plain)) (void)accept(ordinary);
      Case plain = best_;
      plain.is_plain = true;
      if (!best_.is_plain) (void)accept(plain);
    }
    for (unsigned i = 0; i < 5; ++i) {
      Case fewer = best_;
      fewer.taking_part = (best_.taking_part == ~0U ? 0x1fU : best_.taking_part) & ~(1U << i);
      if (fewer.taking_part == best_.taking_part || fewer.taking_part == 0) continue;
      const auto ordinal = static_cast<int>(i);
      std::erase_if(fewer.faults, [&](const sim::Fired& fault) { return fault.identity.transaction == ordinal; });
      (void)accept(fewer);
    }
    for (int branches = 0; branches < std::min(best_.most_branches, 5); ++branches) {
      Case fewer = best_;
      fewer.most_branches = branches;
      if (accept(fewer)) break;
    }
  }

  /// Delta debugging: ever smaller parts are left out, down to single faults.
  void remove_faults() {
    std::size_t size = std::max<std::size_t>(1, best_.faults.size() / 2);
    while (!best_.faults.empty() && !is_out_of_time()) {
      bool removed = false;
      for (std::size_t begin = 0; begin < best_.faults.size();) {
        Case fewer = best_;
        const auto from = fewer.faults.begin() + static_cast<std::ptrdiff_t>(begin);
        const auto to = fewer.faults.begin() + static_cast<std::ptrdiff_t>(std::min(begin + size, fewer.faults.size()));
        fewer.faults.erase(from, to);
        // What was behind the part is now where the part was.
        if (accept(fewer)) {
          removed = true;
        } else {
          begin += size;
        }
        if (is_out_of_time()) return;
      }
      if (size == 1 && !removed) return;
      size = std::max<std::size_t>(1, size / 2);
    }
  }

  /// Several faults of one kind that strike the same operation are told as one that lasts.
  void make_lasting() {
    for (std::size_t i = 0; i < best_.faults.size(); ++i) {
      const sim::Fired first = best_.faults[i];
      const auto is_like_it = [&](const sim::Fired& other) {
        return other.point == first.point && other.identity.transaction == first.identity.transaction &&
               other.identity.branch == first.identity.branch && other.identity.operation == first.identity.operation;
      };
      if (first.until_healed || !sim::is_fault(first.point) || std::ranges::count_if(best_.faults, is_like_it) < 2) continue;
      Case fewer = best_;
      std::erase_if(fewer.faults, is_like_it);
      sim::Fired lasting = first;
      lasting.until_healed = true;
      fewer.faults.insert(fewer.faults.begin() + static_cast<std::ptrdiff_t>(std::min(i, fewer.faults.size())), lasting);
      (void)accept(fewer);
    }
  }

  /// Two that only matter together: without one of them the other does something else.
  void remove_two() {
    for (std::size_t i = 0; i < best_.faults.size(); ++i) {
      for (std::size_t j = i + 1; j < best_.faults.size() && !is_out_of_time();) {
        Case fewer = best_;
        fewer.faults.erase(fewer.faults.begin() + static_cast<std::ptrdiff_t>(j));
        fewer.faults.erase(fewer.faults.begin() + static_cast<std::ptrdiff_t>(i));
        // Others stand in their places now.
        j = accept(fewer) ? i + 1 : j + 1;
      }
    }
  }

  Case best_;
  double begin_;
  double seconds_;
  std::size_t runs_ = 0;
};

}  // namespace

std::optional<Case> case_of_seed(std::uint64_t seed, const std::string& oracle) {
  sim::World world({.seed = seed});
  world.run();
  const auto violations = oracles::judge(oracles::Evidence(world.history()));
  if (std::ranges::find(violations, oracle, &oracles::Violation::oracle) == violations.end()) return std::nullopt;
  Case what;
  what.seed = seed;
  what.faults = world.faults().fired();
  what.oracle = oracle;
  return what;
}

Shrunk shrink(const Case& failing, double seconds) {
  ESCROW_ASSERT(!failing.oracle.empty());
  return Shrinker(failing, seconds).shrink();
}

}  // namespace escrow::explore
