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

std::string sum_of(const std::vector<IoFaultResult>& results, const Share& share) {
  std::int64_t requests = 0;
  std::int64_t runs = 0;
  std::int64_t images = 0;
  std::int64_t violations = 0;
  std::int64_t piled_up = 0;
  std::int64_t read_wrongly = 0;
  for (const auto& result : results) {
    requests += result.requests;
    runs += result.runs;
    images += result.power.images;
    violations += result.violations;
    piled_up += result.counts.piled_up;
    read_wrongly += result.counts.read_wrongly;
  }
  return fmt::format(
      "{}{} requests in {} scenarios, {} of {} passes: {} runs, {} images behind them, {} violations\n"
      "excused: {} sessions given up for commits that had piled up, {} reports of damage that was in a read\n",
      share.stride == 1 ? "" : fmt::format("every {}th of ", share.stride), requests, results.size(), share.passes_done, share.passes, runs,
      images, violations, piled_up, read_wrongly);
}

std::string text_of(const std::vector<IoFaultResult>& results, const Share& share) {
  std::string text = share.stride == 1 && share.passes_done == share.passes
                         ? "Complete: each request of each scenario, in each way that applies to it, once, for all of its kind, and "
                           "(plain errors) for everything.\n"
                         : fmt::format("Every {}th request of each scenario, {} of {} passes, in each way that applies to it.\n",
                                       share.stride, share.passes_done, share.passes);
  for (const auto& result : results) {
    text += fmt::format("\n{}: {} requests, {} runs, {} images after a failure of power behind the fault, {} violations\n", result.scenario,
                        result.requests, result.runs, result.power.images, result.violations);
    text += fmt::format("writes: {} acknowledged, {} unavailable, {} unknown (found applied {}, lost {}, back after the next start {})\n",
                        result.counts.acknowledged, result.counts.unavailable, result.counts.unknown, result.counts.found_applied,
                        result.counts.found_lost, result.counts.came_back);
    text += fmt::format("processes: {} started, {} starts refused, {} ended by the log, {} refused for commits that piled up\n",
                        result.counts.starts, result.counts.refused_to_open, result.counts.fatal, result.counts.piled_up);
    for (const auto& [field, count] : result.fields) {
      text += fmt::format("  {:<9} {:<9} {:<15} {:<11} {:>4}/{:<4} {}{}\n", name_of(field.step), name_of(field.file), name_of(field.harm),
                          name_of(field.lasting), count.struck, count.runs, effects_of(count),
                          count.excused == 0 ? "" : fmt::format(" ({} excused)", count.excused));
    }
  }
  return text;
}

std::string json_of(const std::vector<IoFaultResult>& results, const Share& share) {
  std::string text =
      fmt::format("{{\"stride\": {}, \"passes\": {}, \"passes_done\": {}, \"scenarios\": [", share.stride, share.passes, share.passes_done);
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
      text += fmt::format(
          "{}\n  {{\"step\": \"{}\", \"file\": \"{}\", \"harm\": \"{}\", \"lasting\": \"{}\", \"runs\": {}, \"struck\": {}, "
          "\"excused\": {}",
          between, name_of(field.step), name_of(field.file), name_of(field.harm), name_of(field.lasting), count.runs, count.struck,
          count.excused);
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
