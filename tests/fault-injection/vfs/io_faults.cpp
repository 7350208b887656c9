#include "tests/fault-injection/vfs/io_faults.hpp"

#include <utility>

namespace escrow::vfs {
namespace {

constexpr std::size_t told_failures = 12;
// Power failures at so many places behind each fault.
constexpr int places_behind = 3;

/// What a session begins with.
struct Base {
  Image image;
  Ledger ledger;
  std::map<std::string, core::Transaction> live;
};

/// A log in use whose process was killed: there is a write-ahead log to recover.
Base killed(std::uint64_t seed) {
  Disk disk("io-base");
  disk.start({{log_path, ""}}, seed);
  Session session(disk, seed + 1'000'000);
  for (int i = 0; i < 12; ++i) session.turn();
  session.must_be_well();
  session.end(false);
  return {disk.seen(), session.ledger(), session.live()};
}

class Runner {
 public:
  explicit Runner(const Scenario& scenario) : scenario_(scenario), disk_("io-faults") {
    base_ = scenario.is_new ? Base{{{log_path, ""}}, {}, {}} : killed(scenario.seed);
  }

  /// One run; the fault is armed before the log is opened.
  std::unique_ptr<Session> run(const std::optional<Fault>& fault) {
    disk_.start(base_.image, scenario_.seed);
    auto session = std::make_unique<Session>(disk_, scenario_.seed, base_.ledger);
    session->adopt(base_.live);
    if (fault) {
      // One wrong read is reported once: what is read after it is right again.
      if (fault->harm == Harm::short_read) session->may_read_wrongly(fault->lasting == Lasting::once ? 1 : 1'000);
      session->may_pile_up(fault->harm == Harm::error_but_done && fault->lasting != Lasting::once);
      disk_.arm(*fault);
    } else {
      disk_.count_requests();
    }
    for (int i = 0; i < scenario_.turns; ++i) session->turn();
    return session;
  }

  [[nodiscard]] Disk& disk() { return disk_; }
  [[nodiscard]] const Image& base() const { return base_.image; }

 private:
  Scenario scenario_;
  Disk disk_;
  Base base_;
};

Effect effect_of(const SessionCounts& counts) {
  if (counts.fatal > 0) return Effect::fatal;
  if (counts.refused_to_open > 0) return Effect::refused_to_open;
  if (counts.unknown > 0) return Effect::unknown;
  if (counts.unavailable > 0) return Effect::unavailable;
  if (counts.reads_failed > 0) return Effect::read_failed;
  return Effect::absorbed;
}

std::string describe(const Scenario& scenario, const Request& request, const Fault& fault) {
  return scenario.name + ", request " + std::to_string(fault.at) + " (" + std::string(name_of(request.step)) + " of the " +
         std::string(name_of(request.file)) + "), " + std::string(name_of(fault.harm)) + ", " + std::string(name_of(fault.lasting));
}

}  // namespace

std::string_view name_of(Effect effect) {
  static constexpr std::string_view names[] = {"absorbed", "read failed", "unavailable", "unknown", "refused to open", "fatal"};
  return names[static_cast<std::size_t>(effect)];
}

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all{
      {"making a log", 11, 3, true}, {"recovery and work", 12, 9, false}, {"housekeeping", 29, 9, false}, {"long readers", 41, 9, false}};
  return all;
}

std::vector<std::string> excess_of(const std::vector<IoFaultResult>& results) {
  struct Kind {
    std::int64_t runs = 0;
    std::int64_t excused = 0;
  };
  Kind short_reads;
  Kind piled;
  Kind others;
  for (const auto& result : results) {
    for (const auto& [field, count] : result.fields) {
      const bool may_pile = field.harm == Harm::error_but_done && field.lasting != Lasting::once;
      Kind& kind = field.harm == Harm::short_read ? short_reads : may_pile ? piled : others;
      kind.runs += count.runs;
      kind.excused += count.excused;
    }
  }
  std::vector<std::string> found;
  const auto hold = [&](const char* what, const Kind& kind, std::int64_t most_in_hundred) {
    if (kind.excused * 100 <= kind.runs * most_in_hundred) return;
    found.push_back(std::string(what) + ": " + std::to_string(kind.excused) + " of " + std::to_string(kind.runs) +
                    " runs were excused, more than " + std::to_string(most_in_hundred) + " in a hundred");
  };
  hold("short reads that are reported as damage", short_reads, 60);
  hold("commits that pile up", piled, 0);
  hold("everything else", others, 0);
  return found;
}

void IoFaultResult::add(const IoFaultResult& other) {
  scenario = other.scenario;
  requests = other.requests;
  runs += other.runs;
  for (const auto& [field, count] : other.fields) {
    FieldCount& mine = fields[field];
    mine.runs += count.runs;
    mine.struck += count.struck;
    mine.excused += count.excused;
    for (std::size_t i = 0; i < effect_count; ++i) mine.effects[i] += count.effects[i];
  }
  counts.add(other.counts);
  power.add(other.power);
  violations += other.violations;
  for (const auto& failure : other.failures) {
    if (failures.size() < told_failures) failures.push_back(failure);
  }
}

IoFaultResult fail_each_request(const Scenario& scenario, const IoFaultPlan& plan) {
  IoFaultResult result;
  result.scenario = scenario.name;
  Runner runner(scenario);
  PowerLoss power;
  PowerLossPlan power_plan{.seed = scenario.seed, .images_per_point = 3, .second_failure_every = 0, .character = {}, .only = std::nullopt};
  std::vector<Request> requests;
  {
    const auto session = runner.run(std::nullopt);
    for (const auto& failure : session->failures()) result.failures.push_back(scenario.name + " without a fault: " + failure);
    requests = runner.disk().requests();
  }
  result.requests = std::ssize(requests);

  const auto fail = [&](std::string what) {
    ++result.violations;
    if (result.failures.size() < told_failures) result.failures.push_back(std::move(what));
  };
  for (std::int64_t at = 1 + plan.offset; at <= result.requests; at += plan.stride) {
    const Request request = requests[static_cast<std::size_t>(at - 1)];
    for (const Harm harm : harms_of(request.step)) {
      for (const Lasting lasting : {Lasting::once, Lasting::this_step, Lasting::everything}) {
        // That everything fails is one thing, whatever the first one was.
        if (lasting == Lasting::everything && harm != Harm::error) continue;
        const Fault fault{at, harm, lasting};
        auto session = runner.run(fault);
        FieldCount& field = result.fields[{request.step, request.file, harm, lasting}];
        ++result.runs;
        ++field.runs;
        if (runner.disk().struck() > 0) ++field.struck;
        const std::size_t struck_at = runner.disk().struck_at();
        session->must_be_well();
        ++field.effects[static_cast<std::size_t>(effect_of(session->counts()))];
        session->end(at % 2 == 0);
        if (session->counts().piled_up + session->counts().read_wrongly > 0) ++field.excused;
        result.counts.add(session->counts());
        for (const auto& failure : session->failures()) fail(describe(scenario, request, fault) + ": " + failure);
        if (result.runs % plan.images_every != 0 || session->counts().piled_up > 0) continue;
        const Trace trace = runner.disk().trace();
        const auto allowed = session->allowed();
        const auto before = result.power.failures.size();
        power_plan.seed = scenario.seed + static_cast<std::uint64_t>(at);
        power.judge_trace(runner.base(), trace, allowed, power_plan, struck_at, places_behind, result.power);
        for (std::size_t i = before; i < result.power.failures.size(); ++i) {
          result.failures.push_back(describe(scenario, request, fault) + ", and then power fails: " + result.power.failures[i]);
        }
      }
    }
  }
  result.violations += result.power.violations();
  return result;
}

std::vector<std::string> repeat(const Scenario& scenario, const Fault& fault) {
  Runner runner(scenario);
  auto session = runner.run(fault);
  session->must_be_well();
  session->end(fault.at % 2 == 0);
  return session->failures();
}

}  // namespace escrow::vfs
