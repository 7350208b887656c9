#include "protocol/start_request_writer.hpp"

#include "protocol/json_writer.hpp"

#include <array>
#include <charconv>
#include <concepts>

namespace escrow::protocol {
namespace {

/// Appends the members of one object, with the commas between them.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
  ~ObjectWriter() { out_ += '}'; }
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;

  void text(std::string_view name, std::string_view value) { raw(name, json_string(value)); }
  void text_unless_empty(std::string_view name, std::string_view value) {
    if (!value.empty()) text(name, value);
  }

  template <class Number>
    requires std::integral<Number> || std::floating_point<Number>
  void number(std::string_view name, Number value) {
    std::array<char, 40> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    raw(name, std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
  }
  template <class Number>
  void number_unless(std::string_view name, Number value, Number usual) {
    if (value != usual) number(name, value);
  }

  /// `json` goes in as it is.
  void raw(std::string_view name, std::string_view json) {
    this->name(name);
    out_ += json;
  }

  /// Writes the name; the value is the caller's next word.
  std::string& name(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    out_ += json_string(name);
    out_ += ':';
    return out_;
  }

 private:
  std::string& out_;
  bool first_ = true;
};

void write_retry(ObjectWriter& object, const RetryPolicy& retry, const RetryPolicy& inherited) {
  if (retry == inherited) return;
  ObjectWriter members(object.name("retry"));
  members.number_unless("initial_ms", retry.initial_ms, inherited.initial_ms);
  members.number_unless("max_ms", retry.max_ms, inherited.max_ms);
  members.number_unless("multiplier", retry.multiplier, inherited.multiplier);
  members.number_unless("jitter", retry.jitter, inherited.jitter);
  members.number_unless("max_attempts", retry.max_attempts, inherited.max_attempts);
}

void write_headers(ObjectWriter& object, const std::vector<HeaderField>& headers) {
  if (headers.empty()) return;
  ObjectWriter members(object.name("headers"));
  for (const auto& header : headers) members.text(header.name, header.value);
}

void write_branch(std::string& out, const BranchRequest& branch, const StartRequest& transaction) {
  ObjectWriter object(out);
  object.text("id", branch.id.text());
  if (transaction.mode == Mode::mixed) object.text("kind", to_string(branch.kind));
  for (const Role role : all_roles) {
    if (const auto operation = operation_name(branch.kind, role)) object.text_unless_empty(to_string(*operation), branch.url(role));
  }
  if (branch.payload) object.raw("payload", *branch.payload);
  if (branch.has_after) {
    std::string& list = object.name("after");
    list += '[';
    for (std::size_t i = 0; i < branch.after.size(); ++i) {
      if (i > 0) list += ',';
      list += json_string(branch.after[i].text());
    }
    list += ']';
  }
  if (branch.pivot) object.raw("pivot", "true");
  write_retry(object, branch.retry, transaction.retry);
  object.number_unless("request_timeout_ms", branch.request_timeout_ms, transaction.request_timeout_ms);
  write_headers(object, branch.headers);
}

/// Nothing where the order goes without saying, or where saying it is invalid.
std::string_view order_to_say(const StartRequest& request) {
  if (request.mode == Mode::message || request.order == Order::graph) return {};
  const Order usual = request.mode == Mode::tcc ? Order::parallel : Order::sequential;
  return request.order == usual ? std::string_view() : to_string(request.order);
}

}  // namespace

std::string to_json(const BranchRequest& branch, const StartRequest& transaction) {
  std::string out;
  write_branch(out, branch, transaction);
  return out;
}

std::string to_json(const StartRequest& request) {
  const StartRequest usual;
  std::string out;
  {
    ObjectWriter object(out);
    object.text_unless_empty("gid", request.gid.text());
    object.text("mode", to_string(request.mode));
    if (request.name) object.text("name", *request.name);
    if (!request.attributes.empty()) {
      ObjectWriter members(object.name("attributes"));
      for (const auto& [key, value] : request.attributes) members.text(key, value);
    }
    object.text_unless_empty("order", order_to_say(request));
    if (request.interactive) object.raw("interactive", "true");
    object.number_unless("timeout_ms", request.timeout_ms, usual.timeout_ms);
    write_retry(object, request.retry, usual.retry);
    object.number_unless("request_timeout_ms", request.request_timeout_ms, usual.request_timeout_ms);
    object.number_unless("attention_after", request.attention_after, usual.attention_after);
    write_headers(object, request.headers);
    if (request.check) {
      object.text("check", *request.check);
      object.number_unless("check_after_ms", request.check_after_ms, usual.check_after_ms);
    }
    if (!request.branches.empty() || !request.interactive) {
      std::string& list = object.name("branches");
      list += '[';
      for (std::size_t i = 0; i < request.branches.size(); ++i) {
        if (i > 0) list += ',';
        write_branch(list, request.branches[i], request);
      }
      list += ']';
    }
  }
  return out;
}

}  // namespace escrow::protocol
