#include "protocol/start_request_json.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "protocol/body_reader.hpp"
#include "protocol/branch_order.hpp"
#include "protocol/headers.hpp"
#include "protocol/json_reader.hpp"
#include "protocol/json_writer.hpp"

namespace escrow::protocol {
namespace {

constexpr std::size_t name_limit = 128;
constexpr std::size_t attribute_limit = 16;
constexpr std::size_t attribute_key_limit = 64;
constexpr std::size_t attribute_value_limit = 256;
constexpr std::size_t header_count_limit = 32;
constexpr std::size_t header_bytes_limit = 8'192;
constexpr Range duration_range{1, duration_limit_ms};
constexpr Range request_timeout_range{1, 600'000};

constexpr std::string_view name_rule = " characters of A-Z a-z 0-9 . _ : -, and neither . nor ..";

template <class Name>
std::string bad_name() {
  return "must be 1 to " + std::to_string(Name::limit) + std::string(name_rule);
}

/// What a branch takes from its transaction.
struct BranchContext {
  /// Nothing: the request does not say it in a way that can be read; then rules that depend on it are not applied.
  std::optional<Mode> mode;
  std::optional<bool> interactive;
  const RetryPolicy& retry;
  std::int64_t request_timeout_ms;
  const RequestRules& rules;
};

RetryPolicy read_retry(BodyReader& owner, const RetryPolicy& inherited) {
  RetryPolicy out = inherited;
  const auto value = owner.take("retry");
  if (!value) return out;
  BodyReader reader(*value, owner.pointer_to("retry"), owner.faults());
  const auto initial = reader.read_integer("initial_ms", duration_range);
  const auto most = reader.read_integer("max_ms", duration_range);
  if (initial) out.initial_ms = *initial;
  if (most) out.max_ms = *most;
  const bool readable = initial.has_value() == reader.has("initial_ms") && most.has_value() == reader.has("max_ms");
  if (readable && out.max_ms < out.initial_ms) {
    // The fault lies with the member that was given; with both, with the one that has the rule.
    reader.fault(most ? "max_ms" : "initial_ms", "max_ms must not be below initial_ms, and is " + std::to_string(out.max_ms) + " against " +
                                                     std::to_string(out.initial_ms));
  }
  if (const auto multiplier = reader.read_real("multiplier", 1, std::nullopt)) out.multiplier = *multiplier;
  if (const auto jitter = reader.read_real("jitter", 0, 1)) out.jitter = *jitter;
  if (const auto attempts = reader.read_integer("max_attempts", {0, count_limit})) out.max_attempts = *attempts;
  reader.refuse_rest();
  return out;
}

/// RFC 9110 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [marks](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || marks.find(c) != std::string_view::npos;
  });
}

bool is_header_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; });
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::vector<HeaderField> read_headers(BodyReader& owner) {
  std::vector<HeaderField> out;
  const auto value = owner.take("headers");
  if (!value) return out;
  if (!value->is(JsonType::object)) {
    owner.fault("headers", "must be an object of strings");
    return out;
  }
  const auto members = value->members();
  if (members.size() > header_count_limit) {
    owner.fault("headers", "must not have more than " + std::to_string(header_count_limit) + " members");
    return out;
  }
  std::size_t bytes = 0;
  std::vector<std::string> names;
  for (const JsonMember& member : members) {
    std::string pointer = owner.pointer_to("headers");
    append_pointer(pointer, member.name);
    // Values are secrets: no fault repeats one.
    std::string content;
    if (!is_token(member.name)) {
      owner.faults().add(pointer, "is not the name of a header");
    } else if (is_reserved_header(member.name)) {
      owner.faults().add(pointer, "is set by the coordinator itself");
    } else if (std::ranges::find(names, lower_case(member.name)) != names.end()) {
      owner.faults().add(pointer, "stands there already; the case of letters does not count in names of headers");
    } else if (!member.value.is(JsonType::string)) {
      owner.faults().add(pointer, "must be a string");
    } else if (content = member.value.string(); !is_header_value(content)) {
      owner.faults().add(pointer, "must not contain control characters");
    } else {
      bytes += member.name.size() + content.size();
      names.push_back(lower_case(member.name));
      out.push_back({member.name, std::move(content)});
    }
  }
  if (bytes > header_bytes_limit) owner.fault("headers", "must not be larger than " + std::to_string(header_bytes_limit) + " bytes");
  return out;
}

