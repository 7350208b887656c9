#include "tests/fault-injection/explore/case.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>

#include "tests/fault-injection/explore/scenarios.hpp"
#include "tests/fault-injection/sim/identities.hpp"

namespace escrow::explore {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

/// The number of a transaction as a file names it; `taking_part` has bits for 32.
int ordinal_in(const std::string& text, const std::string& file) {
  const int ordinal = sim::ordinal_of(text);
  if (ordinal < 0 || ordinal > 31) fail(file + ": " + text + " is no transaction");
  return ordinal;
}

/// What is written without quotes, a name or an id.
std::string word_in(const YAML::Node& value, const std::string& file) {
  auto word = value.as<std::string>();
  const auto is_plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '+' || c == '.'; };
  if (word.empty() || !std::ranges::all_of(word, is_plain)) fail(file + ": " + word + " is no name");
  return word;
}

sim::RunOptions options_of(const Case& what, sim::Script& script, bool keeps_occasions) {
  sim::RunOptions options;
  options.seed = what.seed;
  options.keeps_occasions = keeps_occasions;
  options.script = &script;
  script.faults = what.faults;
  script.plain = what.is_plain;
  if (what.scenario.empty()) {
    options.taking_part = what.taking_part;
    options.most_branches = what.most_branches;
    options.is_ordinary = what.is_ordinary;
    return options;
  }
  const Scenario* scenario = scenario_named(what.scenario);
  if (scenario == nullptr) fail("no such scenario: " + what.scenario);
  options.shapes = &scenario->shapes;
  options.is_ordinary = true;
  script.plain = true;
  script.faults.insert(script.faults.begin(), scenario->script.begin(), scenario->script.end());
  return options;
}

std::string outcome_of(const sim::History& history, int transaction) {
  for (const auto& value : history.log) {
    if (sim::ordinal_of(value->gid().text()) == transaction) return std::string(protocol::to_string(value->status));
  }
  return "none";
}

/// Whether anything of the fault happened: a scripted fault that lasts covers many.
bool has_fired(const sim::Fired& fault, const std::vector<sim::Fired>& fired) {
  return std::ranges::any_of(fired, [&](const sim::Fired& one) {
    if (one.point != fault.point) return false;
    if (!fault.until_healed) return one.identity == fault.identity && one.occurrence == fault.occurrence;
    return one.identity.transaction == fault.identity.transaction && one.identity.branch == fault.identity.branch &&
           one.identity.operation == fault.identity.operation;
  });
}

std::string in_quotes(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    // A line break would be read as a space, and other controls not at all.
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
      safe += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
      continue;
    }
    if (c == '"' || c == '\\') safe += '\\';
    safe += c;
  }
  return "\"" + safe + "\"";
}

}  // namespace

CaseRun::CaseRun(const Case& what, bool keeps_occasions)
    : world_(std::make_unique<sim::World>(options_of(what, script_, keeps_occasions))) {}

void CaseRun::run() {
  world_->run();
  const oracles::Evidence evidence(world_->history());
  violations_ = oracles::judge(evidence);
  tally_.add(evidence, world_->fired());
}

bool CaseRun::has_seen(const std::string& what) const {
  for (std::size_t i = 0; i < tally_.counts.size(); ++i) {
    if (oracles::name_of(static_cast<oracles::Sometimes>(i)) == what) return tally_.counts[i] > 0;
  }
  return false;
}

bool CaseRun::is_found_by(const std::string& oracle) const {
  return std::ranges::any_of(violations_, [&](const auto& violation) { return violation.oracle == oracle; });
}

std::vector<std::string> complaints(const Case& what, const CaseRun& run) {
  std::vector<std::string> found;
  if (what.planted.empty()) {
    for (const auto& violation : run.violations())
      found.push_back(fmt::format("{} t{}: {}", violation.oracle, violation.transaction, violation.what));
  } else if (!run.is_found_by(what.oracle)) {
    found.push_back(what.oracle + " did not find " + what.planted);
  }
  for (const sim::Fired& fault : what.faults) {
    if (!has_fired(fault, run.faults().fired())) found.push_back("never happened: " + sim::text_of(fault));
  }
  for (const std::string& wanted : what.sees) {
    if (!run.has_seen(wanted)) found.push_back("never seen: " + wanted);
  }
  for (const auto& [transaction, expected] : what.outcomes) {
    const std::string outcome = outcome_of(run.history(), transaction);
    if (outcome != expected) found.push_back(fmt::format("t{} ended {}, not {}", transaction, outcome, expected));
  }
  return found;
}

