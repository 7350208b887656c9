#include "tests/fault-injection/real/report.hpp"

#include <map>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tests/fault-injection/explore/explorer.hpp"
#include "tests/fault-injection/sim/identities.hpp"

namespace escrow::real {
namespace {

std::string_view word_of(Result::What what) {
  switch (what) {
    case Result::What::sound: return "sound";
    case Result::What::broken: return "broken";
    case Result::What::idle: return "idle";
    case Result::What::not_here: return "not here";
  }
  return "";
}

void count(Totals& totals, Result::What what) {
  ++totals.cases;
  switch (what) {
    case Result::What::sound: ++totals.sound; break;
    case Result::What::broken: ++totals.broken; break;
    case Result::What::idle: ++totals.idle; break;
    case Result::What::not_here: ++totals.not_here; break;
  }
}

/// The kind of the last fault, as the simulation's classes are named.
std::string kind_of(const Case& one) { return one.faults.empty() ? "none" : explore::kind_of(one.faults.back()); }

}  // namespace

Totals totals_of(const std::vector<Result>& results) {
  Totals totals;
  for (const Result& result : results) count(totals, result.what);
  return totals;
}

std::string bound_of(const std::vector<Result>& results, std::size_t of, double seconds) {
  const Totals totals = totals_of(results);
  const std::size_t played = totals.cases - totals.not_here;
  return fmt::format(
      "Real processes: {} of {} cases were taken; {} were played in {:.1f} s ({:.0f} a second): {} sound, {} broken, {} in which nothing "
      "met "
      "the fault; {} cannot be caused by proxy and participants.",
      totals.cases, of, played, seconds, static_cast<double>(played) / std::max(seconds, 0.001), totals.sound, totals.broken, totals.idle,
      totals.not_here);
}

std::string markdown_of(const std::vector<Case>& cases, const std::vector<Result>& results, std::size_t of, double seconds) {
  std::string text = "# The exploration on real processes\n\n" + bound_of(results, of, seconds) + "\n\n";
  std::map<std::string, Totals> kinds;
  std::map<std::string, Totals> scenarios;
  std::map<std::string, std::size_t> reasons;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    count(kinds[kind_of(cases[i])], results[i].what);
    count(scenarios[cases[i].scenario->name], results[i].what);
    if (results[i].what == Result::What::not_here) ++reasons[results[i].why];
  }
  for (const auto* table : {&scenarios, &kinds}) {
    text += fmt::format("| {} | cases | sound | broken | nothing met it | not here |\n|---|---:|---:|---:|---:|---:|\n",
                        table == &kinds ? "kind of fault" : "scenario");
    for (const auto& [name, totals] : *table) {
      text +=
          fmt::format("| {} | {} | {} | {} | {} | {} |\n", name, totals.cases, totals.sound, totals.broken, totals.idle, totals.not_here);
    }
    text += "\n";
  }
  text += "| why not here | cases |\n|---|---:|\n";
  for (const auto& [why, number] : reasons) text += fmt::format("| {} | {} |\n", why, number);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (results[i].what != Result::What::broken) continue;
    text += "\n- **" + cases[i].scenario->name + "**";
    for (const auto& fault : cases[i].faults) text += ", `" + sim::text_of(fault) + "`";
    text += ": " + results[i].why;
  }
  return text;
}

std::string lines_of(const std::vector<Case>& cases, const std::vector<Result>& results) {
  std::string text;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    nlohmann::ordered_json line{{"scenario", cases[i].scenario->name}, {"faults", nlohmann::ordered_json::array()}};
    for (const auto& fault : cases[i].faults) line["faults"].push_back(sim::text_of(fault));
    line["result"] = word_of(results[i].what);
    if (!results[i].why.empty()) line["why"] = results[i].why;
    text += line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  }
  return text;
}

}  // namespace escrow::real
