#include "tests/fault-injection/fuzz/targets.hpp"
#include "tests/fault-injection/http/server_rig.hpp"

#include <algorithm>

namespace escrow::fuzz {

/// How it ends, in how many pieces it comes and where they begin; then what a client sends. Compared with the reference reader
/// (tests/fault-injection/http): what is handled, once and in order, what is refused, and when the connection is closed.
void http_server(std::string_view input) {
  static http_faults::ServerRig rig;
  Input in(input);
  const auto then = static_cast<http_faults::Then>(in.below(3));
  std::vector<std::size_t> cuts(in.below(4));
  for (std::size_t& cut : cuts) cut = in.below(4096);
  const std::string_view bytes = in.rest();
  for (std::size_t& cut : cuts) cut = bytes.empty() ? 0 : cut % bytes.size();
  cuts.push_back(bytes.size());
  std::sort(cuts.begin(), cuts.end());
  std::vector<std::string_view> pieces;
  for (std::size_t at = 0; const std::size_t cut : cuts) {
    if (cut > at) pieces.push_back(bytes.substr(at, cut - at));
    at = cut;
  }
  const std::string fault = rig.converse(pieces, then);
  check(fault.empty(), fault);
}

}  // namespace escrow::fuzz