std::string text_of(const Case& what) {
  std::string text = fmt::format("title: {}\n", in_quotes(what.title));
  if (!what.covers.empty()) text += fmt::format("covers: [{}]\n", fmt::join(what.covers, ", "));
  if (!what.scenario.empty()) {
    text += fmt::format("scenario: {}\n", what.scenario);
  } else {
    text += fmt::format("seed: {}\n", what.seed);
    if (what.taking_part != ~0U) {
      std::vector<std::string> names;
      for (int i = 0; i < 32; ++i) {
        if ((what.taking_part >> i & 1U) != 0) names.push_back(fmt::format("t{}", i));
      }
      text += fmt::format("transactions: [{}]\n", fmt::join(names, ", "));
    }
    if (what.most_branches != 1000) text += fmt::format("branches: {}\n", what.most_branches);
    if (what.is_ordinary) text += "settings: default\n";
    if (what.is_plain) text += "latencies: default\n";
  }
  text += what.faults.empty() ? "faults: []\n" : "faults:\n";
  for (const sim::Fired& fault : what.faults) text += fmt::format("  - {}\n", in_quotes(sim::text_of(fault)));
  if (!what.planted.empty()) text += fmt::format("planted: {}\noracle: {}\n", what.planted, what.oracle);
  if (!what.sees.empty()) text += "sees:\n";
  for (const std::string& seen : what.sees) text += fmt::format("  - {}\n", in_quotes(seen));
  if (!what.outcomes.empty()) {
    text += "outcome:\n";
    for (const auto& [transaction, outcome] : what.outcomes) text += fmt::format("  t{}: {}\n", transaction, outcome);
  }
  return text;
}

Case case_from(const std::string& text, const std::string& name) {
  const YAML::Node root = YAML::Load(text);
  Case what;
  for (const auto& entry : root) {
    const auto key = entry.first.as<std::string>();
    const YAML::Node& value = entry.second;
    if (key == "title") {
      what.title = value.as<std::string>();
    } else if (key == "covers") {
      for (const auto& one : value) what.covers.push_back(word_in(one, name));
    } else if (key == "scenario") {
      what.scenario = word_in(value, name);
    } else if (key == "seed") {
      what.seed = value.as<std::uint64_t>();
    } else if (key == "transactions") {
      what.taking_part = 0;
      for (const auto& one : value) what.taking_part |= 1U << static_cast<unsigned>(ordinal_in(one.as<std::string>(), name));
    } else if (key == "branches") {
      what.most_branches = value.as<int>();
    } else if (key == "settings") {
      what.is_ordinary = value.as<std::string>() == "default";
    } else if (key == "latencies") {
      what.is_plain = value.as<std::string>() == "default";
    } else if (key == "faults") {
      for (const auto& line : value) {
        std::string why;
        const auto fault = sim::fault_from(line.as<std::string>(), why);
        if (!fault) fail(name + ": " + why);
        what.faults.push_back(*fault);
      }
    } else if (key == "planted") {
      what.planted = word_in(value, name);
    } else if (key == "oracle") {
      what.oracle = word_in(value, name);
    } else if (key == "sees") {
      what.sees = value.as<std::vector<std::string>>();
    } else if (key == "outcome") {
      for (const auto& one : value) what.outcomes[ordinal_in(one.first.as<std::string>(), name)] = word_in(one.second, name);
    } else {
      fail(name + ": what is " + key + "?");
    }
  }
  if (what.title.empty()) fail(name + ": a case has a title");
  if (what.planted.empty() != what.oracle.empty()) fail(name + ": a planted bug and the oracle that finds it stand together");
  return what;
}

Case read_case(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) fail(file.string() + " can't be read");
  return case_from(std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()), file.string());
}

}  // namespace escrow::explore
