#include "tests/fault-injection/explore/explorer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>
#include <tuple>

#include "tests/fault-injection/sim/identities.hpp"
#include "tests/fault-injection/sim/random.hpp"
#include "tests/fault-injection/sim/world.hpp"

namespace escrow::explore {
namespace {

using sim::Fired;
using sim::Point;

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

std::string outcome_of(const sim::History& history, std::size_t transactions) {
  std::map<int, std::string_view> ends;
  for (std::size_t i = 0; i < transactions; ++i) ends[static_cast<int>(i)] = "none";
  for (const auto& value : history.log) ends[sim::ordinal_of(value->gid().text())] = protocol::to_string(value->status);
  std::string text;
  for (const auto& [transaction, end] : ends) text += fmt::format("{}t{} {}", text.empty() ? "" : ", ", transaction, end);
  return text;
}

class Run {
 public:
  Run(const Scenario& scenario, std::vector<Fired> faults, bool keeps_occasions, bool has_real_rows = false)
      : attempt_{std::move(faults), 0, {}, {}} {
    sim::Script script{.faults = scenario.script, .plain = true};
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
    attempt_.outcome = outcome_of(world.history(), scenario.shapes.size());
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
  std::vector<std::vector<Fired>> skipped;
};

constexpr std::uint64_t one_skipped_in = 20;

Behind explore_behind(const Scenario& scenario, const Fired& first, const std::vector<Fired>& occasions, std::uint64_t every) {
  Behind found;
  std::uint64_t index = 0;
  std::uint64_t skipped = 0;
  for (const Fired& second : behind(occasions, first)) {
    if (index++ % every != 0) continue;
    const Run run(scenario, {first, second}, false);
    ++found.pairs;
    if (!run.attempt_.violations.empty()) found.bad.push_back(run.attempt_);
    const bool is_new = found.classes.try_emplace({run.attempt_.course, kind_of(second)}, run.attempt_.faults).second;
    if (!is_new && skipped++ % one_skipped_in == 0) found.skipped.push_back(run.attempt_.faults);
  }
  return found;
}

/// Whether it may strike a call or a local transaction that the initiator of t0 makes itself.
bool strikes_initiator(const Scenario& scenario, const Fired& fault) {
  const protocol::StartRequest& request = *scenario.shapes.front().request;
  if (!request.interactive) return false;
  switch (fault.point) {
    case Point::service_down:
    case Point::service_silent:
    case Point::service_deaf:
    case Point::participant_in_progress: return request.mode != protocol::Mode::message;
    // It lives in a participant's process.
    case Point::participant_crash_before:
    case Point::participant_crash_after: return request.mode == protocol::Mode::message;
    default: return false;
  }
}

}  // namespace

bool is_absorbed(const Scenario& scenario, const Fired& fault) {
  if (fault.until_healed || strikes_initiator(scenario, fault)) return false;
  switch (fault.point) {
    case Point::coordinator_crash:
    case Point::coordinator_crash_kept:
    case Point::coordinator_crash_at_start:
    case Point::coordinator_pause:
    case Point::coordinator_drain:
    case Point::amnesia:
    case Point::clock_back:
    case Point::store_unavailable:
    case Point::store_overloaded:
    case Point::store_unknown_applied:
    case Point::store_unknown_lost:
    case Point::store_slow:
    case Point::store_read_failed:
    case Point::write_survives_crash:
    case Point::conflict:
    case Point::lost_write_returns:
    case Point::late_write:
    case Point::service_down:
    case Point::service_silent:
    case Point::service_deaf:
    case Point::request_reset:
    case Point::request_lost:
    case Point::answer_lost:
    case Point::delivered_late:
    case Point::duplicated_now:
    case Point::duplicated_late:
    case Point::slow_link:
    case Point::garbled_answer:
    case Point::proxy_before:
    case Point::proxy_after:
    case Point::participant_crash_before:
    case Point::participant_crash_after:
    case Point::participant_busy:
    case Point::participant_in_progress:
    case Point::participant_overloaded:
    case Point::participant_too_many:
    case Point::participant_failed:
    case Point::api_request_lost:
    case Point::api_answer_lost:
    case Point::api_duplicated:
    case Point::api_duplicated_late: return true;
    // A deadline comes too early, a row cannot be trusted, somebody says no, or is not there any more to say anything.
    case Point::clock_forward:
    case Point::row_damaged:
    case Point::row_retired:
    case Point::refused_forward:
    case Point::refused_final:
    case Point::client_dies:
    case Point::client_choice:
    case Point::operator_word:
    case Point::latency:
    case Point::jitter:
    case Point::restart_delay:
    case Point::choice: break;
  }
  return false;
}

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
    if (is_absorbed(scenario, firsts[i])) {
      ++report.absorbed;
      if (singles[i].outcome != clean.attempt_.outcome)
        singles[i].violations.push_back(fmt::format("outcome: {}; without the fault {}", singles[i].outcome, clean.attempt_.outcome));
    }
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
      report.skipped.insert(report.skipped.end(), found.skipped.begin(), found.skipped.end());
      // What the merge has left had a member already.
      std::uint64_t index = 0;
      for (const auto& [key, faults] : found.classes) {
        if (index++ % one_skipped_in == 0) report.skipped.push_back(faults);
      }
    }
  }
  std::set<std::uint64_t> courses;
  for (const auto& [key, faults] : report.classes) courses.insert(key.first);
  report.courses = courses.size();
  return report;
}

}  // namespace escrow::explore
