#include "tests/contract/stored_rows.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace escrow::testing {

store::StoredTransaction stored(const std::vector<store::Write>& writes, std::int64_t run) {
  store::StoredTransaction kept;
  for (const auto& write : writes) {
    const std::int64_t revision = write.expected_revision + 1;
    kept.row = {.gid = write.gid.text(),
                .revision = revision,
                .run = run,
                .status = std::string(to_string(write.status)),
                .mode = std::string(to_string(write.mode)),
                .name = write.name,
                .attention = write.attention ? 1 : 0,
                .started_at_ms = write.started_at_ms,
                .updated_at_ms = write.updated_at_ms,
                .finished_at_ms = write.finished_at_ms,
                .due_at_ms = write.due_at_ms,
                .state = write.state,
                .checksum = 0};
    if (!write.request.empty()) kept.request = store::RequestRow{write.request, 0};
    for (const auto& branch : write.branches) kept.branches.push_back({branch.index, branch.request, branch.payload, 0});
    for (const auto& [ref, output] : write.outputs)
      kept.outputs.push_back({ref.branch, std::string(to_string(ref.role)), revision, output, 0});
  }
  std::ranges::sort(kept.outputs, {}, [](const store::OutputRow& row) { return std::tuple(row.branch, row.role, row.revision); });
  seal(kept);
  return kept;
}

void seal(store::StoredTransaction& kept) {
  const std::string& gid = kept.row.gid;
  kept.row.checksum = store::checksum_of(kept.row, kept.row.state);
  if (kept.request) kept.request->checksum = store::request_checksum(gid, kept.request->request);
  for (auto& branch : kept.branches) {
    const auto payload = branch.payload ? std::optional<std::string_view>(*branch.payload) : std::nullopt;
    branch.checksum = store::branch_checksum(gid, branch.branch, branch.request, payload);
  }
  for (auto& output : kept.outputs) {
    output.checksum = store::output_checksum(gid, output.branch, output.role, output.revision, output.output);
  }
}

}  // namespace escrow::testing