std::map<std::string, std::string> read_attributes(BodyReader& owner) {
  std::map<std::string, std::string> out;
  const auto value = owner.take("attributes");
  if (!value) return out;
  if (!value->is(JsonType::object)) {
    owner.fault("attributes", "must be an object of strings");
    return out;
  }
  const auto members = value->members();
  if (members.size() > attribute_limit) {
    owner.fault("attributes", "must not have more than " + std::to_string(attribute_limit) + " members");
    return out;
  }
  for (const JsonMember& member : members) {
    std::string pointer = owner.pointer_to("attributes");
    append_pointer(pointer, member.name);
    if (!is_name(member.name, attribute_key_limit)) {
      owner.faults().add(pointer, "a key must be 1 to " + std::to_string(attribute_key_limit) + std::string(name_rule));
    } else if (!member.value.is(JsonType::string)) {
      owner.faults().add(pointer, "must be a string");
    } else if (std::string content = member.value.string(); auto wrong = text_fault(content, attribute_value_limit)) {
      owner.faults().add(pointer, std::move(*wrong));
    } else {
      out.emplace(member.name, std::move(content));
    }
  }
  return out;
}

std::string read_url(BodyReader& reader, std::string_view name, const RequestRules& rules) {
  const auto text = reader.read_string(name);
  if (!text) return {};
  const auto url = Url::parse(*text);
  if (!url) {
    reader.fault(name, url.error());
    return {};
  }
  if (rules.target_fault) {
    if (auto wrong = rules.target_fault(*url)) {
      reader.fault(name, std::move(*wrong));
      return {};
    }
  }
  return *text;
}

std::string& url_member(BranchRequest& branch, Role role) {
  return role == Role::forward ? branch.forward_url : role == Role::confirm ? branch.confirm_url : branch.undo_url;
}

void read_operations(BodyReader& reader, BranchRequest& branch, std::optional<Kind> kind, const BranchContext& context) {
  for (const OperationName name :
       {OperationName::action, OperationName::compensate, OperationName::try_, OperationName::confirm, OperationName::cancel}) {
    const std::string_view word = to_string(name);
    if (!kind) {
      // Without a kind nobody can say which operations belong here; what is there must still be a URL.
      static_cast<void>(read_url(reader, word, context.rules));
      continue;
    }
    const auto role = role_of(*kind, name);
    if (!role) {
      reader.refuse(word, std::string("a ").append(to_string(*kind)).append(" branch has no such operation"));
      continue;
    }
    if (*role == Role::forward && context.interactive == true) {
      reader.refuse(word, "the initiator of an interactive transaction makes the forward calls itself");
      continue;
    }
    const bool required =
        (*role == Role::forward && context.interactive == false) || *role == Role::confirm || (*role == Role::undo && *kind == Kind::tcc);
    if (required) reader.require(word);
    url_member(branch, *role) = read_url(reader, word, context.rules);
  }
}

void read_after(BodyReader& reader, BranchRequest& branch) {
  const auto value = reader.take("after");
  if (!value) return;
  branch.has_after = true;
  if (!value->is(JsonType::array)) {
    reader.fault("after", "must be an array of branch ids");
    return;
  }
  std::unordered_map<std::string, std::size_t> seen;
  std::size_t index = 0;
  for (const JsonValue element : value->elements()) {
    const std::string pointer = reader.pointer_to("after") + "/" + std::to_string(index++);
    const auto id = element.is(JsonType::string) ? BranchId::parse(element.string()) : std::nullopt;
    if (!id) {
      reader.faults().add(pointer, "must be a branch id");
    } else if (!seen.emplace(id->text(), index).second) {
      reader.faults().add(pointer, "stands there already");
    } else {
      branch.after.push_back(*id);
    }
  }
}

void read_pivot(BodyReader& reader, BranchRequest& branch, std::optional<Kind> kind, const BranchContext& context) {
  branch.pivot = reader.read_bool("pivot").value_or(false);
  if (!branch.pivot) return;
  if (context.interactive == true) {
    reader.fault("pivot", "an interactive transaction has no pivot");
  } else if (kind && *kind != Kind::saga) {
    reader.fault("pivot", "only a saga branch may be the pivot");
  }
}

