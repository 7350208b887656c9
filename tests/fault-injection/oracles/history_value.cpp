#include "tests/fault-injection/oracles/history_value.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include <nlohmann/json.hpp>

#include "coordinator/store/codec.hpp"

namespace escrow::oracles {
namespace {

using nlohmann::json;

/// The log writes branches and outputs once: as if this were the first write, everything is new.
core::Transaction as_if_new(core::Transaction value) {
  value.revision = 1;
  const auto renew = [](core::Operation* operation) {
    if (operation != nullptr && operation->output) operation->output_revision = 1;
  };
  if (value.check) renew(&*value.check);
  for (core::Branch& branch : value.branches) {
    branch.registered_revision = 1;
    for (const auto role : protocol::all_roles) renew(branch.operation(role));
  }
  return value;
}

template <class T>
std::optional<T> optional_from(const json& object, const char* name) {
  return object.contains(name) && !object.at(name).is_null() ? std::optional(object.at(name).get<T>()) : std::nullopt;
}
template <class T>
json json_of(const std::optional<T>& value) {
  return value ? json(*value) : json();
}

}  // namespace

json to_json(const core::Transaction& value) {
  const store::Write write = store::encode_write(as_if_new(value), std::nullopt, {});
  json branches = json::array();
  for (const auto& branch : write.branches) branches.push_back({{"request", branch.request}, {"payload", json_of(branch.payload)}});
  json outputs = json::array();
  for (const auto& output : write.outputs) {
    outputs.push_back(
        {{"branch", output.ref.branch}, {"role", std::string(protocol::to_string(output.ref.role))}, {"output", output.output}});
  }
  return {{"gid", write.gid.text()},
          {"revision", value.revision},
          {"run", value.run},
          {"status", std::string(protocol::to_string(write.status))},
          {"mode", std::string(protocol::to_string(write.mode))},
          {"name", json_of(write.name)},
          {"started_at_ms", write.started_at_ms},
          {"updated_at_ms", write.updated_at_ms},
          {"finished_at_ms", json_of(write.finished_at_ms)},
          {"request", write.request},
          {"state", write.state},
          {"branches", std::move(branches)},
          {"outputs", std::move(outputs)}};
}

std::shared_ptr<const core::Transaction> transaction_from(const json& object) {
  store::StoredTransaction stored;
  auto& row = stored.row;
  row.gid = object.at("gid").get<std::string>();
  row.revision = 1;
  row.status = object.at("status").get<std::string>();
  row.mode = object.at("mode").get<std::string>();
  row.name = optional_from<std::string>(object, "name");
  row.started_at_ms = object.at("started_at_ms").get<std::int64_t>();
  row.updated_at_ms = object.at("updated_at_ms").get<std::int64_t>();
  // A history may show what the log would refuse, an end without its time for one: that is for the oracles to tell.
  const auto finished_at_ms = optional_from<std::int64_t>(object, "finished_at_ms");
  const auto status = protocol::from_string<protocol::Status>(row.status);
  if (status && protocol::is_terminal(*status)) row.finished_at_ms = finished_at_ms.value_or(row.updated_at_ms);
  row.state = object.at("state").get<std::string>();
  row.checksum = store::checksum_of(row, row.state);
  const auto request = object.at("request").get<std::string>();
  stored.request = store::RequestRow{request, store::request_checksum(row.gid, request)};
  for (const auto& branch : object.at("branches")) {
    store::BranchRow kept{static_cast<std::int64_t>(stored.branches.size()), branch.at("request").get<std::string>(),
                          optional_from<std::string>(branch, "payload"), 0};
    kept.checksum = store::branch_checksum(row.gid, kept.branch, kept.request,
                                           kept.payload ? std::optional<std::string_view>(*kept.payload) : std::nullopt);
    stored.branches.push_back(std::move(kept));
  }
  for (const auto& output : object.at("outputs")) {
    store::OutputRow kept{output.at("branch").get<std::int64_t>(), output.at("role").get<std::string>(), 1,
                          output.at("output").get<std::string>(), 0};
    kept.checksum = store::output_checksum(row.gid, kept.branch, kept.role, kept.revision, kept.output);
    stored.outputs.push_back(std::move(kept));
  }
  std::ranges::sort(stored.outputs, {},
                    [](const store::OutputRow& output) { return std::tuple(output.branch, std::string_view(output.role)); });
  auto decoded = store::decode_transaction(stored);
  if (!decoded) return nullptr;
  decoded->revision = object.at("revision").get<std::int64_t>();
  decoded->run = object.at("run").get<std::int64_t>();
  decoded->finished_at = finished_at_ms ? std::optional(core::from_ms(*finished_at_ms)) : std::nullopt;
  return std::make_shared<const core::Transaction>(std::move(*decoded));
}

}  // namespace escrow::oracles
