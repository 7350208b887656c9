#include "coordinator/server/request_bodies.hpp"
#include "protocol/json_reader.hpp"
#include "protocol/start_request_json.hpp"
#include "protocol/start_request_writer.hpp"
#include "tests/fault-injection/fuzz/targets.hpp"

#include <nlohmann/json.hpp>

namespace escrow::fuzz {
namespace {

using protocol::BodyFault;
using protocol::ProblemCode;

const protocol::RequestRules rules{.branches = 20, .target_fault = {}};

void check_refusal(const BodyFault& fault) {
  if (fault.code == ProblemCode::malformed_json) return check(!fault.detail.empty(), "malformed without a word");
  check(fault.code == ProblemCode::invalid && !fault.faults.empty(), "refused without a fault");
  check(fault.faults.size() <= protocol::fault_limit, "more faults than an answer holds");
}

/// Whether another reader takes it; a number that no double holds is none of its business.
class Everybody final : public nlohmann::json_sax<nlohmann::json> {
 public:
  static bool reads(std::string_view text) {
    Everybody everybody;
    return nlohmann::json::sax_parse(text, &everybody) || everybody.is_too_large_;
  }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
    is_too_large_ = error.id == 406;
    return false;
  }

 private:
  bool is_too_large_ = false;
};

/// What our strict reader takes, everybody reads, and reads the same.
void check_json(std::string_view body) {
  const bool is_valid = protocol::is_valid_json(body);
  if (is_valid) check(Everybody::reads(body), "taken by us and by nobody else");
  const auto canonical = protocol::canonical_json(body);
  check(canonical.has_value() == is_valid, "valid and without a canonical form, or the reverse");
  if (canonical) check(protocol::canonical_json(*canonical) == canonical, "the canonical form has another one");
}

void start(std::string_view body) {
  const auto generated = *protocol::Gid::parse("generated");
  const auto request = protocol::parse_start_request(body, rules, generated);
  if (!request) return check_refusal(request.error());
  check(protocol::is_valid_json(body), "a request was read from what is no JSON");
  check(request->branches.size() <= rules.branches, "more branches than there may be");
  const std::string written = protocol::to_json(*request);
  const auto again = protocol::parse_start_request(written, rules, generated);
  check(again.has_value(), "what we write we do not read: " + written);
  check(protocol::differences(*request, *again).empty(), "what we write is another request: " + written);
}

void branches(std::string_view body, std::uint8_t shape) {
  static const auto interactive = [](const char* text) { return *protocol::parse_start_request(text, rules, *protocol::Gid::parse("g")); };
  static const std::vector<protocol::StartRequest> transactions{
      interactive(R"({"mode":"tcc","interactive":true})"), interactive(R"({"mode":"saga","interactive":true})"),
      interactive(R"({"mode":"message","interactive":true,"check":"http://a/","headers":{"X-A":"b"}})"),
      interactive(R"({"mode":"mixed","interactive":true})")};
  const auto& transaction = transactions[shape % transactions.size()];
  const auto registration = protocol::parse_branches(body, transaction, rules);
  if (!registration) return check_refusal(registration.error());
  for (const auto& branch : registration->branches) {
    const std::string written = protocol::to_json(*branch, transaction);
    const auto again = protocol::parse_branches(written, transaction, rules);
    check(again.has_value() && again->branches.size() == 1, "what we write we do not read: " + written);
    check(protocol::differences(*branch, *again->branches[0]).empty(), "what we write is another branch: " + written);
  }
}

template <class Body>
void check_answer(const server::Parsed<Body>& parsed) {
  if (parsed) return;
  const auto response = parsed.error().to_response();
  check(response.status == 400 || response.status == 422, "what can't be read is no 4xx");
  check(protocol::is_valid_json(response.body), "a problem that is no JSON");
}

}  // namespace

/// Which body it is and for what, or just JSON; then the body, and for some a query in front of it. One thing at a time: inputs that are
/// read once are half as long under way as those that are read in every way.
void api_json(std::string_view input) {
  Input in(input);
  const std::uint8_t which = in.byte();
  if (which % 16 < 3) return check_json(in.rest());
  if (which % 16 < 6) return start(in.rest());
  if (which % 16 < 9) return branches(in.rest(), which / 16);
  const std::string query(in.line());
  const server::QueryReader reader(query);
  const std::string_view body = in.rest();
  std::int64_t wait_ms = 0;
  switch (which % 16) {
    case 9: return check_answer(server::parse_decision(body, reader, wait_ms));
    case 10: return check_answer(server::parse_extend(body, reader));
    case 11: return check_answer(server::parse_branch_resolve(body, reader));
    case 12: return check_answer(server::parse_check_resolve(body, reader));
    case 13: return check_answer(server::parse_retry(body, reader));
    case 14: return check_answer(server::parse_list(reader));
    default: return check_answer(server::parse_retry_many(body, reader));
  }
}

}  // namespace escrow::fuzz