/// Reads one branch as far as it can be read.
BranchRequest read_branch(JsonValue value, std::string pointer, const BranchContext& context, FaultList& faults) {
  BodyReader reader(value, std::move(pointer), faults);
  BranchRequest branch;
  reader.require("id");
  if (const auto id = reader.read_string("id")) {
    if (const auto name = BranchId::parse(*id)) {
      branch.id = *name;
    } else {
      reader.fault("id", bad_name<BranchId>());
    }
  }
  std::optional<Kind> kind;
  if (context.mode == Mode::mixed) {
    reader.require("kind");
    kind = reader.read_word<Kind>("kind", "saga, tcc, message");
  } else if (context.mode) {
    reader.refuse("kind", "only a branch of a mixed transaction has a kind of its own");
    kind = from_string<Kind>(to_string(*context.mode));
  } else {
    kind = reader.read_word<Kind>("kind", "saga, tcc, message");
  }
  branch.kind = kind.value_or(Kind::saga);
  read_operations(reader, branch, kind, context);
  if (const auto payload = reader.take("payload")) branch.payload = std::string(payload->text());
  read_after(reader, branch);
  read_pivot(reader, branch, kind, context);
  branch.retry = read_retry(reader, context.retry);
  branch.request_timeout_ms = reader.read_integer("request_timeout_ms", request_timeout_range).value_or(context.request_timeout_ms);
  branch.headers = read_headers(reader);
  reader.refuse_rest();
  return branch;
}

std::vector<const BranchRequest*> pointers_to(const std::vector<BranchRequest>& branches) {
  std::vector<const BranchRequest*> out;
  out.reserve(branches.size());
  for (const BranchRequest& branch : branches) out.push_back(&branch);
  return out;
}

std::string too_many(std::size_t limit) { return "a transaction must not have more than " + std::to_string(limit) + " branches"; }

void read_check(BodyReader& reader, StartRequest& request, std::optional<bool> interactive, std::optional<Mode> mode,
                const RequestRules& rules) {
  if (const auto value = reader.take("check"); value && value->is(JsonType::null)) {
    // The default, spelled out.
    if (interactive == true && mode == Mode::message) reader.fault("check", "is required in an interactive message transaction");
    reader.refuse("check_after_ms", "has no meaning without check");
    return;
  }
  if (interactive == false || (mode && mode != Mode::message)) {
    reader.refuse("check", "only an interactive message transaction has a check");
    reader.refuse("check_after_ms", "only an interactive message transaction has a check");
    return;
  }
  if (interactive && mode) reader.require("check");
  if (std::string url = read_url(reader, "check", rules); !url.empty()) request.check = std::move(url);
  request.check_after_ms = reader.read_integer("check_after_ms", duration_range).value_or(request.check_after_ms);
}

void read_order(BodyReader& reader, StartRequest& request, std::optional<Mode> mode) {
  const bool is_graph = std::ranges::any_of(request.branches, &BranchRequest::has_after);
  request.order = mode == Mode::tcc || mode == Mode::message ? Order::parallel : Order::sequential;
  if (mode == Mode::message) {
    reader.refuse("order", "message branches have no place in an order");
    return;
  }
  const auto text = reader.read_string("order");
  if (text) {
    const auto order = from_string<Order>(*text);
    if (order == Order::sequential || order == Order::parallel) {
      request.order = *order;
    } else {
      reader.fault("order", "must be one of sequential, parallel");
    }
    if (is_graph) reader.fault("order", "cannot stand beside after, which orders the branches itself");
  }
  if (is_graph) request.order = Order::graph;
}

void read_branches(BodyReader& reader, StartRequest& request, const BranchContext& context) {
  if (context.interactive == false) reader.require("branches");
  const auto value = reader.take("branches");
  if (!value) return;
  FaultList& faults = reader.faults();
  const std::string pointer = reader.pointer_to("branches");
  if (!value->is(JsonType::array)) {
    faults.add(pointer, "must be an array of branches");
    return;
  }
  const auto elements = value->elements();
  if (elements.empty() && context.interactive == false) faults.add(pointer, "must have at least one branch");
  if (elements.size() > context.rules.branches) {
    faults.add(pointer, too_many(context.rules.branches));
    return;
  }
  request.branches.reserve(elements.size());
  for (std::size_t i = 0; i < elements.size(); ++i) {
    request.branches.push_back(read_branch(elements[i], pointer + "/" + std::to_string(i), context, faults));
  }
}

