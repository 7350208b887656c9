#include "tests/fault-injection/real/field.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>
#include <thread>

#include <nlohmann/json.hpp>

#include "tests/fault-injection/explore/case.hpp"
#include "tests/fault-injection/passthrough/wire.hpp"
#include "tests/fault-injection/process/stage.hpp"
#include "tests/fault-injection/real/plans.hpp"
#include "tests/fault-injection/real/strike.hpp"

namespace escrow::real {
namespace {

using namespace std::chrono_literals;
using processes::Plan;
using processes::Stage;
using What = Result::What;

/// A fault that lasts is healed so long after it struck first: long enough for several attempts, and less than most forward calls are
/// given. Nobody waits for ever for one that never strikes.
constexpr auto until_healed = 1200ms;
constexpr auto until_given_up = 30s;

const std::vector<sim::Fired>& clean_occasions(const explore::Scenario& scenario) {
  static std::mutex mutex;
  static std::map<const explore::Scenario*, std::vector<sim::Fired>> known;
  const std::lock_guard lock(mutex);
  auto [found, is_new] = known.try_emplace(&scenario);
  if (is_new) {
    explore::Case one;
    one.scenario = scenario.name;
    explore::CaseRun run(one, true);
    run.run();
    found->second = run.faults().occasions();
  }
  return found->second;
}

/// One life of the processes, with the cases that are played in it.
class Shard {
 public:
  Shard(const std::vector<Case>& cases, std::vector<Result>& results, std::size_t begin, std::size_t end, const Field& field)
      : cases_(cases), results_(results), next_(begin), end_(end), lanes_(field.lanes), stage_(wanted(field)) {}

  void play() {
    (void)stage_.urls();
    std::vector<std::thread> threads;
    for (int lane = 0; lane < lanes_; ++lane) {
      threads.emplace_back([this, lane] {
        for (std::size_t i = next_++; i < end_; i = next_++) play_one(i, lane);
      });
    }
    for (std::thread& thread : threads) thread.join();
    stage_.proxy().heal();
    judge();
  }

 private:
  static Stage::Wanted wanted(const Field& field) {
    Stage::Wanted wanted;
    wanted.proxy = "";
    wanted.lanes = field.lanes;
    return wanted;
  }

  void play_one(std::size_t number, int lane) {
    const Case& one = cases_[number];
    Place place;
    place.lane = "lane" + std::to_string(lane);
    place.name = "c" + std::to_string(number);
    processes::Urls urls;
    for (int i = 0; i < 2; ++i) urls.services.push_back(stage_.proxy().port(place.lane + "." + std::to_string(i)));
    const Questions questions = questions_in(clean_occasions(*one.scenario));

    std::vector<Plan> plans;
    std::vector<std::string> rules;
    std::vector<std::string> course;
    {
      const std::lock_guard lock(mutex_);
      std::string_view why;
      std::optional<std::string> obstacle;
      plans = stage_.take([&](int first) {
        for (std::size_t i = 0; i < one.scenario->shapes.size(); ++i)
          place.gids.push_back("t" + std::to_string(first + static_cast<int>(i)));
        std::vector<std::pair<int, int>> refusals;
        for (const sim::Fired& fault : one.faults) {
          auto strike = strike_of(fault, questions, named(place, rules.size()), why);
          if (!strike) {
            obstacle = std::string(why);
            return std::vector<Plan>();
          }
          rules.insert(rules.end(), strike->rules.begin(), strike->rules.end());
          refusals.insert(refusals.end(), strike->refusals.begin(), strike->refusals.end());
        }
        for (const sim::Fired& fault : course_of(*one.scenario)) {
          auto strike = strike_of(fault, questions, named(place, 50 + course.size()), why);
          if (strike) course.insert(course.end(), strike->rules.begin(), strike->rules.end());
        }
        return plans_of(*one.scenario, first, urls, refusals);
      });
      if (obstacle) {
        results_[number] = {What::not_here, *obstacle};
        return;
      }
      for (const Plan& plan : plans) case_of_[plan.transaction] = number;
    }
    // Of several rules only the first one strikes a call: a fault may take the place of what makes the scenario take its course.
    const bool may_end_otherwise = !course.empty() || std::ranges::any_of(one.faults, [](const sim::Fired& fault) {
      return fault.point == sim::Point::refused_forward;
    });
    if (may_end_otherwise) {
      const std::lock_guard lock(mutex_);
      for (const Plan& plan : plans) may_end_otherwise_.insert(plan.transaction);
    }
    results_[number] = run(plans, rules, course);
  }

  static Place named(Place place, std::size_t number) {
    place.name += "-" + std::to_string(number);
    return place;
  }

