#include "coordinator/server/request_bodies.hpp"

#include <utility>

#include "protocol/body_reader.hpp"
#include "protocol/json_reader.hpp"
#include "protocol/start_request_json.hpp"
#include "protocol/timestamp.hpp"
#include "protocol/url.hpp"

namespace escrow::server {
namespace {

using protocol::BodyReader;
using protocol::FaultList;
using protocol::JsonDocument;
using protocol::ProblemCode;

constexpr std::string_view statuses = "active, committing, aborting, committed, aborted";
constexpr std::string_view modes = "saga, tcc, message, mixed";
constexpr std::string_view attribute_prefix = "attribute.";

Problem malformed(const protocol::JsonFault& fault) {
  return Problem(ProblemCode::malformed_json, fault.detail + ", at byte " + std::to_string(fault.offset));
}

Problem invalid(FaultList body, std::vector<protocol::Fault> query) {
  const std::size_t count = body.count() + query.size();
  std::string detail = count == 1 ? "the request has a fault" : "the request has " + std::to_string(count) + " faults";
  Problem problem(ProblemCode::invalid, std::move(detail));
  auto faults = std::move(body).take();
  for (protocol::Fault& fault : query) faults.push_back(std::move(fault));
  problem.faults(std::move(faults));
  return problem;
}

/// Reads a body with `read(BodyReader&)` and joins its faults with those of the query. `Body` is what `read` fills.
template <class Body, class Read>
Parsed<Body> parse(std::string_view text, bool may_be_empty, QueryReader query, Read read) {
  Body out;
  FaultList faults;
  query.refuse_rest();
  if (!text.empty() || !may_be_empty) {
    const auto document = JsonDocument::read(text);
    if (!document) return malformed(document.error());
    BodyReader reader(document->root(), "", faults);
    read(reader, out);
    reader.refuse_rest();
  }
  auto in_query = std::move(query).take_faults();
  if (!faults.empty() || !in_query.empty()) return invalid(std::move(faults), std::move(in_query));
  return out;
}

void read_reason(BodyReader& reader, std::string& out) {
  reader.require("reason");
  if (auto reason = reader.read_text("reason", reason_limit)) {
    if (reason->empty()) reader.fault("reason", "must not be empty");
    out = std::move(*reason);
  }
}

/// Absent and null are none.
std::optional<std::string> read_optional_reason(BodyReader& reader) {
  const auto value = reader.take("reason");
  if (!value || value->is(protocol::JsonType::null)) return std::nullopt;
  return reader.read_text("reason", reason_limit);
}

/// One of two words; the first one means success.
bool read_outcome(BodyReader& reader, std::string_view good, std::string_view bad) {
  reader.require("outcome");
  const auto word = reader.read_string("outcome");
  if (word && *word != good && *word != bad) reader.fault("outcome", "must be one of " + std::string(good) + ", " + std::string(bad));
  return word != bad;
}

std::optional<std::int64_t> read_time(std::optional<std::string> text, std::optional<std::string>& fault) {
  if (!text) return std::nullopt;
  const auto ms = protocol::parse_timestamp(*text);
  if (!ms) fault = "must be an RFC 3339 time, such as 2026-01-05T10:00:00.000Z";
  return ms;
}

/// What makes a key of an attribute that can be asked for.
std::optional<std::string> attribute_fault(std::string_view key) {
  if (protocol::is_name(key, 64)) return std::nullopt;
  return "is no key that an attribute can have";
}

void read_statuses(BodyReader& reader, store::Filter& filter) {
  const auto value = reader.take("status");
  if (!value) return;
  const bool is_list = value->is(protocol::JsonType::array);
  const auto elements = is_list ? value->elements() : std::vector{*value};
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const auto status =
        elements[i].is(protocol::JsonType::string) ? protocol::from_string<protocol::Status>(elements[i].string()) : std::nullopt;
    if (status) {
      filter.status.push_back(*status);
    } else {
      std::string pointer = reader.pointer_to("status") + (is_list ? "/" + std::to_string(i) : "");
      reader.faults().add(std::move(pointer), "must be one of " + std::string(statuses));
    }
  }
  if (elements.empty()) reader.fault("status", "must not be empty");
}

void read_attribute_members(BodyReader& reader, protocol::JsonValue root, store::Filter& filter) {
  for (const protocol::JsonMember& member : root.members()) {
    if (!member.name.starts_with(attribute_prefix)) continue;
    std::string key = member.name.substr(attribute_prefix.size());
    const auto value = reader.read_string(member.name);
    if (const auto fault = attribute_fault(key)) {
      reader.fault(member.name, *fault);
    } else if (value) {
      filter.attributes.emplace(std::move(key), *value);
    }
  }
}

void read_time_member(BodyReader& reader, std::string_view name, std::optional<std::int64_t>& out) {
  std::optional<std::string> fault;
  out = read_time(reader.read_string(name), fault);
  if (fault) reader.fault(name, *fault);
}

}  // namespace

Parsed<DecisionBody> parse_decision(std::string_view body, QueryReader query, std::int64_t& wait_ms) {
  wait_ms = query.read_integer("wait_ms", wait_range).value_or(0);
  return parse<DecisionBody>(body, true, std::move(query),
                             [](BodyReader& reader, DecisionBody& out) { out.reason = read_optional_reason(reader); });
}

