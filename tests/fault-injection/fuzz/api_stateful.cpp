#include "tests/fault-injection/explore/case.hpp"
#include "tests/fault-injection/fuzz/targets.hpp"
#include "tests/fault-injection/oracles/oracles.hpp"
#include "tests/fault-injection/oracles/sometimes.hpp"
#include "tests/fault-injection/sim/world.hpp"

#include <array>

namespace escrow::fuzz {
namespace {

using oracles::sometimes_count;

/// libFuzzer reads these beside the edges of the code: which faults met which courses of a run. Code alone is covered after some
/// thousand runs.
#ifdef __linux__
__attribute__((section("__libfuzzer_extra_counters"), used))
#endif
std::array<std::uint8_t, sim::fault_points * sometimes_count>
    met{};

/// Two bytes for each fault: its point, and which of that point's occasions it strikes. So one fault more or less leaves the others what
/// they are.
class Schedule {
 public:
  explicit Schedule(Input& in) {
    while (!in.is_empty()) {
      const std::uint8_t what = in.byte();
      Struck struck;
      struck.point = static_cast<sim::Point>(what % 64 % sim::fault_points);
      struck.occasion = in.byte();
      struck.fate = what >= 192 ? sim::Fate::strikes_until_healed : sim::Fate::strikes;
      struck_.push_back(struck);
    }
  }

  sim::Fate fate(sim::Point point) {
    const unsigned occasion = occasions_[static_cast<std::size_t>(point)]++;
    for (const Struck& one : struck_) {
      if (one.point == point && one.occasion == occasion) return one.fate;
    }
    return sim::Fate::passes;
  }

 private:
  struct Struck {
    sim::Point point = sim::Point::choice;
    unsigned occasion = 0;
    sim::Fate fate = sim::Fate::strikes;
  };
  std::vector<Struck> struck_;
  std::array<unsigned, sim::fault_points> occasions_{};
};

explore::Case world_of(Input& in) {
  explore::Case what;
  what.title = "Found by the fuzzer";
  what.seed = 1 + in.below(65536);
  // The first two of its transactions at least, whoever else may be there; no oracle has much to say of an empty world.
  const std::uint8_t who = in.byte();
  what.taking_part = 3U | (who & 12U);
  what.most_branches = 2 + (who >> 4U) % 4;
  what.is_ordinary = who % 4 == 3;
  return what;
}

void note(const oracles::Evidence& evidence, const std::vector<sim::Fired>& fired) {
  oracles::Tally tally;
  tally.add(evidence, fired);
  for (const sim::Fired& fault : fired) {
    const std::size_t row = static_cast<std::size_t>(fault.point) * sometimes_count;
    for (std::size_t i = 0; i < sometimes_count; ++i) {
      if (tally.counts[i] > 0) met.at(row + i) = 1;
    }
  }
}

}  // namespace

/// The bytes are the schedule of a simulated world: three say which world and who takes part in it, all others what goes wrong there and
/// when. Every oracle judges; what one finds is told as a scenario file.
void api_stateful(std::string_view input) {
  Input in(input);
  explore::Case what = world_of(in);
  Schedule schedule(in);
  sim::Script script;
  script.fate = [&schedule](sim::Point point) { return schedule.fate(point); };
  sim::RunOptions options;
  options.seed = what.seed;
  options.taking_part = what.taking_part;
  options.most_branches = what.most_branches;
  options.is_ordinary = what.is_ordinary;
  options.script = &script;
  sim::World world(options);
  world.run();
  const oracles::Evidence evidence(world.history());
  note(evidence, world.fired());
  const oracles::Violations violations = oracles::judge(evidence);
  if (violations.empty()) return;
  what.faults = world.faults().script();
  throw Finding(std::string(violations.front().oracle) + " " + violations.front().what + "\n" + explore::text_of(what));
}

}  // namespace escrow::fuzz
