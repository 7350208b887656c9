#include "tests/fault-injection/explore/explorer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>
#include <tuple>

#include "tests/fault-injection/sim/random.hpp"
#include "tests/fault-injection/sim/world.hpp"

namespace escrow::explore {
namespace {

using sim::Fired;

auto order_of(const Fired& fault) {
  const auto& identity = fault.identity;
  return std::tuple(fault.point, identity.transaction, identity.branch, identity.operation, identity.attempt, identity.place,
                    fault.occurrence);
}
struct Earlier {
  bool operator()(const Fired& a, const Fired& b) const { return order_of(a) < order_of(b); }
};

/// The one order of accepted writes and local transactions, as a number.
std::uint64_t course_of(const sim::History& history) {
  std::uint64_t course = 1;
  std::size_t next = 0;
  const auto add = [&](std::uint64_t value) { course = sim::mixed(course, value); };
  const auto add_committed = [&](const sim::Committed& row) {
    add(static_cast<std::uint64_t>(row.transaction + 1) << 40U | static_cast<std::uint64_t>(row.branch + 1) << 24U |
        static_cast<std::uint64_t>(row.operation) << 8U | static_cast<std::uint64_t>(row.what) << 1U | 1U);
  };
  for (const sim::Written& written : history.written) {
    while (next < history.committed.size() && history.committed[next].seq < written.seq) add_committed(history.committed[next++]);
    const core::Transaction& value = *written.value;
    add(static_cast<std::uint64_t>(written.transaction + 1) << 40U | static_cast<std::uint64_t>(value.status) << 1U);
    for (const core::Branch& branch : value.branches) {
      for (const auto role : protocol::all_roles) {
        const auto* operation = branch.operation(role);
        if (operation != nullptr) add(static_cast<std::uint64_t>(operation->state) << 1U | (operation->maybe_done ? 1U : 0U));
      }
    }
  }
  while (next < history.committed.size()) add_committed(history.committed[next++]);
  return course;
}

class Run {
 public:
  Run(const Scenario& scenario, std::vector<Fired> faults, bool keeps_occasions, bool has_real_rows = false)
      : attempt_{std::move(faults), 0, {}} {
    sim::Script script{scenario.script, true};
    script.faults.insert(script.faults.end(), attempt_.faults.begin(), attempt_.faults.end());
    sim::World world({.script = &script,
                      .shapes = &scenario.shapes,
                      .is_ordinary = true,
                      .has_real_rows = has_real_rows,
                      .keeps_occasions = keeps_occasions});
    world.run();
    for (const auto& violation : oracles::judge(oracles::Evidence(world.history())))
      attempt_.violations.push_back(fmt::format("{} t{}: {}", violation.oracle, violation.transaction, violation.what));
    attempt_.course = course_of(world.history());
    if (keeps_occasions) occasions_ = world.faults().occasions();
  }

  Attempt attempt_;
  std::vector<Fired> occasions_;
};

/// The occasions behind the first one of `fault`; from the beginning if it is not there.
std::vector<Fired> behind(const std::vector<Fired>& occasions, Fired fault) {
  fault.until_healed = false;
  const auto found = std::ranges::find(occasions, fault);
  return found == occasions.end() ? occasions : std::vector<Fired>(found + 1, occasions.end());
}

/// Lets `work` happen for each number below `count`.
template <class Work>
void for_each(std::size_t count, unsigned threads, Work work) {
  std::atomic<std::size_t> next{0};
  const auto loop = [&] {
    for (std::size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; ++i) others.emplace_back(loop);
  loop();
  for (auto& other : others) other.join();
}

/// What the runs with one first fault have shown.
struct Behind {
  std::uint64_t pairs = 0;
  std::vector<Attempt> bad;
  std::map<std::pair<std::uint64_t, std::string>, std::vector<Fired>> classes;
};

Behind explore_behind(const Scenario& scenario, const Fired& first, const std::vector<Fired>& occasions, std::uint64_t every) {
  Behind found;
  std::uint64_t index = 0;
  for (const Fired& second : behind(occasions, first)) {
    if (index++ % every != 0) continue;
    const Run run(scenario, {first, second}, false);
    ++found.pairs;
    if (!run.attempt_.violations.empty()) found.bad.push_back(run.attempt_);
    found.classes.try_emplace({run.attempt_.course, kind_of(second)}, run.attempt_.faults);
  }
  return found;
}

}  // namespace

std::string kind_of(const Fired& fault) {
  return std::string(sim::describe(fault.point).name) + (fault.until_healed ? " until healed" : "");
}

Report explore(const Scenario& scenario, const Depth& depth) {
  Report report;
  report.scenario = &scenario;
  const Run clean(scenario, {}, true);
  if (!clean.attempt_.violations.empty()) report.singles.push_back(clean.attempt_);
  report.classes.try_emplace({clean.attempt_.course, "none"});
  std::vector<Fired> firsts;
  for (const Fired& occasion : clean.occasions_) {
    firsts.push_back(occasion);
    firsts.push_back(occasion);
    firsts.back().until_healed = true;
  }
  report.points = clean.occasions_.size();

  std::vector<std::vector<Fired>> occasions(firsts.size());
  std::vector<Attempt> singles(firsts.size());
  std::vector<Attempt> on_rows(firsts.size());
  for_each(firsts.size(), depth.threads, [&](std::size_t i) {
    Run run(scenario, {firsts[i]}, true);
    singles[i] = std::move(run.attempt_);
    occasions[i] = std::move(run.occasions_);
    on_rows[i] = std::move(Run(scenario, {firsts[i]}, false, true).attempt_);
  });
  std::set<Fired, Earlier> discovered(clean.occasions_.begin(), clean.occasions_.end());
  for (std::size_t i = 0; i < firsts.size(); ++i) {
    discovered.insert(occasions[i].begin(), occasions[i].end());
    report.classes.try_emplace({singles[i].course, kind_of(firsts[i])}, singles[i].faults);
    report.unchanged += singles[i].course == clean.attempt_.course ? 1 : 0;
    ++report.singles_on_rows;
    if (!on_rows[i].violations.empty()) report.bad_on_rows.push_back(std::move(on_rows[i]));
  }
  report.points_discovered = discovered.size();
  report.singles.insert(report.singles.end(), singles.begin(), singles.end());

  if (depth.pairs) {
    std::vector<Behind> behinds(firsts.size());
    for_each(firsts.size(), depth.threads, [&](std::size_t i) {
      if (!firsts[i].until_healed) behinds[i] = explore_behind(scenario, firsts[i], occasions[i], depth.every);
    });
    for (Behind& found : behinds) {
      report.pairs += found.pairs;
      report.bad_pairs.insert(report.bad_pairs.end(), found.bad.begin(), found.bad.end());
      report.classes.merge(found.classes);
    }
  }
  std::set<std::uint64_t> courses;
  for (const auto& [key, faults] : report.classes) courses.insert(key.first);
  report.courses = courses.size();
  return report;
}

}  // namespace escrow::explore
