#include "tests/fault-injection/process/kills.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "tests/fault-injection/sim/random.hpp"

namespace escrow::processes {
namespace {

constexpr int by_sigkill = 128 + 9;

/// Counts how a process ended; the last end is that of the verdict.
void count_ends(Killed& killed, const std::vector<int>& endings) {
  for (const int ending : endings) {
    auto& counter = ending == by_sigkill ? killed.deaths : ending == 0 ? killed.clean_ends : killed.other_ends;
    ++counter;
  }
}
constexpr const char* only_with_something_due = "recovery.page.read";
constexpr std::array start_points{
    "open.locked",         "open.begun",     "open.checked",     "open.emptied",         "open.run.before",
    "open.run.after",      "recovery.begun", "recovery.counted", "recovery.page.before", only_with_something_due,
    "recovery.page.taken", "recovery.done",  "daemon.ready"};

}  // namespace

void wait_for_ends(KeptProcess& process, std::size_t count) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (process.endings().size() < count && std::chrono::steady_clock::now() < until)
    process.wait_for_end(process.life().number, std::chrono::milliseconds(50));
}

void Killed::add(const Killed& other) {
  set += other.set;
  points.insert(other.points.begin(), other.points.end());
  missed.insert(missed.end(), other.missed.begin(), other.missed.end());
  stages += other.stages;
  struck += other.struck;
  deaths_due += other.deaths_due;
  deaths += other.deaths;
  clean_ends += other.clean_ends;
  other_ends += other.other_ends;
  unwanted += other.unwanted;
  transactions += other.transactions;
  verdict += other.verdict;
  took += other.took;
}

std::string Killed::missed_points() const {
  std::set<std::string> never;
  for (const Blow& blow : missed) {
    if (!points.contains(blow.place.point)) never.insert(blow.place.point);
  }
  std::string text;
  for (const std::string& point : never) text += point + "\n";
  return text;
}

std::string Killed::text() const {
  const auto ms = std::max<std::int64_t>(took.count(), 1);
  return std::to_string(struck) + " of " + std::to_string(set) + " faults struck, " + std::to_string(deaths) + " deaths, " +
         std::to_string(transactions) + " transactions, " + std::to_string(ms) + " ms, " +
         std::to_string(deaths * 1'000 / static_cast<std::uint64_t>(ms)) + " deaths a second";
}

Killed strike(Family family, const std::vector<Blow>& blows) {
  const auto began = std::chrono::steady_clock::now();
  Killed killed;
  Stage::Wanted wanted;
  wanted.is_traced = true;
  Stage stage(wanted);
  KeptProcess& coordinator = stage.coordinator();
  const Initiator initiator = stage.initiator();
  for (const Blow& blow : blows) {
    const auto plans = stage.take(family);
    (void)coordinator.life();
    const auto before = coordinator.endings().size();
    const auto strikes_before = stage.strikes();
    coordinator.plan_rules(blow.later_lives);
    coordinator.set_rules(rule_at(blow.place, blow.action, blow.hit, plans.front().transaction));
    run_all(initiator, plans);
    // One that did not strike must not strike at somebody else.
    coordinator.set_rules("");
    ++killed.set;
    if (stage.strikes() > strikes_before) {
      ++killed.struck;
      killed.points.insert(blow.place.point);
      // Whoever is answered may be so ahead of the death; the deaths behind it need no client.
      const std::size_t due = 1 + blow.later_lives.size();
      wait_for_ends(coordinator, before + due);
      if (blow.action == "kill") killed.deaths_due += due;
    } else {
      killed.missed.push_back(blow);
    }
    const auto endings = coordinator.endings();
    for (std::size_t i = before; i < endings.size(); ++i) {
      if (endings[i] != 0 && endings[i] != by_sigkill) killed.unwanted += blow.place.point + ": " + std::to_string(endings[i]) + "\n";
    }
    coordinator.plan_rules({});
  }
  killed.transactions = stage.plans().size();
  killed.stages = 1;
  // The last rule may have struck at the very end: then a second SIGTERM would meet a process that has none of its handlers any more.
  const bool is_ending = std::ranges::any_of(blows, [](const Blow& blow) { return blow.action == "term"; });
  killed.verdict = stage.verdict(is_ending);
  count_ends(killed, coordinator.endings());
  killed.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  return killed;
}

Killed strike_again(Family family, std::vector<Blow> blows) {
  constexpr int rounds = 3;
  Killed all;
  const std::uint64_t set = blows.size();
  for (int round = 0; round < rounds && !blows.empty(); ++round) {
    Killed some = strike(family, blows);
    blows = std::exchange(some.missed, {});
    all.add(some);
  }
  all.missed = std::move(blows);
  all.set = set;
  return all;
}

Killed strike_services(Family family, std::uint64_t hits) {
  const auto began = std::chrono::steady_clock::now();
  Killed killed;
  Stage stage;
  const Initiator initiator = stage.initiator();
  for (int number = 0; number < 2; ++number) {
    KeptProcess& service = stage.service(number);
    for (const char* point : {"service.before", "service.after"}) {
      for (std::uint64_t hit = 1; hit <= hits; ++hit) {
        const auto plans = stage.take(family);
        const auto before = service.endings().size();
        service.set_rules(point + std::string(" kill at ") + std::to_string(hit));
        run_all(initiator, plans);
        ++killed.set;
        if (service.endings().size() > before) {
          ++killed.struck;
          killed.points.insert(std::to_string(number) + " " + point);
        }
        service.set_rules("");
      }
    }
  }
  killed.transactions = stage.plans().size();
  killed.stages = 1;
  for (int number = 0; number < 2; ++number) count_ends(killed, stage.service(number).endings());
  killed.verdict = stage.verdict();
  killed.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  return killed;
}

std::vector<std::string> points_of_a_start() { return {start_points.begin(), start_points.end()}; }

std::vector<std::string> points_of_the_way_out() { return {"drain.begun", "drain.engine", "drain.done"}; }
std::vector<std::string> points_of_upkeep() {
  return {"store.checkpoint.before", "store.checkpoint.after", "store.upkeep.begin", "store.upkeep.before", "store.upkeep.after"};
}

std::vector<Blow> each_place(Family family) {
  std::vector<Blow> blows;
  for (const Place& place : places_of(family)) {
    blows.push_back({place, 1});
    // How often clients look is chance, and so is how often what they ask for is done twice.
    const bool is_fixed =
        !place.point.starts_with("http.") && !place.point.starts_with("store.commit") && !place.point.starts_with("store.b");
    if (place.hits > 1 && is_fixed) blows.push_back({place, place.hits});
  }
  return blows;
}

std::vector<Blow> crash_loops(Family family, std::uint64_t seed, std::size_t count, std::size_t deaths) {
  const auto places = places_of(family);
  // A point that a start may pass by would end the chain there.
  std::vector<std::string> points = points_of_a_start();
  std::erase(points, only_with_something_due);
  std::vector<Blow> blows;
  for (std::uint64_t i = 0; i < count; ++i) {
    Blow blow{places[sim::mixed(seed, 2 * i) % places.size()]};
    for (std::uint64_t death = 0; death < deaths; ++death) {
      blow.later_lives.push_back(points.at(sim::mixed(seed, (i << 8U) + death + 1) % points.size()) + " kill");
    }
    blows.push_back(std::move(blow));
  }
  return blows;
}

}  // namespace escrow::processes