void check_branches(const StartRequest& request, FaultList& faults) {
  const auto branches = pointers_to(request.branches);
  faults.add(repeated_ids(branches, "/branches"));
  auto wrong = after_faults(branches, 0, "/branches");
  const bool ordered = wrong.empty();
  faults.add(std::move(wrong));
  if (ordered) faults.add(pivot_faults(branches, request.order, "/branches"));
}

BodyFault malformed(const JsonFault& fault) {
  return {ProblemCode::malformed_json, fault.detail + ", at byte " + std::to_string(fault.offset), {}};
}

BodyFault invalid(FaultList faults) {
  BodyFault out{ProblemCode::invalid, faults.summary(), {}};
  out.faults = std::move(faults).take();
  return out;
}

}  // namespace

Result<StartRequest, BodyFault> parse_start_request(std::string_view body, const RequestRules& rules, const Gid& generated) {
  const auto document = JsonDocument::read(body);
  if (!document) return malformed(document.error());

  FaultList faults;
  BodyReader reader(document->root(), "", faults);
  if (!document->root().is(JsonType::object)) return invalid(std::move(faults));
  StartRequest request;
  request.gid = generated;
  if (const auto text = reader.read_string("gid")) {
    if (const auto gid = Gid::parse(*text)) {
      request.gid = *gid;
    } else {
      reader.fault("gid", bad_name<Gid>());
    }
  }
  reader.require("mode");
  const auto mode = reader.read_word<Mode>("mode", "saga, tcc, message, mixed");
  request.mode = mode.value_or(Mode::saga);
  const bool says_interactive = reader.has("interactive");
  const auto given = reader.read_bool("interactive");
  const std::optional<bool> interactive = says_interactive ? given : std::optional<bool>(false);
  request.interactive = interactive.value_or(false);

  if (const auto value = reader.take("name"); value && !value->is(JsonType::null)) request.name = reader.read_text("name", name_limit);
  request.attributes = read_attributes(reader);
  request.timeout_ms = reader.read_integer("timeout_ms", duration_range).value_or(request.timeout_ms);
  request.retry = read_retry(reader, request.retry);
  request.request_timeout_ms = reader.read_integer("request_timeout_ms", request_timeout_range).value_or(request.request_timeout_ms);
  request.attention_after = reader.read_integer("attention_after", {1, count_limit}).value_or(request.attention_after);
  request.headers = read_headers(reader);
  read_check(reader, request, interactive, mode, rules);
  read_branches(reader, request, {mode, interactive, request.retry, request.request_timeout_ms, rules});
  read_order(reader, request, mode);
  check_branches(request, faults);
  reader.refuse_rest();

  if (!faults.empty()) return invalid(std::move(faults));
  return request;
}

Result<Registration, BodyFault> parse_branches(std::string_view body, const StartRequest& transaction, const RequestRules& rules) {
  const auto document = JsonDocument::read(body);
  if (!document) return malformed(document.error());

  FaultList faults;
  Registration out;
  const JsonValue root = document->root();
  const BranchContext context{transaction.mode, true, transaction.retry, transaction.request_timeout_ms, rules};
  std::vector<BranchRequest> branches;
  if (root.is(JsonType::array)) {
    const auto elements = root.elements();
    if (elements.empty()) faults.add("", "must have at least one branch");
    if (elements.size() > rules.branches) {
      faults.add("", too_many(rules.branches));
      return invalid(std::move(faults));
    }
    branches.reserve(elements.size());
    for (std::size_t i = 0; i < elements.size(); ++i)
      branches.push_back(read_branch(elements[i], "/" + std::to_string(i), context, faults));
    faults.add(repeated_ids(pointers_to(branches), ""));
  } else {
    out.is_array = false;
    branches.push_back(read_branch(root, "", context, faults));
  }
  if (!faults.empty()) return invalid(std::move(faults));
  out.branches.reserve(branches.size());
  for (BranchRequest& branch : branches) out.branches.push_back(std::make_shared<const BranchRequest>(std::move(branch)));
  return out;
}

}  // namespace escrow::protocol
