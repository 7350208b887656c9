#include "coordinator/engine/driver/outcome.hpp"
#include "tests/fault-injection/fuzz/targets.hpp"
#include "tests/fault-injection/http/client_rig.hpp"

namespace escrow::fuzz {
namespace {

bool looks_like_a_page(std::string_view body) {
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && body[first] == '<';
}

}  // namespace

/// How it ends, to which method, and where it is cut in two; then what a participant answers. The call gets what the reference reads, the
/// next one its own answer, and an operation has succeeded only where the strict grammar says 2xx.
void http_answer(std::string_view input) {
  static http_faults::ClientRig rig;
  Input in(input);
  const auto then = static_cast<http_faults::Then>(in.below(3));
  const std::string method = in.below(8) == 0 ? "HEAD" : "POST";
  const std::size_t cut = in.below(4096);
  const std::string_view bytes = in.rest();
  const std::size_t at = bytes.empty() ? 0 : cut % bytes.size();
  std::vector<std::string_view> pieces;
  if (at > 0) pieces.push_back(bytes.substr(0, at));
  if (at < bytes.size()) pieces.push_back(bytes.substr(at));
  const std::string fault = rig.converse(pieces, then, method);
  check(fault.empty(), fault);

  const http_faults::ReadAnswer read = http_faults::read_answer(bytes, then == http_faults::Then::half_closes, method == "HEAD");
  const http_faults::ReadAnswer first = http_faults::read_answer(bytes.substr(0, at), false, method == "HEAD");
  const http_faults::ReadAnswer& best = first.end == http_faults::End::complete ? first : read;
  engine::node::CallWanted call;
  call.gid = *protocol::Gid::parse("g1");
  const auto wall = std::chrono::system_clock::from_time_t(1'767'607'200);
  const core::Outcome outcome = engine::driver::outcome_of(rig.first_answer(), call, wall);
  const bool is_success = best.end == http_faults::End::complete && best.status / 100 == 2 && best.status != 202;
  if (outcome.outcome == core::Outcome::Class::succeeded) {
    check(is_success, "an answer that is none of 2xx counts as success");
    check(!outcome.output || !looks_like_a_page(*outcome.output), "a page is kept as output");
  }
  if (outcome.outcome == core::Outcome::Class::refused) check(best.status == 409 || best.status == 422, "a refusal that nobody said");
}

}  // namespace escrow::fuzz
