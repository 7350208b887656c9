#include "tests/fault-injection/vfs/coverage.hpp"

#include <fmt/format.h>

namespace escrow::vfs {
namespace {

std::string effects_of(const FieldCount& count) {
  std::string text;
  for (std::size_t i = 0; i < effect_count; ++i) {
    if (count.effects[i] > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count.effects[i], name_of(static_cast<Effect>(i)));
  }
  return text;
}

}  // namespace

std::string text_of(const std::vector<IoFaultResult>& results, const IoFaultPlan& plan) {
  std::string text = plan.stride == 1
                         ? "Complete: each request of each scenario, in each way that applies to it, once, for all of its kind, and "
                           "(plain errors) for everything.\n"
                         : fmt::format("Every {}th request of each scenario, in each way that applies to it.\n", plan.stride);
  for (const auto& result : results) {
    text += fmt::format("\n{}: {} requests, {} runs, {} images after a failure of power behind the fault, {} violations\n", result.scenario,
                        result.requests, result.runs, result.power.images, result.violations);
    text += fmt::format("writes: {} acknowledged, {} unavailable, {} unknown (found applied {}, lost {}, back after the next start {})\n",
                        result.counts.acknowledged, result.counts.unavailable, result.counts.unknown, result.counts.found_applied,
                        result.counts.found_lost, result.counts.came_back);
    text += fmt::format("processes: {} started, {} starts refused, {} ended by the log, {} refused for commits that piled up\n",
                        result.counts.starts, result.counts.refused_to_open, result.counts.fatal, result.counts.piled_up);
    for (const auto& [field, count] : result.fields) {
      text += fmt::format("  {:<9} {:<9} {:<15} {:<11} {:>4}/{:<4} {}\n", name_of(field.step), name_of(field.file), name_of(field.harm),
                          name_of(field.lasting), count.struck, count.runs, effects_of(count));
    }
  }
  return text;
}

std::string json_of(const std::vector<IoFaultResult>& results, const IoFaultPlan& plan) {
  std::string text = fmt::format("{{\"stride\": {}, \"scenarios\": [", plan.stride);
  const char* between = "";
  for (const auto& result : results) {
    text += fmt::format(
        "{}\n{{\"name\": \"{}\", \"requests\": {}, \"runs\": {}, \"images\": {}, \"violations\": {}, \"unknown\": {}, \"found_applied\": "
        "{}, "
        "\"found_lost\": {}, \"came_back\": {}, \"fields\": [",
        between, result.scenario, result.requests, result.runs, result.power.images, result.violations, result.counts.unknown,
        result.counts.found_applied, result.counts.found_lost, result.counts.came_back);
    between = "";
    for (const auto& [field, count] : result.fields) {
      text += fmt::format("{}\n  {{\"step\": \"{}\", \"file\": \"{}\", \"harm\": \"{}\", \"lasting\": \"{}\", \"runs\": {}, \"struck\": {}",
                          between, name_of(field.step), name_of(field.file), name_of(field.harm), name_of(field.lasting), count.runs,
                          count.struck);
      for (std::size_t i = 0; i < effect_count; ++i) text += fmt::format(", \"{}\": {}", name_of(static_cast<Effect>(i)), count.effects[i]);
      text += "}";
      between = ",";
    }
    text += "]}";
    between = ",";
  }
  return text + "]}\n";
}

}  // namespace escrow::vfs
