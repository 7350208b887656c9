#pragma once

#include <string>
#include <vector>

#include "tests/fault-injection/explore/explorer.hpp"

/// What was tried and what came of it, for people and programs.
namespace escrow::explore {

/// What "complete" means here, in words, with the numbers that make it so.
[[nodiscard]] std::string bound_of(const std::vector<Report>& reports, const Depth& depth);
[[nodiscard]] std::string markdown_of(const std::vector<Report>& reports, const Depth& depth);
[[nodiscard]] std::string json_of(const std::vector<Report>& reports, const Depth& depth);
[[nodiscard]] std::string html_of(const std::vector<Report>& reports, const Depth& depth);
/// One line of JSON for each class and kind of fault: a member of it as a scenario with its faults, and who has to cause them where real
/// processes run.
[[nodiscard]] std::string classes_of(const std::vector<Report>& reports);
/// The sample of what the classes leave out, in the same form.
[[nodiscard]] std::string skipped_of(const std::vector<Report>& reports);

}  // namespace escrow::explore