  Result run(const std::vector<Plan>& plans, const std::vector<std::string>& rules, const std::vector<std::string>& course) {
    std::string yaml = "rules:\n";
    for (const std::string& rule : rules) yaml += "  - " + rule + "\n";
    for (const std::string& rule : course) yaml += "  - " + rule + "\n";
    if (rules.size() + course.size() > 0) stage_.proxy().add_rules(yaml);
    Result result;
    auto played = std::async(std::launch::async, [&] { processes::run_all(stage_.initiator(), plans); });
    wait_for_healing(played, rules);
    take_away(rules, result);
    try {
      played.get();
    } catch (const std::exception& fault) {
      result = {What::broken, fault.what()};
    }
    Result ignored;
    take_away(course, ignored);
    return result;
  }

  void wait_for_healing(const std::future<void>& played, const std::vector<std::string>& rules) {
    using Clock = std::chrono::steady_clock;
    const auto given_up = Clock::now() + until_given_up;
    std::optional<Clock::time_point> healed;
    while (!healed || Clock::now() < *healed) {
      if (played.wait_for(healed ? *healed - Clock::now() : Clock::duration(200ms)) == std::future_status::ready) return;
      if (healed || Clock::now() > given_up) return;
      if (all_struck(rules)) healed = Clock::now() + until_healed;
    }
  }

  [[nodiscard]] static std::string name_of(const std::string& rule) { return rule.substr(7, rule.find(',') - 7); }

  [[nodiscard]] bool all_struck(const std::vector<std::string>& rules) {
    const auto known = nlohmann::json::parse(stage_.proxy().control("GET", "/rules").body);
    return std::ranges::all_of(rules, [&](const std::string& rule) {
      return std::ranges::any_of(known["rules"], [&](const auto& use) { return use["name"] == name_of(rule) && use["struck"] > 0; });
    });
  }

  /// Takes rules away; one that has struck nobody makes the result idle.
  void take_away(const std::vector<std::string>& rules, Result& result) {
    if (rules.empty()) return;
    const auto known = nlohmann::json::parse(stage_.proxy().control("GET", "/rules").body);
    for (const std::string& rule : rules) {
      const std::string name = name_of(rule);
      for (const auto& use : known["rules"]) {
        if (use["name"] != name) continue;
        if (use["struck"] == 0 && result.what == What::sound) result = {What::idle, "nothing met it"};
        stage_.proxy().command("DELETE", "/rules/" + name);
      }
    }
  }

  /// Only what a fault before the decision may bring about.
  [[nodiscard]] bool is_excused(int transaction) const {
    if (may_end_otherwise_.contains(transaction)) return true;
    const auto& log = stage_.observed().history.log;
    const auto found = std::ranges::find_if(log, [&](const auto& value) { return sim::ordinal_of(value->gid().text()) == transaction; });
    return found != log.end() && (*found)->abort_reason && (*found)->abort_reason->code == protocol::AbortCode::attempts_exhausted;
  }

  void judge() {
    std::istringstream lines(stage_.verdict());
    bool has_found = false;
    const auto blame = [&](int transaction, const std::string& what) {
      has_found = true;
      const auto found = case_of_.find(transaction);
      // What belongs to no transaction is every case's business; the first stands for them.
      Result& result = results_[found == case_of_.end() ? end_ - 1 : found->second];
      if (result.what != What::broken) result = {What::broken, ""};
      result.why += (result.why.empty() ? "" : "; ") + what;
    };
    for (std::string line; std::getline(lines, line);) {
      const std::size_t t = line.find(" t");
      const int transaction = t == std::string::npos ? -1 : std::atoi(line.c_str() + t + 2);
      if (line.starts_with("outcome") && is_excused(transaction)) continue;
      blame(transaction, line);
    }
    const passthrough::Wire wire = passthrough::read_wire(stage_.wire_path());
    for (const auto& violation : passthrough::judge_wire(wire, stage_.observed().history.written)) {
      blame(violation.transaction, std::string(violation.oracle) + " " + violation.what);
    }
    if (has_found) {
      stage_.workplace().keep();
    } else {
      stage_.workplace().let_go();
    }
  }

  const std::vector<Case>& cases_;
  std::vector<Result>& results_;
  std::atomic<std::size_t> next_;
  std::size_t end_;
  int lanes_;
  Stage stage_;
  std::mutex mutex_;
  std::map<int, std::size_t> case_of_;
  std::set<int> may_end_otherwise_;
};

}  // namespace

std::vector<Result> play(const std::vector<Case>& cases, const Field& field) {
  std::vector<Result> results(cases.size());
  for (std::size_t begin = 0; begin < cases.size(); begin += field.shard) {
    Shard(cases, results, begin, std::min(begin + field.shard, cases.size()), field).play();
  }
  return results;
}

std::vector<Case> all_singles() {
  std::vector<Case> cases;
  for (const explore::Scenario& scenario : explore::scenarios()) {
    for (sim::Fired fault : clean_occasions(scenario)) {
      for (const bool lasts : {false, true}) {
        fault.until_healed = lasts;
        cases.push_back({&scenario, {fault}});
      }
    }
  }
  return cases;
}

}  // namespace escrow::real