Parsed<ExtendBody> parse_extend(std::string_view body, QueryReader query) {
  return parse<ExtendBody>(body, false, std::move(query), [](BodyReader& reader, ExtendBody& out) {
    reader.require("timeout_ms");
    out.timeout_ms = reader.read_integer("timeout_ms", {1, protocol::duration_limit_ms}).value_or(0);
  });
}

Parsed<ResolveBody> parse_branch_resolve(std::string_view body, QueryReader query) {
  return parse<ResolveBody>(body, false, std::move(query), [](BodyReader& reader, ResolveBody& out) {
    constexpr std::string_view operations = "action, compensate, try, confirm, cancel";
    reader.require("operation");
    const auto operation = reader.read_word<protocol::OperationName>("operation", operations);
    if (operation == protocol::OperationName::check) reader.fault("operation", "must be one of " + std::string(operations));
    out.operation = operation.value_or(out.operation);
    out.succeeded = read_outcome(reader, "succeeded", "refused");
    read_reason(reader, out.reason);
  });
}

Parsed<ResolveBody> parse_check_resolve(std::string_view body, QueryReader query) {
  return parse<ResolveBody>(body, false, std::move(query), [](BodyReader& reader, ResolveBody& out) {
    // Only the check is resolved here; saying so is allowed, saying anything else is a mistake.
    if (const auto name = reader.read_string("operation"); name && *name != "check") reader.fault("operation", "must be check");
    out.succeeded = read_outcome(reader, "committed", "aborted");
    read_reason(reader, out.reason);
  });
}

Parsed<RetryBody> parse_retry(std::string_view body, QueryReader query) {
  return parse<RetryBody>(body, true, std::move(query),
                          [](BodyReader& reader, RetryBody& out) { out.reason = read_optional_reason(reader); });
}

Parsed<ListQuery> parse_list(QueryReader query) {
  ListQuery out;
  store::Filter& filter = out.filter;
  for (const std::string& text : query.read_all("status")) {
    if (const auto status = protocol::from_string<protocol::Status>(text)) {
      filter.status.push_back(*status);
    } else {
      query.fault("status", "must be one of " + std::string(statuses));
    }
  }
  if (const auto text = query.read("mode")) {
    filter.mode = protocol::from_string<protocol::Mode>(*text);
    if (!filter.mode) query.fault("mode", "must be one of " + std::string(modes));
  }
  filter.name = query.read("name");
  if (const auto text = query.read("attention")) {
    if (*text != "true" && *text != "false") query.fault("attention", "must be true or false");
    filter.attention = *text == "true";
  }
  for (auto& [key, value] : query.read_prefixed(attribute_prefix)) {
    const std::string parameter = std::string(attribute_prefix) + key;
    if (const auto fault = attribute_fault(key)) {
      query.fault(parameter, *fault);
    } else if (!filter.attributes.emplace(std::move(key), std::move(value)).second) {
      query.fault(parameter, "stands more than once");
    }
  }
  for (const auto& [name, ms] :
       {std::pair("started_after", &filter.started_after_ms), std::pair("started_before", &filter.started_before_ms)}) {
    std::optional<std::string> fault;
    *ms = read_time(query.read(name), fault);
    if (fault) query.fault(name, *fault);
  }
  if (const auto text = query.read("sort")) {
    if (*text != "newest" && *text != "oldest") query.fault("sort", "must be newest or oldest");
    filter.oldest_first = *text == "oldest";
  }
  out.limit = static_cast<std::size_t>(query.read_integer("limit", {1, 500}).value_or(50));
  out.cursor = query.read("cursor");
  if (auto problem = refuse_unknown(std::move(query))) return *std::move(problem);
  return out;
}

Parsed<RetryManyBody> parse_retry_many(std::string_view body, QueryReader query) {
  const auto document = JsonDocument::read(body);
  return parse<RetryManyBody>(body, false, std::move(query), [&](BodyReader& reader, RetryManyBody& out) {
    read_statuses(reader, out.filter);
    out.filter.mode = reader.read_word<protocol::Mode>("mode", modes);
    out.filter.name = reader.read_string("name");
    out.filter.attention = reader.read_bool("attention");
    read_attribute_members(reader, document->root(), out.filter);
    read_time_member(reader, "started_after", out.filter.started_after_ms);
    read_time_member(reader, "started_before", out.filter.started_before_ms);
    if (const auto destination = reader.read_string("destination")) {
      const auto url = protocol::Url::parse(*destination);
      if (!url || url->target() != "/") {
        reader.fault("destination", "must be scheme://host:port");
      } else {
        out.destination = url->destination();
      }
    }
    out.reason = read_optional_reason(reader);
    out.dry_run = reader.read_bool("dry_run").value_or(false);
  });
}

std::optional<Problem> refuse_unknown(QueryReader query) {
  query.refuse_rest();
  auto faults = std::move(query).take_faults();
  if (faults.empty()) return std::nullopt;
  return invalid(FaultList(), std::move(faults));
}

}  // namespace escrow::server
